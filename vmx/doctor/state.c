/* SPDX-License-Identifier: MIT */
/*
 * What of the guest's state is in no register, and its PDPTEs: SDM vol. 3C,
 * 26.3.1.5 and 26.3.1.6.
 */
#include "vmx/doctor/rules.h"

#define DEBUGCTL_BTF BIT(1)
#define PENDING_BS BIT(14)

enum activity_state { ACTIVE, HLT, SHUTDOWN, WAIT_FOR_SIPI };

/* --- Conditions ------------------------------------------------------------- */

static bool injects_nmi(const struct doctor *d, unsigned int n)
{
	return injects(d, INTR_NMI);
}

static bool injects_virtual_nmi(const struct doctor *d, unsigned int n)
{
	return injects(d, INTR_NMI) && has(d, VMCS_PIN, PIN_VIRTUAL_NMIS);
}

static bool injects_anything(const struct doctor *d, unsigned int n)
{
	return has(d, VMCS_EVENT, VMX_INTR_VALID);
}

static bool blocked(const struct doctor *d, unsigned int n)
{
	return d->read(d, VMCS_GUEST_INTERRUPTIBILITY_STATE) &
	       (BLOCKING_BY_STI | BLOCKING_BY_MOV_SS);
}

static bool no_if(const struct doctor *d, unsigned int n)
{
	return !has(d, VMCS_GUEST_RFLAGS, RFLAGS_IF);
}

static bool steps_later(const struct doctor *d, unsigned int n)
{
	return blocked(d, 0) || d->read(d, VMCS_GUEST_ACTIVITY_STATE) == HLT;
}

static bool linked(const struct doctor *d, unsigned int n)
{
	return d->read(d, VMCS_VMCS_LINK_POINTER) != ~0ULL;
}

static bool linked_to_page(const struct doctor *d, unsigned int n)
{
	u64 link = d->read(d, VMCS_VMCS_LINK_POINTER);

	return linked(d, 0) && doctor_is_page(d, link, 0);
}

static bool loads_pdptes(const struct doctor *d, unsigned int n)
{
	return !guest_64(d) && has(d, VMCS_GUEST_CR0, CR0_PG) &&
	       has(d, VMCS_GUEST_CR4, CR4_PAE) && !has_cpu2(d, CPU2_EPT);
}

/* --- Predicates ------------------------------------------------------------- */

static bool activity_exists(const struct doctor *d, u64 value, unsigned int n)
{
	u64 states = MISC_ACTIVITY_STATES(d->capabilities->misc);

	return value == ACTIVE ||
	       (value <= WAIT_FOR_SIPI && (states & BIT(value - HLT)));
}

static bool hlt_in_ring_0(const struct doctor *d, u64 value, unsigned int n)
{
	return value != HLT || !AR_DPL(d->read(d, VMCS_GUEST_SS_ACCESS_RIGHTS));
}

static bool is_active(const struct doctor *d, u64 value, unsigned int n)
{
	return value == ACTIVE;
}

/* Which events get through in which state. */
static bool event_passes(const struct doctor *d, u64 value, unsigned int n)
{
	u32 info = d->read(d, VMCS_EVENT);
	u8 vector = info & VMX_INTR_VECTOR;
	bool nmi = injects(d, INTR_NMI);
	bool mc = injects(d, INTR_HARDWARE_EXCEPTION) && vector == VECTOR_MC;
	bool db = injects(d, INTR_HARDWARE_EXCEPTION) && vector == VECTOR_DB;

	switch (value) {
	case HLT:
		return nmi || mc || db || injects(d, INTR_EXTERNAL) ||
		       injects(d, INTR_OTHER_EVENT);
	case SHUTDOWN:
		return nmi || mc;
	case WAIT_FOR_SIPI:
		return false;
	default:
		return true;
	}
}

static bool blocking_reserved_clear(const struct doctor *d, u64 value,
				    unsigned int n)
{
	return !(value & BITS(31, 5));
}

static bool not_both(const struct doctor *d, u64 value, unsigned int n)
{
	return (value & (BLOCKING_BY_STI | BLOCKING_BY_MOV_SS)) !=
	       (BLOCKING_BY_STI | BLOCKING_BY_MOV_SS);
}

static bool no_sti(const struct doctor *d, u64 value, unsigned int n)
{
	return !(value & BLOCKING_BY_STI);
}

static bool no_mov_ss(const struct doctor *d, u64 value, unsigned int n)
{
	return !(value & BLOCKING_BY_MOV_SS);
}

static bool no_sti_no_mov_ss(const struct doctor *d, u64 value, unsigned int n)
{
	return !(value & (BLOCKING_BY_STI | BLOCKING_BY_MOV_SS));
}

static bool no_smi(const struct doctor *d, u64 value, unsigned int n)
{
	return !(value & BLOCKING_BY_SMI);
}

