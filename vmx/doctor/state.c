/* SPDX-License-Identifier: MIT */
/*
 * The guest's state that is in no register, and its PDPTEs: SDM vol. 3C,
 * 26.3.1.5 and 26.3.1.6.
 */
#include "vmx/doctor/rules.h"

/* IA32_VMX_MISC, SDM vol. 3D, A.6: bit 0 is HLT. */
#define MISC_ACTIVITY_STATES(misc) ((misc) >> 6 & 7)
#define DEBUGCTL_BTF BIT(1)
#define PENDING_BS BIT(14)
#define BLOCKING_STI_OR_MOV_SS (BLOCKING_BY_STI | BLOCKING_BY_MOV_SS)
#define PDPTE_RESERVED (BITS(8, 5) | BITS(2, 1))

const u64 doctor_pdptes[8] __attribute__((aligned(32))) = {
	[4] = PTE_P | PTE_W,
};

enum activity_state { ACTIVE, HLT, SHUTDOWN, WAIT_FOR_SIPI };

static bool activity_exists(const struct doctor *d, u64 value, unsigned int n)
{
	u64 states = MISC_ACTIVITY_STATES(d->capabilities->misc);

	return value == ACTIVE ||
	       (value <= WAIT_FOR_SIPI && (states & BIT(value - HLT)));
}

/* Returns true if the activity state @value lets the event through. */
static bool event_passes(const struct doctor *d, u64 value, unsigned int n)
{
	u32 info = d->read(d, VMCS_EVENT);
	enum vmx_intr_type type = vmx_intr_type(info);
	u8 vector = info & VMX_INTR_VECTOR;
	bool exception = type == INTR_HARDWARE_EXCEPTION;
	bool nmi_or_mc = type == INTR_NMI || (exception && vector == VECTOR_MC);

	switch (value) {
	case HLT:
		return nmi_or_mc || (exception && vector == VECTOR_DB) ||
		       type == INTR_EXTERNAL || type == INTR_OTHER_EVENT;
	case SHUTDOWN:
		return nmi_or_mc;
	default:
		return value != WAIT_FOR_SIPI;
	}
}

/* Returns true if BS is right: 1 if a single step waits, else 0. */
static bool bs_fits(const struct doctor *d, u64 value, unsigned int n)
{
	bool late = d->read(d, VMCS_GUEST_ACTIVITY_STATE) == HLT ||
		    (d->read(d, VMCS_GUEST_INTERRUPTIBILITY_STATE) &
		     BLOCKING_STI_OR_MOV_SS);
	bool steps = (d->read(d, VMCS_GUEST_RFLAGS) & RFLAGS_TF) &&
		     !(d->read(d, VMCS_GUEST_IA32_DEBUGCTL) & DEBUGCTL_BTF);

	return !late || !!(value & PENDING_BS) == steps;
}

/* Bit 31 of the revision is 0: the VMCS is no shadow VMCS. */
static bool has_revision(const struct doctor *d, u64 value, unsigned int n)
{
	return !doctor_is_page(d, value) ||
	       (u32)d->read_memory(d, value) ==
		       (d->capabilities->basic & BASIC_REVISION);
}

static bool is_another_page(const struct doctor *d, u64 value, unsigned int n)
{
	return value != d->vmcs;
}

static bool pdptes_good(const struct doctor *d, u64 value, unsigned int n)
{
	u64 table = value & BITS(31, 5);

	for (int i = 0; i < 4; i++) {
		u64 pdpte = d->read_memory(d, table + 8 * i);

		if ((pdpte & PTE_P) &&
		    ((pdpte & PDPTE_RESERVED) || !doctor_in_width(d, pdpte)))
			return false;
	}
	return true;
}

#define INTERRUPTIBILITY(words, ...)                                           \
	RULE("26.3.1.5", GUEST_INTERRUPTIBILITY_STATE, words, __VA_ARGS__)
#define PENDING(words, ...)                                                    \
	RULE("26.3.1.5", GUEST_PENDING_DEBUG_EXCEPTIONS, words, __VA_ARGS__)
#define LINKED DIFFERS(VMCS_LINK_POINTER, ALL_BITS, ALL_BITS)

