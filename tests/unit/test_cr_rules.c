/* SPDX-License-Identifier: MIT */
/* The rules of the control registers. */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

#include "arch/x86/cpuid.h"
#include "arch/x86/regs.h"
#include "vmx/cr_rules.h"
#include "vmx/vcpu.h"

/* --- Control registers ------------------------------------------------------ */

static const struct cr_state unpaged = { .cr0 = CR0_PE };
static const struct cr_state long_mode = {
	.cr0 = CR0_PE | CR0_PG,
	.cr4 = CR4_PAE,
	.efer = EFER_LME | EFER_LMA,
	.cs_long = true,
};

static const struct cr_features features = {
	.cr4 = CR4_PAE | CR4_PGE | CR4_PSE | CR4_SMEP | CR4_DE,
	.efer = EFER_LME | EFER_NXE,
	.xcr0 = 7,
	.maxphyaddr = 40,
};

/* The result of a load by a guest in state @s, which is not kept. */
static enum cr_load load_cr(struct cr_state s, unsigned int number, u64 value)
{
	return cr_load(&s, number, value, &features);
}

static void cr0_rules(void **state)
{
	struct cr_state s = unpaged;

	assert_int_equal(load_cr(s, 0, CR0_PE | CR0_TS), CR_LOADED);
	assert_int_equal(load_cr(s, 0, CR0_PG), CR_FAULT);
	assert_int_equal(load_cr(s, 0, CR0_PE | CR0_NW), CR_FAULT);
	assert_int_equal(load_cr(s, 0, CR0_PE | CR0_NW | CR0_CD), CR_LOADED);
	assert_int_equal(load_cr(s, 0, CR0_PE | BIT(32)), CR_FAULT);
	/* Reserved bits of the lower half are ignored. */
	assert_int_equal(load_cr(s, 0, CR0_PE | BIT(7)), CR_LOADED);
	assert_int_equal(load_cr(s, 0, 0), CR_REAL_MODE);
	/* Long mode needs PAE, and can't be entered from 64-bit code. */
	s.efer = EFER_LME;
	assert_int_equal(load_cr(s, 0, CR0_PE | CR0_PG), CR_FAULT);
	s.cr4 = CR4_PAE;
	assert_int_equal(load_cr(s, 0, CR0_PE | CR0_PG), CR_LOADED);
	s.cs_long = true;
	assert_int_equal(load_cr(s, 0, CR0_PE | CR0_PG), CR_FAULT);
	/* It can't be left from 64-bit code either. */
	s = long_mode;
	assert_int_equal(load_cr(s, 0, CR0_PE), CR_FAULT);
	assert_int_equal(load_cr(s, 0, CR0_PE | CR0_PG | CR0_WP), CR_LOADED);
	s.cs_long = false;
	assert_int_equal(load_cr(s, 0, CR0_PE), CR_LOADED);

	assert_int_equal(efer_after_cr0(EFER_LME, CR0_PE | CR0_PG),
			 EFER_LME | EFER_LMA);
	assert_int_equal(efer_after_cr0(EFER_LME | EFER_LMA, CR0_PE), EFER_LME);
	assert_int_equal(efer_after_cr0(EFER_NXE, CR0_PE | CR0_PG), EFER_NXE);
}

static void cr3_cr4_rules(void **state)
{
	assert_int_equal(load_cr(long_mode, 3, BIT(39) | 0xfff), CR_LOADED);
	assert_int_equal(load_cr(long_mode, 3, BIT(40)), CR_FAULT);
	assert_int_equal(load_cr(long_mode, 3, BIT(63)), CR_FAULT);
	assert_int_equal(load_cr(unpaged, 3, 0xffffffff), CR_LOADED);

	assert_int_equal(load_cr(unpaged, 4, 0), CR_LOADED);
	assert_int_equal(load_cr(long_mode, 4, CR4_PGE), CR_FAULT);
	assert_int_equal(load_cr(long_mode, 4, CR4_PAE | CR4_PGE), CR_LOADED);
	assert_int_equal(load_cr(long_mode, 4, CR4_PAE | CR4_VMXE), CR_FAULT);

	assert_int_equal(load_cr(unpaged, 2, 0), CR_NO_EXIT);
	assert_int_equal(load_cr(unpaged, 8, 0), CR_NO_EXIT);
}

