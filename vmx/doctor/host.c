/* SPDX-License-Identifier: MIT */
/*
 * The host state: SDM vol. 3C, 26.2.2 to 26.2.4, for a 64-bit host.
 */
#include "vmx/doctor/rules.h"

#define EXPECT_CANONICAL "canonical"
#define NOT_CANONICAL BIT(47)

static bool loads_pat(const struct doctor *d, unsigned int n)
{
	return has(d, VMCS_VM_EXIT_CONTROLS, EXIT_LOAD_IA32_PAT);
}

static bool loads_efer(const struct doctor *d, unsigned int n)
{
	return has(d, VMCS_VM_EXIT_CONTROLS, EXIT_LOAD_IA32_EFER);
}

static bool cr0_fixed(const struct doctor *d, u64 value, unsigned int n)
{
	return !(d->capabilities->cr0_fixed0 & ~value) &&
	       !(value & ~d->capabilities->cr0_fixed1);
}

static bool cr4_fixed(const struct doctor *d, u64 value, unsigned int n)
{
	return !(d->capabilities->cr4_fixed0 & ~value) &&
	       !(value & ~d->capabilities->cr4_fixed1);
}

static bool efer_mode(const struct doctor *d, u64 value, unsigned int n)
{
	bool host_64 = has(d, VMCS_VM_EXIT_CONTROLS, EXIT_HOST_64);

	return (value & (EFER_LME | EFER_LMA)) ==
	       (host_64 ? EFER_LME | EFER_LMA : 0);
}

static bool no_rpl_no_ti(const struct doctor *d, u64 value, unsigned int n)
{
	return !(value & BITS(2, 0));
}

static bool not_null(const struct doctor *d, u64 value, unsigned int n)
{
	return value;
}

static bool host_is_64(const struct doctor *d, u64 value, unsigned int n)
{
	return value & EXIT_HOST_64;
}

static bool has_pae(const struct doctor *d, u64 value, unsigned int n)
{
	return value & CR4_PAE;
}

/* The selectors' order: ES, CS, SS, DS, FS, GS, TR. */
#define HOST_CS BIT(1)
#define HOST_TR BIT(6)

const struct doctor_rule doctor_host_rules[] = {
	{ "26.2.2", VMCS_HOST_CR0,
	  .expected = "as IA32_VMX_CR0_FIXED0 and _FIXED1 have it",
	  .holds = cr0_fixed, BROKEN_BY(CHANGE(CLEAR, HOST_CR0, CR0_NE)) },
	{ "26.2.2", VMCS_HOST_CR4,
	  .expected = "as IA32_VMX_CR4_FIXED0 and _FIXED1 have it",
	  .holds = cr4_fixed, BROKEN_BY(CHANGE(CLEAR, HOST_CR4, CR4_VMXE)) },
	{ "26.2.2", VMCS_HOST_CR3, .expected = "within MAXPHYADDR",
	  .holds = doctor_in_width, BROKEN_BY(CHANGE(BEYOND, HOST_CR3, 0)) },
	{ "26.2.2", VMCS_HOST_IA32_SYSENTER_ESP, .registers = 3,
	  .expected = EXPECT_CANONICAL, .holds = doctor_is_canonical,
	  BROKEN_BY(CHANGE_EACH(SET, HOST_IA32_SYSENTER_ESP, NOT_CANONICAL)) },
	{ "26.2.2", VMCS_HOST_IA32_PAT,
	  .expected = "eight memory types out of 0, 1, 4, 5, 6 and 7",
	  .when = loads_pat, .holds = doctor_is_pat,
	  BROKEN_BY(CHANGE(OR, VM_EXIT_CONTROLS, EXIT_LOAD_IA32_PAT),
		    CHANGE(SET, HOST_IA32_PAT, 2)) },
	{ "26.2.2", VMCS_HOST_IA32_EFER, .expected = "reserved bits are 0",
	  .when = loads_efer, .holds = doctor_efer_bits,
	  BROKEN_BY(CHANGE(OR, HOST_IA32_EFER, BIT(1))) },
	{ "26.2.2", VMCS_HOST_IA32_EFER,
	  .expected = "LMA and LME as \"host address-space size\" is",
	  .when = loads_efer, .holds = efer_mode,
	  BROKEN_BY(CHANGE(CLEAR, HOST_IA32_EFER, EFER_LMA)) },

	{ "26.2.3", VMCS_HOST_ES_SELECTOR, .registers = BITS(6, 0),
	  .expected = "RPL and TI (bits 2:0) are 0", .holds = no_rpl_no_ti,
	  BROKEN_BY(CHANGE_EACH(OR, HOST_ES_SELECTOR, BIT(2))) },
	{ "26.2.3", VMCS_HOST_ES_SELECTOR, .registers = HOST_CS | HOST_TR,
	  .expected = "not 0", .holds = not_null,
	  BROKEN_BY(CHANGE_EACH(SET, HOST_ES_SELECTOR, 0)) },
	/* FS, GS, TR, GDTR, IDTR */
	{ "26.2.3", VMCS_HOST_FS_BASE, .registers = BITS(4, 0),
	  .expected = EXPECT_CANONICAL, .holds = doctor_is_canonical,
	  BROKEN_BY(CHANGE_EACH(SET, HOST_FS_BASE, NOT_CANONICAL)) },

	{ "26.2.4", VMCS_VM_EXIT_CONTROLS,
	  .expected = "\"host address-space size\" is 1 for a 64-bit host",
	  .holds = host_is_64,
	  BROKEN_BY(CHANGE(CLEAR, VM_EXIT_CONTROLS, EXIT_HOST_64),
		    CHANGE(CLEAR, HOST_IA32_EFER, EFER_LME | EFER_LMA)) },
	{ "26.2.4", VMCS_HOST_CR4, .expected = "PAE is 1", .holds = has_pae,
	  BROKEN_BY(CHANGE(CLEAR, HOST_CR4, CR4_PAE)) },
	{ "26.2.4", VMCS_HOST_RIP, .expected = EXPECT_CANONICAL,
	  .holds = doctor_is_canonical,
	  BROKEN_BY(CHANGE(SET, HOST_RIP, NOT_CANONICAL)) },
	{ 0 },
};