const struct doctor_rule doctor_state_rules[] = {
	RULE("26.3.1.5", GUEST_ACTIVITY_STATE,
	     "0, or 1 to 3 if IA32_VMX_MISC[8:6] has it",
	     HOLDS(activity_exists, ALL_BITS, WAIT_FOR_SIPI + 1)),
	RULE("26.3.1.5", GUEST_ACTIVITY_STATE, "HLT only where SS.DPL is 0",
	     IS_NOT(ALL_BITS, HLT),
	     WHEN(DIFFERS(GUEST_SS_ACCESS_RIGHTS, DPL, 0)),
	     ALSO(HAS(GUEST_CS_SELECTOR, RPL), HAS(GUEST_SS_SELECTOR, RPL),
		  HAS(GUEST_CS_ACCESS_RIGHTS, DPL),
		  HAS(GUEST_SS_ACCESS_RIGHTS, DPL))),
	RULE("26.3.1.5", GUEST_ACTIVITY_STATE,
	     "active while STI or MOV SS blocks", EQUALS(ALL_BITS, ACTIVE),
	     WHEN(DIFFERS(GUEST_INTERRUPTIBILITY_STATE, BLOCKING_STI_OR_MOV_SS,
			  0))),
	RULE("26.3.1.5", GUEST_ACTIVITY_STATE,
	     "one that lets the injected event through",
	     HOLDS(event_passes, ALL_BITS, HLT),
	     WHEN(HAS(EVENT, VMX_INTR_VALID)),
	     ALSO(IS(EVENT, VMX_INTR(INTR_HARDWARE_EXCEPTION, VECTOR_UD)))),

	INTERRUPTIBILITY("bits 31:5 are 0", ZERO(BITS(31, 5))),
	INTERRUPTIBILITY("not both STI and MOV SS block",
			 IS_NOT(BLOCKING_STI_OR_MOV_SS, BLOCKING_STI_OR_MOV_SS),
			 ALSO(HAS(GUEST_RFLAGS, RFLAGS_IF))),
	INTERRUPTIBILITY("STI does not block where RFLAGS.IF is 0",
			 ZERO(BLOCKING_BY_STI),
			 WHEN(LACKS(GUEST_RFLAGS, RFLAGS_IF))),
	INTERRUPTIBILITY("neither STI nor MOV SS blocks where an external "
			 "interrupt is injected",
			 ZERO(BLOCKING_STI_OR_MOV_SS),
			 WHEN(INJECTS(INTR_EXTERNAL)),
			 ALSO(HAS(GUEST_RFLAGS, RFLAGS_IF))),
	INTERRUPTIBILITY("MOV SS does not block where an NMI is injected",
			 ZERO(BLOCKING_BY_MOV_SS), WHEN(INJECTS_NMI)),
	INTERRUPTIBILITY("SMIs are not blocked outside SMM",
			 ZERO(BLOCKING_BY_SMI)),
	INTERRUPTIBILITY("with \"virtual NMIs\", NMIs are not blocked where "
			 "one is injected",
			 ZERO(BLOCKING_BY_NMI),
			 WHEN(HAS(PIN, PIN_VIRTUAL_NMIS), INJECTS_NMI)),

	PENDING("bits 63:17, 15, 13 and 11:4 are 0",
		ZERO(BITS(63, 17) | BIT(15) | BIT(13) | BITS(11, 4))),
	PENDING("in HLT and while STI or MOV SS blocks, BS (bit 14) is 1 if TF "
		"is 1 and BTF is 0, and else 0",
		HOLDS(bs_fits, 0, 0),
		ALSO(HAS(GUEST_RFLAGS, RFLAGS_TF),
		     HAS(GUEST_INTERRUPTIBILITY_STATE, BLOCKING_BY_MOV_SS))),

	RULE("26.3.1.5", VMCS_LINK_POINTER,
	     "all ones, or bits 11:0 0 and within MAXPHYADDR",
	     .check = CHECK_PAGE, WHEN(LINKED)),
	RULE("26.3.1.5", VMCS_LINK_POINTER,
	     "it points at the processor's VMCS revision",
	     HOLDS(has_revision, ALL_BITS, 0), WHEN(LINKED)),
	RULE("26.3.1.5", VMCS_LINK_POINTER, "not the current VMCS",
	     HOLDS(is_another_page, 0, 0),
	     ALSO(FIELD(VMCS_LINK_POINTER, 0, 0, BITS_POINT_AT_VMCS))),

	RULE("26.3.1.6", GUEST_CR3,
	     "in the four PDPTEs there, if P is 1, bits 2:1 and 8:5 and those "
	     "beyond MAXPHYADDR are 0",
	     HOLDS(pdptes_good, 0, 0),
	     WHEN(NOT_IA32E, HAS(GUEST_CR0, CR0_PG), HAS(GUEST_CR4, CR4_PAE)),
	     ALSO(POINTS_AT(GUEST_CR3, &doctor_pdptes[4])),
	     .guest = DOCTOR_GUEST_PAE),
	{ 0 },
};