/* The other registers keep their values, and a refused load changes none. */
static void loaded_state(void **state)
{
	struct cr_state s = { .cr0 = CR0_PE,
			      .cr3 = 0x1000,
			      .cr4 = CR4_PAE,
			      .efer = EFER_LME },
			before = s;

	assert_int_equal(cr_load(&s, 0, CR0_PG, &features), CR_FAULT);
	assert_memory_equal(&s, &before, sizeof(s));
	/* ET is always 1, and bits that are not defined are always 0. */
	assert_int_equal(cr_load(&s, 0, CR0_PE | CR0_PG | BIT(7), &features),
			 CR_LOADED);
	assert_int_equal(s.cr0, CR0_PE | CR0_PG | CR0_ET);
	assert_int_equal(s.efer, EFER_LME | EFER_LMA);
	assert_int_equal(s.cr3, 0x1000);
	assert_int_equal(s.cr4, CR4_PAE);
	assert_int_equal(cr_load(&s, 3, 0x2000, &features), CR_LOADED);
	assert_int_equal(s.cr3, 0x2000);
	assert_int_equal(cr_load(&s, 4, CR4_PAE | CR4_PGE, &features),
			 CR_LOADED);
	assert_int_equal(s.cr4, CR4_PAE | CR4_PGE);
	assert_int_equal(s.efer, EFER_LME | EFER_LMA);
	/* Without paging there is no long mode. */
	assert_int_equal(cr_load(&s, 0, CR0_PE, &features), CR_LOADED);
	assert_int_equal(s.efer, EFER_LME);
}

/* SDM vol. 3A, 4.4.1. */
static void pdptes_are_loaded(void **state)
{
	const struct cr_state pae = { .cr0 = CR0_PE | CR0_PG | CR0_ET,
				      .cr4 = CR4_PAE },
			      bits32 = { .cr0 = CR0_PE | CR0_PG | CR0_ET };
	static const u64 reloading[] = { CR4_PGE, CR4_PSE, CR4_SMEP };

	assert_int_equal(load_cr(pae, 3, 0), CR_LOADED_WITH_PDPTES);
	assert_int_equal(load_cr(bits32, 3, 0), CR_LOADED);
	assert_int_equal(load_cr(long_mode, 3, 0), CR_LOADED);
	assert_int_equal(load_cr(pae, 0, pae.cr0 | CR0_CD),
			 CR_LOADED_WITH_PDPTES);
	assert_int_equal(load_cr(pae, 0, pae.cr0 | CR0_CD | CR0_NW),
			 CR_LOADED_WITH_PDPTES);
	assert_int_equal(load_cr(pae, 0, pae.cr0 | CR0_WP), CR_LOADED);
	assert_int_equal(load_cr(pae, 0, CR0_PE), CR_LOADED);
	assert_int_equal(load_cr((struct cr_state){ CR0_PE, 0, CR4_PAE, 0, 0 },
				 0, CR0_PE | CR0_PG),
			 CR_LOADED_WITH_PDPTES);
	assert_int_equal(load_cr(bits32, 4, CR4_PAE), CR_LOADED_WITH_PDPTES);
	for (size_t i = 0; i < ARRAY_SIZE(reloading); i++)
		assert_int_equal(load_cr(pae, 4, CR4_PAE | reloading[i]),
				 CR_LOADED_WITH_PDPTES);
	assert_int_equal(load_cr(pae, 4, CR4_PAE | CR4_DE), CR_LOADED);
	assert_int_equal(load_cr(pae, 4, 0), CR_LOADED);
}

static void lmsw(void **state)
{
	const u64 msw = CR0_PE | CR0_MP | CR0_EM | CR0_TS;

	/* LMSW can't clear PE, and uses only the lower four bits. */
	assert_int_equal(cr0_after_lmsw(CR0_PG | msw, 0), CR0_PG | CR0_PE);
	assert_int_equal(cr0_after_lmsw(CR0_PG, 0xffff), CR0_PG | msw);
	assert_int_equal(cr0_after_lmsw(CR0_PE | CR0_TS, CR0_MP),
			 CR0_PE | CR0_MP);
}

