/* SPDX-License-Identifier: MIT */
/* The rules of the control registers, and exceptions that meet. */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

#include "arch/x86/cpuid.h"
#include "arch/x86/regs.h"
#include "vmx/cr_rules.h"
#include "vmx/inject.h"

/* --- Control registers ------------------------------------------------------ */

static const struct cr_state unpaged = { .cr0 = CR0_PE };
static const struct cr_state long_mode = {
	.cr0 = CR0_PE | CR0_PG,
	.cr4 = CR4_PAE,
	.efer = EFER_LME | EFER_LMA,
	.cs_long = true,
};

static void cr0_rules(void **state)
{
	struct cr_state s = unpaged;

	assert_true(cr0_load_valid(&s, CR0_PE | CR0_TS));
	assert_false(cr0_load_valid(&s, CR0_PG));
	assert_false(cr0_load_valid(&s, CR0_PE | CR0_NW));
	assert_true(cr0_load_valid(&s, CR0_PE | CR0_NW | CR0_CD));
	assert_false(cr0_load_valid(&s, CR0_PE | BIT(32)));
	/* Reserved bits of the lower half are ignored. */
	assert_true(cr0_load_valid(&s, CR0_PE | BIT(7)));
	/* Long mode takes PAE, and not from 64-bit code. */
	s.efer = EFER_LME;
	assert_false(cr0_load_valid(&s, CR0_PE | CR0_PG));
	s.cr4 = CR4_PAE;
	assert_true(cr0_load_valid(&s, CR0_PE | CR0_PG));
	s.cs_long = true;
	assert_false(cr0_load_valid(&s, CR0_PE | CR0_PG));
	/* And it is not left from 64-bit code either. */
	s = long_mode;
	assert_false(cr0_load_valid(&s, CR0_PE));
	assert_true(cr0_load_valid(&s, CR0_PE | CR0_PG | CR0_WP));
	s.cs_long = false;
	assert_true(cr0_load_valid(&s, CR0_PE));

	assert_int_equal(efer_after_cr0(EFER_LME, CR0_PE | CR0_PG),
			 EFER_LME | EFER_LMA);
	assert_int_equal(efer_after_cr0(EFER_LME | EFER_LMA, CR0_PE), EFER_LME);
	assert_int_equal(efer_after_cr0(EFER_NXE, CR0_PE | CR0_PG), EFER_NXE);
}

