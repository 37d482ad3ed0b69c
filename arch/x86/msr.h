/* SPDX-License-Identifier: MIT */
/*
 * Model-specific registers: their numbers (SDM vol. 4, table 2-2) and the
 * fields in them that Umbra uses.
 */
#ifndef ARCH_X86_MSR_H
#define ARCH_X86_MSR_H

#include "lib/types.h"

enum msr {
	IA32_TIME_STAMP_COUNTER = 0x10,
	IA32_PLATFORM_ID = 0x17,
	IA32_APIC_BASE = 0x1b,
	MSR_TEST_CTRL = 0x33,
	IA32_FEATURE_CONTROL = 0x3a,
	IA32_TSC_ADJUST = 0x3b,
	IA32_SPEC_CTRL = 0x48,
	IA32_BIOS_UPDT_TRIG = 0x79,
	IA32_BIOS_SIGN_ID = 0x8b,
	IA32_MTRRCAP = 0xfe,
	IA32_SYSENTER_CS = 0x174,
	IA32_SYSENTER_ESP = 0x175,
	IA32_SYSENTER_EIP = 0x176,
	IA32_MCG_CAP = 0x179,
	IA32_MCG_STATUS = 0x17a,
	IA32_PERF_STATUS = 0x198,
	IA32_MISC_ENABLE = 0x1a0,
	IA32_DEBUGCTL = 0x1d9,
	IA32_MTRR_PHYSBASE0 = 0x200, /* base and mask of each range in turn */
	IA32_MTRR_PHYSMASK0 = 0x201,
	IA32_MTRR_FIX64K_00000 = 0x250,
	IA32_MTRR_FIX16K_80000 = 0x258,
	IA32_MTRR_FIX16K_A0000 = 0x259,
	IA32_MTRR_FIX4K_C0000 = 0x268,
	IA32_MTRR_FIX4K_F8000 = 0x26f,
	IA32_PAT = 0x277,
	IA32_MTRR_DEF_TYPE = 0x2ff,
	IA32_PERF_GLOBAL_CTRL = 0x38f,
	IA32_VMX_BASIC = 0x480,
	IA32_VMX_PINBASED_CTLS = 0x481,
	IA32_VMX_PROCBASED_CTLS = 0x482,
	IA32_VMX_EXIT_CTLS = 0x483,
	IA32_VMX_ENTRY_CTLS = 0x484,
	IA32_VMX_MISC = 0x485,
	IA32_VMX_CR0_FIXED0 = 0x486,
	IA32_VMX_CR0_FIXED1 = 0x487,
	IA32_VMX_CR4_FIXED0 = 0x488,
	IA32_VMX_CR4_FIXED1 = 0x489,
	IA32_VMX_PROCBASED_CTLS2 = 0x48b,
	IA32_VMX_EPT_VPID_CAP = 0x48c,
	IA32_VMX_TRUE_PINBASED_CTLS = 0x48d,
	IA32_VMX_TRUE_PROCBASED_CTLS = 0x48e,
	IA32_VMX_TRUE_EXIT_CTLS = 0x48f,
	IA32_VMX_TRUE_ENTRY_CTLS = 0x490,
	IA32_RTIT_CTL = 0x570,
	IA32_TSC_DEADLINE = 0x6e0,
	IA32_PKRS = 0x6e1,
	IA32_X2APIC_FIRST = 0x800, /* + the xAPIC offset / 16 */
	IA32_X2APIC_LAST = 0x8ff,
	IA32_EFER = 0xc0000080,
	IA32_STAR = 0xc0000081,
	IA32_LSTAR = 0xc0000082,
	IA32_CSTAR = 0xc0000083,
	IA32_FMASK = 0xc0000084,
	IA32_FS_BASE = 0xc0000100,
	IA32_GS_BASE = 0xc0000101,
	IA32_KERNEL_GS_BASE = 0xc0000102,
	IA32_TSC_AUX = 0xc0000103
};

/* MSR_TEST_CTRL: #AC for a split lock; #GP or #AC for one in UC memory. */
#define TEST_CTRL_UC_LOCK BIT(28)
#define TEST_CTRL_SPLIT_LOCK BIT(29)

/*
 * IA32_MISC_ENABLE: both bits hide features from CPUID; SDM vol. 4, table 2-2.
 */
#define MISC_ENABLE_LIMIT_CPUID BIT(22)
#define MISC_ENABLE_XD_DISABLE BIT(34)

/* IA32_APIC_BASE, SDM vol. 3A, 10.4.4 and 10.12.1. */
#define APIC_BASE_BSP BIT(8)
#define APIC_BASE_X2APIC BIT(10)
#define APIC_BASE_ENABLE BIT(11)

/*
 * Memory types, SDM vol. 3A, tables 11-8 and 11-10. Returns true if each byte
 * is a type: UC, WC, WT, WP, WB, and if @last is UC-, also UC-.
 */
enum memory_type { MEMORY_UC = 0, MEMORY_WB = 6, MEMORY_UC_MINUS = 7 };

static inline bool memory_types_valid(u64 value, enum memory_type last)
{
	for (; value; value >>= 8)
		if ((value & BITS(7, 0)) > last || (value & BITS(7, 1)) == 2)
			return false;
	return true;
}

/* IA32_PAT, SDM vol. 3A, 11.12.2. */
static inline bool pat_is_valid(u64 value)
{
	return memory_types_valid(value, MEMORY_UC_MINUS);
}

/* The MTRRs, SDM vol. 3A, 11.11. */
#define MTRRCAP_FIXED BIT(8)
#define MTRRCAP_WC BIT(10)
#define MTRR_TYPE BITS(7, 0)
#define MTRR_DEF_TYPE_FIXED BIT(10)
#define MTRR_DEF_TYPE_ENABLE BIT(11)
#define MTRR_PHYSMASK_VALID BIT(11)
#define MTRR_ADDRESS BITS(51, 12)

/* IA32_MCG_STATUS, SDM vol. 3B, 15.3.1. */
#define MCG_STATUS_RIPV BIT(0)
#define MCG_STATUS_EIPV BIT(1)

/* IA32_FEATURE_CONTROL, SDM vol. 3C, 23.7. */
#define FEATURE_CONTROL_LOCK BIT(0)
#define FEATURE_CONTROL_VMX_IN_SMX BIT(1)
#define FEATURE_CONTROL_VMX BIT(2)

#endif
