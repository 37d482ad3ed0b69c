/* SPDX-License-Identifier: MIT */
/*
 * Which values the control registers and EFER take: SDM vol. 3A, 2.5 and 4.1;
 * vol. 2B, "MOV - Move to/from Control Registers". Pure, for the tests' sake.
 */
#ifndef VMX_CR_RULES_H
#define VMX_CR_RULES_H

#include "arch/x86/regs.h"
#include "guest/cpuid.h"
#include "lib/types.h"

/* The state that the rules look at. */
struct cr_state {
	u64 cr0;
	u64 cr4;
	u64 efer;
	bool cs_long; /* CS.L */
};

/* What the guest's processor has. */
struct cr_features {
	u64 cr4; /* bits that may be set */
	u64 efer; /* likewise, without LMA */
	u64 xcr0; /* likewise */
	u8 maxphyaddr;
};

/* The leaves of the guest's CPUID that it shows in, by CPUID's own names. */
struct cr_cpuid {
	struct cpuid_regs features; /* 1 */
	struct cpuid_regs features_7; /* 7, subleaf 0 */
	struct cpuid_regs xstate; /* 0Dh, subleaf 0 */
	struct cpuid_regs ext_features; /* 80000001h */
	struct cpuid_regs address_size; /* 80000008h */
};

/* What CPUID shows can be enabled, and what it does not show can't. */
struct cr_features cr_features_by_cpuid(const struct cr_cpuid *cpuid);

/* May the guest load this value, or is it #GP(0)? */
bool cr0_load_valid(const struct cr_state *state, u64 value);
bool cr3_load_valid(const struct cr_state *state, u64 value, u8 maxphyaddr);
bool cr4_load_valid(const struct cr_state *state, u64 value,
		    const struct cr_features *features);
bool efer_load_valid(const struct cr_state *state, u64 value,
		     const struct cr_features *features);

/* XSETBV of XCR0, SDM vol. 1, 13.3. */
#define XCR0_X87 BIT(0)
#define XCR0_SSE BIT(1)
#define XCR0_AVX BIT(2)
bool xcr0_load_valid(u64 value, const struct cr_features *features);

/* EFER after CR0 is loaded with @cr0: LMA follows PG and LME. */
u64 efer_after_cr0(u64 efer, u64 cr0);

#endif