static void cr3_cr4_efer_rules(void **state)
{
	struct cr_features f = { .cr4 = CR4_PAE | CR4_PGE,
				 .efer = EFER_LME | EFER_NXE };

	assert_true(cr3_load_valid(&long_mode, BIT(39) | 0xfff, 40));
	assert_false(cr3_load_valid(&long_mode, BIT(40), 40));
	assert_false(cr3_load_valid(&long_mode, BIT(63), 40));
	assert_true(cr3_load_valid(&unpaged, 0xffffffff, 32));

	assert_true(cr4_load_valid(&unpaged, 0, &f));
	assert_false(cr4_load_valid(&long_mode, CR4_PGE, &f));
	assert_true(cr4_load_valid(&long_mode, CR4_PAE | CR4_PGE, &f));
	assert_false(cr4_load_valid(&long_mode, CR4_PAE | CR4_VMXE, &f));

	assert_true(efer_load_valid(&unpaged, EFER_LME, &f));
	assert_false(efer_load_valid(&unpaged, EFER_SCE, &f));
	assert_false(efer_load_valid(&long_mode, EFER_NXE, &f));
	assert_true(efer_load_valid(&long_mode, EFER_LME | EFER_NXE, &f));
	/* LMA may be written, but that is in vain. */
	assert_true(efer_load_valid(&unpaged, EFER_LMA, &f));
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

/* Of a processor that has all, with what the policy lets through. */
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

static void xcr0_rules(void **state)
{
	struct cr_features f = { .xcr0 = 7 };

	assert_true(xcr0_load_valid(1, &f));
	assert_true(xcr0_load_valid(3, &f));
	assert_true(xcr0_load_valid(7, &f));
	assert_false(xcr0_load_valid(0, &f));
	assert_false(xcr0_load_valid(2, &f));
	assert_false(xcr0_load_valid(5, &f));
	assert_false(xcr0_load_valid(0xf, &f));
	assert_false(xcr0_load_valid(BIT(63) | 1, &f));
	f.xcr0 = 3; /* a processor without AVX */
	assert_false(xcr0_load_valid(7, &f));
}

/* --- Events ----------------------------------------------------------------- */

static const u8 benign[] = { VECTOR_DB, VECTOR_NMI, VECTOR_BP, VECTOR_OF,
			     VECTOR_BR, VECTOR_UD,  VECTOR_NM, VECTOR_MF,
			     VECTOR_AC, VECTOR_MC,  VECTOR_XM };
static const u8 contributory[] = { VECTOR_DE, VECTOR_TS, VECTOR_NP,
				   VECTOR_SS, VECTOR_GP, VECTOR_CP };
static const u8 page_fault[] = { VECTOR_PF, VECTOR_VE };
static const u8 double_fault[] = { VECTOR_DF };

#define CLASS(array)                                                           \
	{                                                                      \
		array, ARRAY_SIZE(array)                                       \
	}

static const struct {
	const u8 *vectors;
	size_t count;
} classes[] = { CLASS(benign), CLASS(contributory), CLASS(page_fault),
		CLASS(double_fault) };

/* SDM vol. 3A, table 6-5 and the text below it; rows: the first exception. */
static const enum combined_event table_6_5[4][3] = {
	{ EVENT_SECOND, EVENT_SECOND, EVENT_SECOND },
	{ EVENT_SECOND, EVENT_DOUBLE_FAULT, EVENT_SECOND },
	{ EVENT_SECOND, EVENT_DOUBLE_FAULT, EVENT_DOUBLE_FAULT },
	{ EVENT_SECOND, EVENT_TRIPLE_FAULT, EVENT_TRIPLE_FAULT },
};

static void exceptions_meet(void **state)
{
	for (int a = 0; a < 4; a++)
		for (int b = 0; b < 3; b++)
			for (size_t i = 0; i < classes[a].count; i++)
				for (size_t j = 0; j < classes[b].count; j++)
					assert_int_equal(
						combine_events(
							VMX_INTR(
								INTR_HARDWARE_EXCEPTION,
								classes[a].vectors
									[i]),
							classes[b].vectors[j]),
						table_6_5[a][b]);
}

/* Interrupts and software events are benign, whatever their vector. */
static void interrupts_are_benign(void **state)
{
	static const enum vmx_intr_type types[] = {
		INTR_EXTERNAL, INTR_NMI, INTR_SOFTWARE_INTERRUPT,
		INTR_PRIVILEGED_SOFTWARE_EXCEPTION, INTR_SOFTWARE_EXCEPTION
	};

	assert_int_equal(combine_events(0, VECTOR_GP), EVENT_SECOND);
	for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
		assert_int_equal(combine_events(VMX_INTR(types[i], VECTOR_PF),
						VECTOR_PF),
				 EVENT_SECOND);
		assert_int_equal(combine_events(VMX_INTR(types[i], VECTOR_DF),
						VECTOR_GP),
				 EVENT_SECOND);
	}
}

static void debug_registers(void **state)
{
	u64 dr6 = DR6_RESET | DR6_BD | BIT(1);

	/* B0 to B3 are this exception's, BD and BS stay until cleared. */
	assert_int_equal(dr6_after_debug(dr6, DR6_BS),
			 DR6_RESET | DR6_BD | DR6_BS);
	assert_int_equal(dr6_after_debug(DR6_RESET | DR6_BS, BIT(0)),
			 DR6_RESET | DR6_BS | BIT(0));
	/* The qualification's other bits are no bits of DR6. */
	assert_int_equal(dr6_after_debug(DR6_RESET, BIT(12) | BIT(16)),
			 DR6_RESET);
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
		cmocka_unit_test(cr3_cr4_efer_rules),
		cmocka_unit_test(features_by_cpuid),
		cmocka_unit_test(features_by_policy),
		cmocka_unit_test(xcr0_rules),
		cmocka_unit_test(exceptions_meet),
		cmocka_unit_test(interrupts_are_benign),
		cmocka_unit_test(debug_registers),
		cmocka_unit_test(canonical),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