static void efer_rules(void **state)
{
	const struct cr_features f = { .efer = EFER_LME | EFER_NXE };

	assert_true(efer_load_valid(&unpaged, EFER_LME, &f));
	assert_false(efer_load_valid(&unpaged, EFER_SCE, &f));
	assert_false(efer_load_valid(&long_mode, EFER_NXE, &f));
	assert_true(efer_load_valid(&long_mode, EFER_LME | EFER_NXE, &f));
	/* A write may have LMA set, but has no effect on it. */
	assert_true(efer_load_valid(&unpaged, EFER_LMA, &f));
	assert_int_equal(efer_after_write(0, EFER_LMA | EFER_NXE), EFER_NXE);
	assert_int_equal(
		efer_after_write(EFER_LME | EFER_LMA, EFER_LME | EFER_NXE),
		EFER_LME | EFER_LMA | EFER_NXE);
}

static void features_by_cpuid(void **state)
{
	struct cr_cpuid shown;
	struct cr_features f;

	memset(&shown, 0, sizeof(shown));
	f = cr_features_by_cpuid(&shown);
	assert_int_equal(f.cr4, CR4_PCE);
	assert_int_equal(f.efer, 0);
	shown.features_7.ecx = CPUID_7_ECX_UMIP;
	shown.features.edx = CPUID_1_EDX_PAE | CPUID_1_EDX_VME;
	shown.ext_features.edx = CPUID_EXT_EDX_NX;
	shown.xstate.eax = 7;
	shown.address_size.eax = 0x3027;
	f = cr_features_by_cpuid(&shown);
	assert_int_equal(f.cr4,
			 CR4_PCE | CR4_UMIP | CR4_PAE | CR4_VME | CR4_PVI);
	assert_int_equal(f.efer, EFER_NXE);
	assert_int_equal(f.xcr0, 7);
	assert_int_equal(f.maxphyaddr, 39);
}

/* A processor that has all, with the features that the policy lets through. */
static void features_by_policy(void **state)
{
	const struct cpuid_regs host = { ~0U, ~0U, ~0U, ~0U };
	const struct cpuid_policy_input input = { .smep = true, .xsave = true };
	struct cr_cpuid shown;
	struct cr_features f;

	cpuid_policy(CPUID_FEATURES, 0, &host, &input, &shown.features);
	cpuid_policy(CPUID_FEATURES_7, 0, &host, &input, &shown.features_7);
	cpuid_policy(CPUID_XSTATE, 0, &host, &input, &shown.xstate);
	cpuid_policy(CPUID_EXT_FEATURES, 0, &host, &input, &shown.ext_features);
	cpuid_policy(CPUID_ADDRESS_SIZE, 0, &host, &input, &shown.address_size);
	f = cr_features_by_cpuid(&shown);
	assert_int_equal(f.cr4, CR4_VME | CR4_PVI | CR4_TSD | CR4_DE | CR4_PSE |
					CR4_PAE | CR4_PGE | CR4_PCE |
					CR4_OSFXSR | CR4_OSXMMEXCPT | CR4_UMIP |
					CR4_FSGSBASE | CR4_OSXSAVE | CR4_SMEP);
	assert_int_equal(f.efer, EFER_SCE | EFER_LME | EFER_NXE);
	assert_int_equal(f.xcr0, GUEST_XCR0_ALLOWED);
}

static bool xsetbv_is_valid(u64 value)
{
	return xsetbv_valid(0, 0, value, &features);
}

