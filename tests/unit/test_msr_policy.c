/* SPDX-License-Identifier: MIT */
/* The MSR table: who answers, what is kept, what faults. */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

#include "arch/x86/msr.h"
#include "guest/msr.h"

/* Registers that are not for guests, and that the product has no use for. */
#define IA32_SPEC_CTRL 0x48
#define IA32_PRED_CMD 0x49
#define IA32_MTRRCAP 0xfe
#define IA32_FLUSH_CMD 0x10b
#define IA32_XSS 0xda0

static struct guest_msrs msrs;

static int setup(void **state)
{
	guest_msrs_init(&msrs, false);
	return 0;
}

static void table_is_in_order(void **state)
{
	size_t count;
	const struct msr_policy *table = msr_policy_table(&count);

	assert_in_range(count, 1, GUEST_MSR_VALUES);
	for (size_t i = 0; i < count; i++) {
		assert_non_null(table[i].name);
		assert_non_null(table[i].why);
		/* The MSR bitmap covers these (SDM vol. 3C, 24.6.9). */
		assert_true(table[i].index <= 0x1fff ||
			    (table[i].index >= 0xc0000000 &&
			     table[i].index <= 0xc0001fff));
		for (size_t j = 0; j < i; j++)
			assert_int_not_equal(table[i].index, table[j].index);
	}
}

static void who_answers(void **state)
{
	static const u32 absent[] = {
		IA32_SPEC_CTRL,	      IA32_PRED_CMD,  IA32_FLUSH_CMD,
		IA32_FEATURE_CONTROL, IA32_VMX_BASIC, IA32_MCG_STATUS,
		IA32_MTRRCAP,	      IA32_XSS,	      IA32_X2APIC_FIRST - 1,
		IA32_X2APIC_LAST + 1, 0xffffffff
	};
	u64 value = 42;

	for (size_t i = 0; i < ARRAY_SIZE(absent); i++) {
		assert_int_equal(guest_msr_read(&msrs, absent[i], &value),
				 MSR_FAULT);
		assert_int_equal(guest_msr_write(&msrs, absent[i], 0),
				 MSR_FAULT);
	}
	assert_int_equal(value, 42);
	assert_int_equal(guest_msr_read(&msrs, IA32_EFER, &value), MSR_ASK_VMX);
	for (u32 i = IA32_X2APIC_FIRST; i <= IA32_X2APIC_LAST; i++)
		assert_int_equal(guest_msr_read(&msrs, i, &value),
				 MSR_ASK_DEVICES);
	assert_int_equal(guest_msr_write(&msrs, IA32_TSC_DEADLINE, 0),
			 MSR_ASK_DEVICES);
	assert_int_equal(guest_msr_read(&msrs, IA32_LSTAR, &value),
			 MSR_ASK_PROCESSOR);
	assert_int_equal(guest_msr_read(&msrs, IA32_TSC_AUX, &value),
			 MSR_FAULT);
	guest_msrs_init(&msrs, true);
	assert_int_equal(guest_msr_write(&msrs, IA32_TSC_AUX, 1),
			 MSR_ASK_PROCESSOR);
}

static void values(void **state)
{
	u64 value;

	assert_int_equal(guest_msr_read(&msrs, IA32_MISC_ENABLE, &value),
			 MSR_DONE);
	assert_int_equal(value, 0x1801);
	assert_int_equal(guest_msr_write(&msrs, IA32_MISC_ENABLE, 0x1800),
			 MSR_DONE);
	/* What is reserved, or read-only, is no more so for being asked. */
	assert_int_equal(guest_msr_write(&msrs, IA32_MISC_ENABLE, 0x1802),
			 MSR_FAULT);
	assert_int_equal(guest_msr_write(&msrs, IA32_MISC_ENABLE, 0x801),
			 MSR_FAULT);
	assert_true(guest_misc_enable(&msrs) == 0x1800);
	assert_int_equal(guest_msr_write(&msrs, IA32_MISC_ENABLE, 0x400c51809),
			 MSR_DONE);
	assert_true(guest_misc_enable(&msrs) == 0x400c51809);

	assert_int_equal(guest_msr_read(&msrs, IA32_MCG_CAP, &value), MSR_DONE);
	assert_int_equal(value, 0);
	assert_int_equal(guest_msr_write(&msrs, IA32_MCG_CAP, 1), MSR_FAULT);

	assert_int_equal(guest_msr_write(&msrs, IA32_BIOS_SIGN_ID, 0),
			 MSR_DONE);
	assert_int_equal(guest_msr_read(&msrs, IA32_BIOS_SIGN_ID, &value),
			 MSR_DONE);
	assert_true(value == 1ULL << 32);

	assert_int_equal(guest_msr_write(&msrs, IA32_DEBUGCTL, 0), MSR_DONE);
	assert_int_equal(guest_msr_write(&msrs, IA32_DEBUGCTL, 1), MSR_FAULT);
}

/* Any memory type in any byte, and nothing else. */
static void memory_types(void **state)
{
	static const u64 types = BIT(0) | BIT(1) | BIT(4) | BIT(5) | BIT(6) |
				 BIT(7);
	u64 value;

	assert_int_equal(guest_msr_read(&msrs, IA32_PAT, &value), MSR_DONE);
	assert_true(value == 0x0007040600070406);
	for (u64 type = 0; type < 256; type++) {
		bool valid = type < 8 && types & BIT(type);

		for (unsigned int byte = 0; byte < 8; byte++) {
			u64 pat = type << (8 * byte);

			assert_int_equal(guest_msr_write(&msrs, IA32_PAT, pat),
					 valid ? MSR_DONE : MSR_FAULT);
			assert_int_equal(
				guest_msr_read(&msrs, IA32_PAT, &value),
				MSR_DONE);
			assert_int_equal(value == pat, valid);
			guest_msr_write(&msrs, IA32_PAT, 0x0101010101010101);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(table_is_in_order, setup),
		cmocka_unit_test_setup(who_answers, setup),
		cmocka_unit_test_setup(values, setup),
		cmocka_unit_test_setup(memory_types, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
