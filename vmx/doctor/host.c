/* SPDX-License-Identifier: MIT */
/*
 * The host state: SDM vol. 3C, 26.2.2 to 26.2.4, for a 64-bit host.
 */
#include "vmx/doctor/rules.h"

#define EXIT_HOST_64 BIT(9)

/* The order of the selectors: ES, CS, SS, DS, FS, GS, TR. */
#define HOST_TR 6
/* The bases of FS, GS, TR, GDTR, IDTR. */
#define BASES BITS(4, 0)

#define RULE_CANONICAL(number, f, ...)                                         \
	RULE(number, f, "canonical", .check = CHECK_CANONICAL, ##__VA_ARGS__)

const struct doctor_rule doctor_host_rules[] = {
	RULE("26.2.2", HOST_CR0, "as IA32_VMX_CR0_FIXED0 and _FIXED1 have it",
	     .check = CHECK_FIXED),
	RULE("26.2.2", HOST_CR4, "as IA32_VMX_CR4_FIXED0 and _FIXED1 have it",
	     .check = CHECK_FIXED),
	RULE("26.2.2", HOST_CR3, "within MAXPHYADDR", .check = CHECK_WIDTH),
	/* ESP and EIP */
	RULE_CANONICAL("26.2.2", HOST_IA32_SYSENTER_ESP,
		       .registers = BITS(1, 0)),
	RULE("26.2.2", HOST_IA32_EFER, "reserved bits are 0",
	     .check = CHECK_FIXED,
	     WHEN(HAS(VM_EXIT_CONTROLS, EXIT_LOAD_IA32_EFER))),
	RULE("26.2.2", HOST_IA32_EFER,
	     "LMA and LME are 1, as \"host address-space size\" is",
	     ONES(EFER_LME | EFER_LMA),
	     WHEN(HAS(VM_EXIT_CONTROLS, EXIT_LOAD_IA32_EFER))),

	RULE("26.2.3", HOST_ES_SELECTOR, "RPL and TI (bits 2:0) are 0",
	     ZERO(BITS(2, 0)), .registers = BITS(HOST_TR, SEG_ES)),
	RULE("26.2.3", HOST_ES_SELECTOR, "not 0", IS_NOT(ALL_BITS, 0),
	     .registers = BIT(SEG_CS) | BIT(HOST_TR)),
	RULE_CANONICAL("26.2.3", HOST_FS_BASE, .registers = BASES),

	RULE("26.2.4", VM_EXIT_CONTROLS,
	     "\"host address-space size\" is 1 for a 64-bit host",
	     ONES(EXIT_HOST_64)),
	RULE("26.2.4", HOST_CR4, "PAE is 1", ONES(CR4_PAE)),
	RULE_CANONICAL("26.2.4", HOST_RIP),
	{ 0 },
};
