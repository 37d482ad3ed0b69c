/* SPDX-License-Identifier: MIT */
/* The MSR table: the source of each answer, kept values, and faults. */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

#include "arch/x86/msr.h"
#include "guest/msr.h"

/* Registers that are not for guests, and that the product has no use for. */
#define IA32_SPEC_CTRL 0x48
#define IA32_PRED_CMD 0x49
#define IA32_FLUSH_CMD 0x10b
#define IA32_SMRR_PHYSBASE 0x1f2
#define IA32_XSS 0xda0

#define MAXPHYADDR 39

static struct guest_msrs msrs;

static int setup(void **state)
{
	guest_msrs_init(&msrs, false, MAXPHYADDR);
	return 0;
}

static void table_is_in_order(void **state)
{
	size_t count;
	const struct msr_policy *table = msr_policy_table(&count);
	size_t values = 0;

	for (size_t i = 0; i < count; i++) {
		/* The MSR bitmap covers these (SDM vol. 3C, 24.6.9). */
		assert_true(table[i].last <= 0x1fff ||
			    (table[i].first >= 0xc0000000 &&
			     table[i].last <= 0xc0001fff));
		assert_true(table[i].first <= table[i].last);
		for (size_t j = 0; j < i; j++)
			assert_true(table[i].last < table[j].first ||
				    table[j].last < table[i].first);
		if (table[i].answer == MSR_DONE)
			values += table[i].last - table[i].first + 1;
	}
	assert_in_range(values, 1, GUEST_MSR_VALUES);
}

static void who_answers(void **state)
{
	static const u32 absent[] = {
		IA32_SPEC_CTRL,	      IA32_PRED_CMD,  IA32_FLUSH_CMD,
		IA32_FEATURE_CONTROL, IA32_VMX_BASIC, IA32_MCG_STATUS,
		IA32_SMRR_PHYSBASE,   IA32_XSS,	      IA32_X2APIC_FIRST - 1,
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
	guest_msrs_init(&msrs, true, MAXPHYADDR);
	assert_int_equal(guest_msr_write(&msrs, IA32_TSC_AUX, 1),
			 MSR_ASK_PROCESSOR);
}

static void values(void **state)
{
	static const u32 read_only[] = { IA32_MTRRCAP, IA32_MCG_CAP,
					 IA32_PLATFORM_ID, IA32_PERF_STATUS };
	u64 value;

	assert_int_equal(guest_msr_read(&msrs, IA32_MISC_ENABLE, &value),
			 MSR_DONE);
	assert_int_equal(value, 0x1801);
	assert_int_equal(guest_msr_write(&msrs, IA32_MISC_ENABLE, 0x1800),
			 MSR_DONE);
	/* A refused write of a reserved or read-only bit changes nothing. */
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
	/* Read-only: even its present value can't be written. */
	for (size_t i = 0; i < ARRAY_SIZE(read_only); i++) {
		assert_int_equal(guest_msr_read(&msrs, read_only[i], &value),
				 MSR_DONE);
		assert_int_equal(guest_msr_write(&msrs, read_only[i], value),
				 MSR_FAULT);
		assert_int_equal(guest_msr_write(&msrs, read_only[i], 1),
				 MSR_FAULT);
	}

	assert_int_equal(guest_msr_write(&msrs, IA32_BIOS_SIGN_ID, 0),
			 MSR_DONE);
	assert_int_equal(guest_msr_read(&msrs, IA32_BIOS_SIGN_ID, &value),
			 MSR_DONE);
	assert_true(value == 1ULL << 32);

	assert_int_equal(guest_msr_write(&msrs, IA32_DEBUGCTL, 0), MSR_DONE);
	/* Neither LBR nor BTF can be set. */
	assert_int_equal(guest_msr_write(&msrs, IA32_DEBUGCTL, 1), MSR_FAULT);
	assert_int_equal(guest_msr_write(&msrs, IA32_DEBUGCTL, 2), MSR_FAULT);
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

static void assert_write(u32 index, u64 written, bool good)
{
	u64 before, after;

	assert_int_equal(guest_msr_read(&msrs, index, &before), MSR_DONE);
	assert_int_equal(guest_msr_write(&msrs, index, written),
			 good ? MSR_DONE : MSR_FAULT);
	assert_int_equal(guest_msr_read(&msrs, index, &after), MSR_DONE);
	assert_true(after == (good ? written : before));
}

/* SDM vol. 3A, 11.11.1 and 11.11.2. */
static void mtrrs(void **state)
{
	static const u32 fixed[] = { 0x250, 0x258, 0x259, 0x268, 0x269, 0x26a,
				     0x26b, 0x26c, 0x26d, 0x26e, 0x26f };
	u64 value;

	assert_int_equal(guest_msr_read(&msrs, 0xfe, &value), MSR_DONE);
	assert_int_equal(value, 0x508); /* 8 ranges, fixed ones, WC */
	assert_write(0xfe, 0x509, false);
	assert_int_equal(guest_msr_read(&msrs, 0x2ff, &value), MSR_DONE);
	assert_int_equal(value, 0xc06);
	assert_write(0x2ff, 0x800, true);
	assert_write(0x2ff, 0xc02, false);
	assert_write(0x2ff, 0xc07, false);
	assert_write(0x2ff, 0x1c06, false);
	for (size_t i = 0; i < ARRAY_SIZE(fixed); i++) {
		assert_write(fixed[i], 0x0001040506050401, true);
		assert_write(fixed[i], 0x0606060606060606, true);
		assert_write(fixed[i], 0x0706060606060606, false);
		assert_write(fixed[i], 0x0600000000000300, false);
	}
	/* From 3 to 4 GiB it is UC, as a PC's firmware leaves it. */
	guest_msr_read(&msrs, 0x200, &value);
	assert_true(value == 0xc0000000);
	guest_msr_read(&msrs, 0x201, &value);
	assert_true(value == 0x7fc0000800);
	for (u32 range = 0; range < 8; range++) {
		u64 base = 0x100000000 * (range + 1);

		assert_write(0x200 + 2 * range, base | 6, true);
		assert_write(0x200 + 2 * range, base | 7, false);
		assert_write(0x200 + 2 * range, base | 0x106, false);
		assert_write(0x200 + 2 * range, 1ULL << MAXPHYADDR, false);
		assert_write(0x201 + 2 * range, 0x7f00000800, true);
		assert_write(0x201 + 2 * range, 0x7f00000400, false);
		assert_write(0x201 + 2 * range, 0xff00000800, false);
	}
	for (u32 range = 0; range < 8; range++) { /* each has its own value */
		guest_msr_read(&msrs, 0x200 + 2 * range, &value);
		assert_true(value == (0x100000000 * (range + 1) | 6));
	}
	assert_int_equal(guest_msr_read(&msrs, 0x210, &value), MSR_FAULT);
	assert_int_equal(guest_msr_read(&msrs, 0x257, &value), MSR_FAULT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(table_is_in_order, setup),
		cmocka_unit_test_setup(who_answers, setup),
		cmocka_unit_test_setup(values, setup),
		cmocka_unit_test_setup(memory_types, setup),
		cmocka_unit_test_setup(mtrrs, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
