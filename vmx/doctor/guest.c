/* SPDX-License-Identifier: MIT */
/*
 * The guest's registers without the segments: SDM vol. 3C, 26.3.1.1, 26.3.1.3
 * and 26.3.1.4.
 */
#include "vmx/doctor/rules.h"

#define ENTRY_LOAD_DEBUG BIT(2)

#define LOADS_DEBUG HAS(VM_ENTRY_CONTROLS, ENTRY_LOAD_DEBUG)
#define LOADS_EFER HAS(VM_ENTRY_CONTROLS, ENTRY_LOAD_IA32_EFER)

static bool lme_is_lma(const struct doctor *d, u64 value, unsigned int n)
{
	return !(value & EFER_LME) == !(value & EFER_LMA);
}

/* Returns true if RIP may have the value; it may run beyond canonical addresses
   by the last bit of their width. */
static bool is_linear(const struct doctor *d, u64 value, unsigned int n)
{
	u64 upper = BITS(63, d->linear_bits);

	return (value & upper) == 0 || (value & upper) == upper;
}

const struct doctor_rule doctor_guest_rules[] = {
	RULE("26.3.1.1", GUEST_CR0,
	     "as IA32_VMX_CR0_FIXED0 and _FIXED1 have it",
	     .check = CHECK_FIXED),
	RULE("26.3.1.1", GUEST_CR4,
	     "as IA32_VMX_CR4_FIXED0 and _FIXED1 have it",
	     .check = CHECK_FIXED),
	/* Bits 15 to 6 and 2 are model-specific (vol. 4). */
	RULE("26.3.1.1", GUEST_IA32_DEBUGCTL, "bits 63:16 and 5:3 are 0",
	     ZERO(BITS(63, 16) | BITS(5, 3)), WHEN(LOADS_DEBUG)),
	RULE("26.3.1.1", GUEST_CR4, "in IA-32e mode, PAE is 1", ONES(CR4_PAE),
	     WHEN(IS_IA32E)),
	RULE("26.3.1.1", GUEST_CR4, "outside IA-32e mode, PCIDE is 0",
	     ZERO(CR4_PCIDE), WHEN(NOT_IA32E), .guest = DOCTOR_GUEST_PAE),
	RULE("26.3.1.1", GUEST_CR3, "within MAXPHYADDR", .check = CHECK_WIDTH),
	RULE("26.3.1.1", GUEST_DR7, "bits 63:32 are 0", ZERO(BITS(63, 32)),
	     WHEN(LOADS_DEBUG)),
	/* ESP and EIP */
	RULE("26.3.1.1", GUEST_IA32_SYSENTER_ESP, "canonical",
	     .check = CHECK_CANONICAL, .registers = BITS(1, 0)),
	RULE("26.3.1.1", GUEST_IA32_EFER, "reserved bits are 0",
	     .check = CHECK_FIXED, WHEN(LOADS_EFER)),
	RULE("26.3.1.1", GUEST_IA32_EFER, "in IA-32e mode, LMA is 1",
	     ONES(EFER_LMA), WHEN(LOADS_EFER, IS_IA32E),
	     ALSO(LACKS(GUEST_IA32_EFER, EFER_LME))),
	RULE("26.3.1.1", GUEST_IA32_EFER, "outside IA-32e mode, LMA is 0",
	     ZERO(EFER_LMA), WHEN(LOADS_EFER, NOT_IA32E),
	     .guest = DOCTOR_GUEST_PAE, ALSO(HAS(GUEST_IA32_EFER, EFER_LME))),
	RULE("26.3.1.1", GUEST_IA32_EFER, "LME as LMA while CR0.PG is 1",
	     HOLDS(lme_is_lma, EFER_LME, 0),
	     WHEN(LOADS_EFER, HAS(GUEST_CR0, CR0_PG))),

	/* GDTR and IDTR */
	RULE("26.3.1.3", GUEST_GDTR_BASE, "canonical", .check = CHECK_CANONICAL,
	     .registers = BITS(1, 0)),
	RULE("26.3.1.3", GUEST_GDTR_LIMIT, "bits 31:16 are 0",
	     ZERO(BITS(31, 16)), .registers = BITS(1, 0)),

	RULE("26.3.1.4", GUEST_RIP, "outside IA-32e mode, bits 63:32 are 0",
	     ZERO(BITS(63, 32)), WHEN(NOT_IA32E), .guest = DOCTOR_GUEST_PAE),
	RULE("26.3.1.4", GUEST_RIP, "outside 64-bit mode, bits 63:32 are 0",
	     ZERO(BITS(63, 32)),
	     WHEN(IS_IA32E, LACKS(GUEST_CS_ACCESS_RIGHTS, AR_L))),
	RULE("26.3.1.4", GUEST_RIP,
	     "in 64-bit mode, the bits above the linear address are all alike",
	     HOLDS(is_linear, BIT(62), BIT(62)),
	     WHEN(IS_IA32E, HAS(GUEST_CS_ACCESS_RIGHTS, AR_L))),
	RULE("26.3.1.4", GUEST_RFLAGS, "bits 63:22, 15, 5 and 3 are 0",
	     ZERO(BITS(63, 22) | BIT(15) | BIT(5) | BIT(3))),
	RULE("26.3.1.4", GUEST_RFLAGS, "bit 1 is 1", ONES(RFLAGS_FIXED)),
	RULE("26.3.1.4", GUEST_RFLAGS, "in IA-32e mode, VM is 0",
	     ZERO(RFLAGS_VM), WHEN(IS_IA32E)),
	RULE("26.3.1.4", GUEST_RFLAGS,
	     "IF is 1 where an external interrupt is injected", ONES(RFLAGS_IF),
	     WHEN(INJECTS(INTR_EXTERNAL))),
	{ 0 },
};