static void xcr0_rules(void **state)
{
	struct cr_features no_avx = { .xcr0 = 3 };

	assert_true(xsetbv_is_valid(1));
	assert_true(xsetbv_is_valid(3));
	assert_true(xsetbv_is_valid(7));
	assert_false(xsetbv_is_valid(0));
	assert_false(xsetbv_is_valid(2));
	assert_false(xsetbv_is_valid(5));
	assert_false(xsetbv_is_valid(0xf));
	assert_false(xsetbv_is_valid(BIT(63) | 1));
	assert_false(xsetbv_valid(0, 0, 7, &no_avx));
	/* No other register, and only for the kernel. */
	assert_false(xsetbv_valid(0, 1, 1, &features));
	for (unsigned int cpl = 1; cpl <= 3; cpl++)
		assert_false(xsetbv_valid(cpl, 0, 1, &features));
}

/* PKS is used only where TRAP needs it, and where VMX operation allows it. */
static void keys_for_trap(void **state)
{
	const u64 fixed1 = CR4_PAE | CR4_PKS;

	assert_int_equal(cr4_for_trap(52, CPUID_7_ECX_PKS, fixed1), CR4_PKS);
	assert_int_equal(cr4_for_trap(51, CPUID_7_ECX_PKS, fixed1), 0);
	assert_int_equal(cr4_for_trap(52, (u32)~CPUID_7_ECX_PKS, fixed1), 0);
	assert_int_equal(cr4_for_trap(52, CPUID_7_ECX_PKS, CR4_PAE), 0);
}

static void at_entry(void **state)
{
	const u64 smep_smap = CR4_SMEP | CR4_SMAP;
	const u64 cr4 = CR4_PAE | CR4_MCE | CR4_VMXE;

	/* TS and the other bits that the guest owns are the VMCS's. */
	assert_int_equal(cr0_as_read(CR0_PE | CR0_TS, CR0_PG | CR0_MP),
			 CR0_PE | CR0_MP);
	assert_int_equal(cr0_as_read(CR0_WP, CR0_TS | CR0_EM | CR0_AM),
			 CR0_WP | CR0_TS | CR0_EM | CR0_AM);

	/* PGE is the VMCS's, whether the guest owns it or not. */
	assert_int_equal(cr4_as_read(CR4_PAE | CR4_PGE, cr4 | CR4_SMEP),
			 CR4_PAE);
	assert_int_equal(cr4_as_read(CR4_PAE, cr4 | CR4_PGE),
			 CR4_PAE | CR4_PGE);

	assert_int_equal(cr0_at_entry(CR0_CD | CR0_NW | CR0_TS),
			 CR0_PE | CR0_PG | CR0_NE | CR0_WP | CR0_TS);
	assert_int_equal(cr4_at_entry(CR0_PE, smep_smap | CR4_PGE),
			 cr4 | CR4_PGE);
	assert_int_equal(cr4_at_entry(CR0_PG, smep_smap), cr4 | smep_smap);

	assert_int_equal(efer_at_entry(CR0_PE, CR4_PAE, EFER_NXE | EFER_LME),
			 0);
	assert_int_equal(efer_at_entry(CR0_PG, 0, EFER_NXE | EFER_SCE),
			 EFER_SCE);
	assert_int_equal(efer_at_entry(CR0_PG, CR4_PAE, EFER_NXE), EFER_NXE);
	assert_int_equal(efer_at_entry(CR0_PG, CR4_PAE, EFER_LMA | EFER_LME),
			 EFER_LMA | EFER_LME);
}

static void canonical(void **state)
{
	assert_true(is_canonical(0x7fffffffffffULL));
	assert_false(is_canonical(0x800000000000ULL));
	assert_false(is_canonical(0xffff7fffffffffffULL));
	assert_true(is_canonical(0xffff800000000000ULL));
	assert_true(is_canonical(~0ULL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cr0_rules),
		cmocka_unit_test(cr3_cr4_rules),
		cmocka_unit_test(loaded_state),
		cmocka_unit_test(pdptes_are_loaded),
		cmocka_unit_test(lmsw),
		cmocka_unit_test(efer_rules),
		cmocka_unit_test(features_by_cpuid),
		cmocka_unit_test(features_by_policy),
		cmocka_unit_test(xcr0_rules),
		cmocka_unit_test(keys_for_trap),
		cmocka_unit_test(at_entry),
		cmocka_unit_test(canonical),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
