/* SPDX-License-Identifier: MIT */
/* The processor's set-up, and its name. */
#include "arch/x86/cpu.h"
#include "arch/x86/cpuid.h"
#include "arch/x86/msr.h"
#include "arch/x86/regs.h"
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
 * Umbra itself uses no FPU register, so the guest's stay in the processor
 * throughout; OSFXSR and OSXSAVE are set so that they can be saved and
 * XSETBV be executed on a guest's behalf.
 */
void cpu_init(void)
{
	struct cpuid_result features = cpuid(CPUID_FEATURES, 0);
	u64 cr4 = CR4_PAE;

	if (features.edx & CPUID_1_EDX_MCE)
		cr4 |= CR4_MCE;
	if (features.edx & CPUID_1_EDX_FXSR)
		cr4 |= CR4_OSFXSR | CR4_OSXMMEXCPT;
	if (features.ecx & CPUID_1_ECX_XSAVE)
		cr4 |= CR4_OSXSAVE;
	cr4_write(cr4);
	/* WP: a write to a read-only page of ours is a bug even in ring 0. */
	cr0_write(CR0_PE | CR0_MP | CR0_ET | CR0_NE | CR0_WP | CR0_PG);
	if (cpu_has_nx())
		wrmsr(IA32_EFER, rdmsr(IA32_EFER) | EFER_NXE);
}

void cpu_brand(char brand[CPU_BRAND_SIZE])
{
	size_t start = 0;

	memset(brand, 0, CPU_BRAND_SIZE);
	for (u32 i = 0; i < 3 && has_extended_leaf(CPUID_BRAND_2); i++) {
		struct cpuid_result r = cpuid(CPUID_BRAND_0 + i, 0);

		memcpy(brand + i * sizeof(r), &r, sizeof(r));
	}
	/* Intel's names are padded on the left. */
	while (brand[start] == ' ')
		start++;
	memmove(brand, brand + start, CPU_BRAND_SIZE - start);
	if (!brand[0])
		memcpy(brand, "unknown", sizeof("unknown"));
}