static bool no_nmi(const struct doctor *d, u64 value, unsigned int n)
{
	return !(value & BLOCKING_BY_NMI);
}

/* Bit 16 is RTM, for processors that have it. */
static bool pending_reserved_clear(const struct doctor *d, u64 value,
				   unsigned int n)
{
	return !(value & (BITS(11, 4) | BIT(13) | BIT(15) | BITS(63, 17)));
}

static bool bs_fits(const struct doctor *d, u64 value, unsigned int n)
{
	bool steps = has(d, VMCS_GUEST_RFLAGS, RFLAGS_TF) &&
		     !has(d, VMCS_GUEST_IA32_DEBUGCTL, DEBUGCTL_BTF);

	return !!(value & PENDING_BS) == steps;
}

static bool has_revision(const struct doctor *d, u64 value, unsigned int n)
{
	u32 revision = d->read_memory(d, value);
	u32 expected = d->capabilities->basic & BASIC_REVISION;

	if (has_cpu2(d, CPU2_SHADOW_VMCS))
		expected |= BIT(31);
	return revision == expected;
}

static bool not_itself(const struct doctor *d, u64 value, unsigned int n)
{
	return value != d->vmcs;
}

static bool pdptes_good(const struct doctor *d, u64 value, unsigned int n)
{
	u64 table = value & BITS(31, 5);

	for (int i = 0; i < 4; i++) {
		u64 pdpte = d->read_memory(d, table + 8 * i);

		if ((pdpte & PTE_P) && ((pdpte & (BITS(8, 5) | BITS(2, 1))) ||
					!in_width(d, pdpte)))
			return false;
	}
	return true;
}

/* --- The rules -------------------------------------------------------------- */

/* A present PDPTE that may be written. */
static const u64 bad_pdptes[4] __attribute__((aligned(32))) = { PTE_P | PTE_W };

#define ZERO_PAGE ((uintptr_t)doctor_zero_page)

