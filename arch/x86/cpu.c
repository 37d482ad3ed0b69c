/* SPDX-License-Identifier: MIT */
/* The processor's set-up, and its name. */
#include "arch/x86/cpu.h"
#include "arch/x86/cpuid.h"
#include "arch/x86/msr.h"
#include "arch/x86/regs.h"
#include "lib/log.h"
#include "lib/string.h"

static bool has_extended_leaf(u32 leaf)
{
	return cpuid(CPUID_EXT_MAX, 0).eax >= leaf;
}

bool cpu_has_nx(void)
{
	return cpuid(CPUID_EXT_FEATURES, 0).edx & CPUID_EXT_EDX_NX;
}

/*
 * Bits that firmware may have set and that would affect Umbra or its guest;
 * docs/hardware.md has the reasons. An access to a missing MSR raises #GP.
 */
static const struct inherited_msr {
	u32 index;
	u64 clear;
} inherited_msrs[] = {
	{ IA32_MISC_ENABLE, MISC_ENABLE_LIMIT_CPUID | MISC_ENABLE_XD_DISABLE },
	{ IA32_DEBUGCTL, ~0ULL },
	{ IA32_PERF_GLOBAL_CTRL, ~0ULL },
	{ IA32_RTIT_CTL, ~0ULL },
	{ IA32_SPEC_CTRL, ~0ULL },
	{ MSR_TEST_CTRL, TEST_CTRL_UC_LOCK | TEST_CTRL_SPLIT_LOCK },
};

static void clear_inherited_msrs(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(inherited_msrs); i++) {
		const struct inherited_msr *msr = &inherited_msrs[i];
		u64 value;

		if (msr_read_safe(msr->index, &value) && (value & msr->clear) &&
		    !msr_write_safe(msr->index, value & ~msr->clear))
			log_info("MSR %xh is 0x%lx: its bits 0x%lx can't be "
				 "cleared",
				 msr->index, value, value & msr->clear);
	}
}

/*
 * Umbra itself uses no FPU register, so the guest's values stay in the
 * processor throughout. OSFXSR and OSXSAVE are set, since emulated instructions
 * access XMM and YMM registers (arch/x86/vector.asm), and XSETBV is executed on
 * the guest's behalf.
 */
void cpu_init(void)
{
	struct cpuid_result features = cpuid(CPUID_FEATURES, 0);
	u64 cr4 = CR4_PAE;

	/* This comes first: some of these bits hide features from CPUID. */
	clear_inherited_msrs();
	if (features.edx & CPUID_1_EDX_MCE)
		cr4 |= CR4_MCE;
	if (features.edx & CPUID_1_EDX_FXSR)
		cr4 |= CR4_OSFXSR | CR4_OSXMMEXCPT;
	if (features.ecx & CPUID_1_ECX_XSAVE)
		cr4 |= CR4_OSXSAVE;
	cr4_write(cr4);
	dr7_write(DR7_RESET);
	/* WP: a write to a read-only page of ours is a bug even in ring 0. */
	cr0_write(CR0_PE | CR0_MP | CR0_ET | CR0_NE | CR0_WP | CR0_PG);
	wrmsr(IA32_EFER, EFER_LME | EFER_LMA | (cpu_has_nx() ? EFER_NXE : 0));
}

void cpu_brand(char brand[CPU_BRAND_SIZE])
{
	size_t n = 0;

	memset(brand, 0, CPU_BRAND_SIZE);
	for (u32 i = 0; i < 3 && has_extended_leaf(CPUID_BRAND_2); i++) {
		struct cpuid_result r = cpuid(CPUID_BRAND_0 + i, 0);

		memcpy(brand + i * sizeof(r), &r, sizeof(r));
	}
	/* Intel's names are padded, on the left and inside. */
	for (size_t i = 0; brand[i]; i++)
		if (brand[i] != ' ' || (n && brand[n - 1] != ' '))
			brand[n++] = brand[i];
	brand[n] = '\0';
	if (!brand[0])
		memcpy(brand, "unknown", sizeof("unknown"));
}
