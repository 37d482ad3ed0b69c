/* SPDX-License-Identifier: MIT */
/*
 * The guest's registers but for the segments: SDM vol. 3C, 26.3.1.1, 26.3.1.3
 * and 26.3.1.4.
 */
#include "vmx/doctor/rules.h"

#define NOT_CANONICAL BIT(47)

/* --- Conditions ------------------------------------------------------------- */

static bool loads_debug(const struct doctor *d, unsigned int n)
{
	return has(d, VMCS_VM_ENTRY_CONTROLS, ENTRY_LOAD_DEBUG);
}

static bool loads_pat(const struct doctor *d, unsigned int n)
{
	return has(d, VMCS_VM_ENTRY_CONTROLS, ENTRY_LOAD_IA32_PAT);
}

static bool loads_efer(const struct doctor *d, unsigned int n)
{
	return has(d, VMCS_VM_ENTRY_CONTROLS, ENTRY_LOAD_IA32_EFER);
}

static bool is_64(const struct doctor *d, unsigned int n)
{
	return guest_64(d);
}

static bool is_not_64(const struct doctor *d, unsigned int n)
{
	return !guest_64(d);
}

static bool paged(const struct doctor *d, unsigned int n)
{
	return has(d, VMCS_GUEST_CR0, CR0_PG);
}

static bool loads_paged_efer(const struct doctor *d, unsigned int n)
{
	return loads_efer(d, 0) && paged(d, 0);
}

static bool runs_64(const struct doctor *d, unsigned int n)
{
	return guest_64(d) && has(d, VMCS_GUEST_CS_ACCESS_RIGHTS, AR_L);
}

static bool runs_32(const struct doctor *d, unsigned int n)
{
	return !runs_64(d, 0);
}

static bool no_v86(const struct doctor *d, unsigned int n)
{
	return guest_64(d) || !has(d, VMCS_GUEST_CR0, CR0_PE);
}

/* --- Predicates ------------------------------------------------------------- */

static bool cr0_fixed(const struct doctor *d, u64 value, unsigned int n)
{
	u64 must = d->capabilities->cr0_fixed0;

	if (unrestricted(d))
		must &= ~(CR0_PE | CR0_PG);
	return !(must & ~value) && !(value & ~d->capabilities->cr0_fixed1);
}

static bool cr4_fixed(const struct doctor *d, u64 value, unsigned int n)
{
	return !(d->capabilities->cr4_fixed0 & ~value) &&
	       !(value & ~d->capabilities->cr4_fixed1);
}

static bool pg_has_pe(const struct doctor *d, u64 value, unsigned int n)
{
	return !(value & CR0_PG) || (value & CR0_PE);
}

static bool has_pg(const struct doctor *d, u64 value, unsigned int n)
{
	return value & CR0_PG;
}

static bool has_pae(const struct doctor *d, u64 value, unsigned int n)
{
	return value & CR4_PAE;
}

static bool no_pcid(const struct doctor *d, u64 value, unsigned int n)
{
	return !(value & CR4_PCIDE);
}

/* Bits 15 to 6 belong to models; 5:2 and 63:16 are reserved on all (vol. 4). */
static bool is_debugctl(const struct doctor *d, u64 value, unsigned int n)
{
	return !(value & (BITS(5, 2) | BITS(63, 16)));
}

static bool upper_half_zero(const struct doctor *d, u64 value, unsigned int n)
{
	return !(value >> 32);
}

static bool lma_fits(const struct doctor *d, u64 value, unsigned int n)
{
	return !!(value & EFER_LMA) == guest_64(d);
}

static bool lme_is_lma(const struct doctor *d, u64 value, unsigned int n)
{
	return !(value & EFER_LME) == !(value & EFER_LMA);
}

static bool is_limit(const struct doctor *d, u64 value, unsigned int n)
{
	return !(value & BITS(31, 16));
}

/* Canonical but for bit 47: an instruction may have run off the end. */
static bool is_linear(const struct doctor *d, u64 value, unsigned int n)
{
	return value >> 48 == 0 || value >> 48 == 0xffff;
}