const struct doctor_rule doctor_state_rules[] = {
	{ "26.3.1.5", VMCS_GUEST_ACTIVITY_STATE,
	  .expected = "0, or 1 to 3 if IA32_VMX_MISC[8:6] has it",
	  .holds = activity_exists,
	  BROKEN_BY(CHANGE(SET, GUEST_ACTIVITY_STATE, 4)) },
	{ "26.3.1.5", VMCS_GUEST_ACTIVITY_STATE,
	  .expected = "HLT only where SS.DPL is 0", .holds = hlt_in_ring_0,
	  BROKEN_BY(CHANGE(SET, GUEST_ACTIVITY_STATE, HLT),
		    CHANGE(OR, GUEST_CS_SELECTOR, 3),
		    CHANGE(OR, GUEST_SS_SELECTOR, 3),
		    CHANGE(OR, GUEST_CS_ACCESS_RIGHTS, 3 << 5),
		    CHANGE(OR, GUEST_SS_ACCESS_RIGHTS, 3 << 5)) },
	{ "26.3.1.5", VMCS_GUEST_ACTIVITY_STATE,
	  .expected = "active while STI or MOV SS blocks", .when = blocked,
	  .holds = is_active,
	  BROKEN_BY(CHANGE(SET, GUEST_ACTIVITY_STATE, HLT),
		    CHANGE(SET, GUEST_INTERRUPTIBILITY_STATE,
			   BLOCKING_BY_MOV_SS)) },
	{ "26.3.1.5", VMCS_GUEST_ACTIVITY_STATE,
	  .expected = "one that lets the injected event through",
	  .when = injects_anything, .holds = event_passes,
	  BROKEN_BY(CHANGE(SET, GUEST_ACTIVITY_STATE, HLT),
		    CHANGE(SET, EVENT,
			   VMX_INTR(INTR_HARDWARE_EXCEPTION, VECTOR_UD))) },
	{ "26.3.1.5", VMCS_GUEST_INTERRUPTIBILITY_STATE,
	  .expected = "bits 31:5 are 0", .holds = blocking_reserved_clear,
	  BROKEN_BY(CHANGE(OR, GUEST_INTERRUPTIBILITY_STATE, BIT(5))) },
	{ "26.3.1.5", VMCS_GUEST_INTERRUPTIBILITY_STATE,
	  .expected = "not both STI and MOV SS block", .holds = not_both,
	  BROKEN_BY(CHANGE(OR, GUEST_RFLAGS, RFLAGS_IF),
		    CHANGE(SET, GUEST_INTERRUPTIBILITY_STATE,
			   BLOCKING_BY_STI | BLOCKING_BY_MOV_SS)) },
	{ "26.3.1.5", VMCS_GUEST_INTERRUPTIBILITY_STATE,
	  .expected = "STI does not block where RFLAGS.IF is 0", .when = no_if,
	  .holds = no_sti,
	  BROKEN_BY(
		  CHANGE(SET, GUEST_INTERRUPTIBILITY_STATE, BLOCKING_BY_STI)) },
	{ "26.3.1.5", VMCS_GUEST_INTERRUPTIBILITY_STATE,
	  .expected = "neither STI nor MOV SS blocks where an external "
		      "interrupt is injected",
	  .when = doctor_injects_interrupt, .holds = no_sti_no_mov_ss,
	  BROKEN_BY(CHANGE(SET, EVENT, VMX_INTR(INTR_EXTERNAL, 32)),
		    CHANGE(OR, GUEST_RFLAGS, RFLAGS_IF),
		    CHANGE(SET, GUEST_INTERRUPTIBILITY_STATE,
			   BLOCKING_BY_MOV_SS)) },
	{ "26.3.1.5", VMCS_GUEST_INTERRUPTIBILITY_STATE,
	  .expected = "MOV SS does not block where an NMI is injected",
	  .when = injects_nmi, .holds = no_mov_ss,
	  BROKEN_BY(CHANGE(SET, EVENT, VMX_INTR(INTR_NMI, VECTOR_NMI)),
		    CHANGE(SET, GUEST_INTERRUPTIBILITY_STATE,
			   BLOCKING_BY_MOV_SS)) },
	{ "26.3.1.5", VMCS_GUEST_INTERRUPTIBILITY_STATE,
	  .expected = "SMIs are not blocked outside SMM", .holds = no_smi,
	  BROKEN_BY(
		  CHANGE(SET, GUEST_INTERRUPTIBILITY_STATE, BLOCKING_BY_SMI)) },
	{ "26.3.1.5", VMCS_GUEST_INTERRUPTIBILITY_STATE,
	  .expected = "with \"virtual NMIs\", NMIs are not blocked where one "
		      "is injected",
	  .when = injects_virtual_nmi, .holds = no_nmi,
	  BROKEN_BY(
		  CHANGE(OR, PIN, PIN_VIRTUAL_NMIS),
		  CHANGE(SET, EVENT, VMX_INTR(INTR_NMI, VECTOR_NMI)),
		  CHANGE(SET, GUEST_INTERRUPTIBILITY_STATE, BLOCKING_BY_NMI)) },
	{ "26.3.1.5", VMCS_GUEST_PENDING_DEBUG_EXCEPTIONS,
	  .expected = "bits 63:17, 15, 13 and 11:4 are 0",
	  .holds = pending_reserved_clear,
	  BROKEN_BY(CHANGE(OR, GUEST_PENDING_DEBUG_EXCEPTIONS, BIT(4))) },
	{ "26.3.1.5", VMCS_GUEST_PENDING_DEBUG_EXCEPTIONS,
	  .expected = "in HLT and while STI or MOV SS blocks, BS (bit 14) is 1 "
		      "if TF is 1 and BTF is 0, and else 0",
	  .when = steps_later, .holds = bs_fits,
	  BROKEN_BY(CHANGE(OR, GUEST_RFLAGS, RFLAGS_TF),
		    CHANGE(SET, GUEST_INTERRUPTIBILITY_STATE,
			   BLOCKING_BY_MOV_SS)) },
	{ "26.3.1.5", VMCS_VMCS_LINK_POINTER,
	  .expected = "all ones, or bits 11:0 0 and within MAXPHYADDR",
	  .when = linked, .holds = doctor_is_page,
	  BROKEN_BY(CHANGE(SET, VMCS_LINK_POINTER, 0x800)) },
	{ "26.3.1.5", VMCS_VMCS_LINK_POINTER,
	  .expected = "it points at the processor's VMCS revision, with bit 31 "
		      "as \"VMCS shadowing\"",
	  .when = linked_to_page, .holds = has_revision,
	  BROKEN_BY(CHANGE(POINT_AT, VMCS_LINK_POINTER, ZERO_PAGE)) },
	{ "26.3.1.5", VMCS_VMCS_LINK_POINTER,
	  .expected = "not the current VMCS", .when = linked_to_page,
	  .holds = not_itself,
	  BROKEN_BY(CHANGE(POINT_AT_VMCS, VMCS_LINK_POINTER, 0)) },

	{ "26.3.1.6", VMCS_GUEST_CR3,
	  .expected = "in the four PDPTEs there, if P is 1, bits 2:1 and 8:5 "
		      "and those beyond MAXPHYADDR are 0",
	  .when = loads_pdptes, .holds = pdptes_good, .guest = DOCTOR_GUEST_PAE,
	  BROKEN_BY(CHANGE(POINT_AT, GUEST_CR3, (uintptr_t)bad_pdptes)) },
	{ 0 },
};