static bool rflags_reserved_clear(const struct doctor *d, u64 value,
				  unsigned int n)
{
	return !(value & (BITS(63, 22) | BIT(15) | BIT(5) | BIT(3)));
}

static bool rflags_fixed_set(const struct doctor *d, u64 value, unsigned int n)
{
	return value & RFLAGS_FIXED;
}

static bool not_vm(const struct doctor *d, u64 value, unsigned int n)
{
	return !(value & RFLAGS_VM);
}

static bool has_if(const struct doctor *d, u64 value, unsigned int n)
{
	return value & RFLAGS_IF;
}

/* --- The rules -------------------------------------------------------------- */

const struct doctor_rule doctor_guest_rules[] = {
	{ "26.3.1.1", VMCS_GUEST_CR0,
	  .expected = "as IA32_VMX_CR0_FIXED0 and _FIXED1 have it (with "
		      "\"unrestricted guest\" PE and PG are free)",
	  .holds = cr0_fixed, BROKEN_BY(CHANGE(CLEAR, GUEST_CR0, CR0_NE)) },
	{ "26.3.1.1", VMCS_GUEST_CR0, .expected = "with PG, PE is 1",
	  .holds = pg_has_pe,
	  BROKEN_BY(CHANGE(OR, CPU2, CPU2_EPT | CPU2_UNRESTRICTED),
		    CHANGE(SET, EPT_POINTER, 0x1e),
		    CHANGE(CLEAR, GUEST_CR0, CR0_PE)) },
	{ "26.3.1.1", VMCS_GUEST_CR4,
	  .expected = "as IA32_VMX_CR4_FIXED0 and _FIXED1 have it",
	  .holds = cr4_fixed, BROKEN_BY(CHANGE(CLEAR, GUEST_CR4, CR4_VMXE)) },
	{ "26.3.1.1", VMCS_GUEST_IA32_DEBUGCTL,
	  .expected = "reserved bits are 0", .when = loads_debug,
	  .holds = is_debugctl,
	  BROKEN_BY(CHANGE(OR, GUEST_IA32_DEBUGCTL, BIT(20))) },
	{ "26.3.1.1", VMCS_GUEST_CR0, .expected = "in IA-32e mode, PG is 1",
	  .when = is_64, .holds = has_pg,
	  BROKEN_BY(CHANGE(OR, CPU2, CPU2_EPT | CPU2_UNRESTRICTED),
		    CHANGE(SET, EPT_POINTER, 0x1e),
		    CHANGE(CLEAR, GUEST_CR0, CR0_PG)) },
	{ "26.3.1.1", VMCS_GUEST_CR4, .expected = "in IA-32e mode, PAE is 1",
	  .when = is_64, .holds = has_pae,
	  BROKEN_BY(CHANGE(CLEAR, GUEST_CR4, CR4_PAE)) },
	{ "26.3.1.1", VMCS_GUEST_CR4,
	  .expected = "outside IA-32e mode, PCIDE is 0", .when = is_not_64,
	  .holds = no_pcid, .guest = DOCTOR_GUEST_PAE,
	  BROKEN_BY(CHANGE(OR, GUEST_CR4, CR4_PCIDE)) },
	{ "26.3.1.1", VMCS_GUEST_CR3, .expected = "within MAXPHYADDR",
	  .holds = doctor_in_width, BROKEN_BY(CHANGE(BEYOND, GUEST_CR3, 0)) },
	{ "26.3.1.1", VMCS_GUEST_DR7, .expected = "bits 63:32 are 0",
	  .when = loads_debug, .holds = upper_half_zero,
	  BROKEN_BY(CHANGE(OR, GUEST_DR7, BIT(32))) },
	{ "26.3.1.1", VMCS_GUEST_IA32_SYSENTER_ESP, .registers = 3,
	  .expected = "canonical", .holds = doctor_is_canonical,
	  BROKEN_BY(CHANGE_EACH(SET, GUEST_IA32_SYSENTER_ESP, NOT_CANONICAL)) },
	{ "26.3.1.1", VMCS_GUEST_IA32_PAT,
	  .expected = "eight memory types out of 0, 1, 4, 5, 6 and 7",
	  .when = loads_pat, .holds = doctor_is_pat,
	  BROKEN_BY(CHANGE(OR, VM_ENTRY_CONTROLS, ENTRY_LOAD_IA32_PAT),
		    CHANGE(SET, GUEST_IA32_PAT, 2)) },
	{ "26.3.1.1", VMCS_GUEST_IA32_EFER, .expected = "reserved bits are 0",
	  .when = loads_efer, .holds = doctor_efer_bits,
	  BROKEN_BY(CHANGE(OR, GUEST_IA32_EFER, BIT(1))) },
	{ "26.3.1.1", VMCS_GUEST_IA32_EFER,
	  .expected = "LMA as \"IA-32e mode guest\" is", .when = loads_efer,
	  .holds = lma_fits,
	  BROKEN_BY(CHANGE(CLEAR, GUEST_IA32_EFER, EFER_LME | EFER_LMA)) },
	{ "26.3.1.1", VMCS_GUEST_IA32_EFER,
	  .expected = "LME as LMA while CR0.PG is 1", .when = loads_paged_efer,
	  .holds = lme_is_lma,
	  BROKEN_BY(CHANGE(CLEAR, GUEST_IA32_EFER, EFER_LME)) },

	/* GDTR and IDTR */
	{ "26.3.1.3", VMCS_GUEST_GDTR_BASE, .registers = 3,
	  .expected = "canonical", .holds = doctor_is_canonical,
	  BROKEN_BY(CHANGE_EACH(SET, GUEST_GDTR_BASE, NOT_CANONICAL)) },
	{ "26.3.1.3", VMCS_GUEST_GDTR_LIMIT, .registers = 3,
	  .expected = "bits 31:16 are 0", .holds = is_limit,
	  BROKEN_BY(CHANGE_EACH(SET, GUEST_GDTR_LIMIT, BIT(16))) },

	{ "26.3.1.4", VMCS_GUEST_RIP,
	  .expected = "outside 64-bit mode, bits 63:32 are 0", .when = runs_32,
	  .holds = upper_half_zero, .guest = DOCTOR_GUEST_PAE,
	  BROKEN_BY(CHANGE(OR, GUEST_RIP, BIT(32))) },
	{ "26.3.1.4", VMCS_GUEST_RIP,
	  .expected = "in 64-bit mode, bits 63:48 are all alike",
	  .when = runs_64, .holds = is_linear,
	  BROKEN_BY(CHANGE(OR, GUEST_RIP, BIT(62))) },
	{ "26.3.1.4", VMCS_GUEST_RFLAGS,
	  .expected = "bits 63:22, 15, 5 and 3 are 0",
	  .holds = rflags_reserved_clear,
	  BROKEN_BY(CHANGE(OR, GUEST_RFLAGS, BIT(3))) },
	{ "26.3.1.4", VMCS_GUEST_RFLAGS, .expected = "bit 1 is 1",
	  .holds = rflags_fixed_set,
	  BROKEN_BY(CHANGE(CLEAR, GUEST_RFLAGS, RFLAGS_FIXED)) },
	{ "26.3.1.4", VMCS_GUEST_RFLAGS,
	  .expected = "VM is 0 in IA-32e mode and where CR0.PE is 0",
	  .when = no_v86, .holds = not_vm,
	  BROKEN_BY(CHANGE(OR, GUEST_RFLAGS, RFLAGS_VM)) },
	{ "26.3.1.4", VMCS_GUEST_RFLAGS,
	  .expected = "IF is 1 where an external interrupt is injected",
	  .when = doctor_injects_interrupt, .holds = has_if,
	  BROKEN_BY(CHANGE(SET, EVENT, VMX_INTR(INTR_EXTERNAL, 32))) },
	{ 0 },
};
