/* SPDX-License-Identifier: MIT */
/*
 * The processor's set-up, with cpu.c included, on a processor whose firmware
 * has set every bit of every register.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

#include "arch/x86/cpu.h"
#include "arch/x86/cpuid.h"
#include "arch/x86/msr.h"
#include "arch/x86/regs.h"

struct fake_msr {
	u32 index;
	bool refuses; /* a write */
	u64 value;
};

static struct fake_msr msrs[] = {
	{ .index = IA32_APIC_BASE },
	{ .index = MSR_TEST_CTRL },
	{ .index = IA32_SPEC_CTRL },
	{ .index = IA32_MISC_ENABLE },
	{ .index = IA32_DEBUGCTL },
	{ .index = IA32_MTRR_DEF_TYPE },
	{ .index = IA32_PERF_GLOBAL_CTRL },
	{ .index = IA32_RTIT_CTL },
	{ .index = IA32_EFER },
};

static u64 cr0_now, cr4_now, dr7_now;
static u64 writes;
static u32 feature_bits; /* in each register of each leaf */

static struct fake_msr *find_msr(u32 index)
{
	for (size_t i = 0; i < ARRAY_SIZE(msrs); i++)
		if (msrs[i].index == index)
			return &msrs[i];
	return NULL;
}

static bool fake_read(u32 index, u64 *value)
{
	struct fake_msr *msr = find_msr(index);

	if (msr)
		*value = msr->value;
	return msr;
}

static bool fake_write(u32 index, u64 value)
{
	struct fake_msr *msr = find_msr(index);

	writes++;
	if (!msr || msr->refuses)
		return false;
	msr->value = value;
	return true;
}

static struct cpuid_result fake_cpuid(u32 leaf, u32 subleaf)
{
	u32 r = feature_bits;

	return (struct cpuid_result){ r, r, r, r };
}

#define cpuid fake_cpuid
#define msr_read_safe fake_read
#define msr_write_safe fake_write
#define wrmsr(index, value) assert_true(fake_write(index, value))
#define cr0_write(value) (cr0_now = (value))
#define cr4_write(value) (cr4_now = (value))
#define dr7_write(value) (dr7_now = (value))

#include "arch/x86/cpu.c"

static int setup(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(msrs); i++) {
		msrs[i].value = ~0ULL;
		msrs[i].refuses = false;
	}
	cr0_now = cr4_now = dr7_now = ~0ULL;
	feature_bits = ~0U;
	writes = 0;
	return 0;
}

static void nothing_of_the_firmware_stays(void **state)
{
	static const struct fake_msr after[] = {
		{ IA32_APIC_BASE, .value = ~0ULL },
		{ IA32_MTRR_DEF_TYPE, .value = ~0ULL },
		{ MSR_TEST_CTRL, .value = ~(BIT(28) | BIT(29)) },
		{ IA32_MISC_ENABLE, .value = ~(BIT(22) | BIT(34)) },
		{ IA32_SPEC_CTRL, .value = 0 },
		{ IA32_DEBUGCTL, .value = 0 },
		{ IA32_PERF_GLOBAL_CTRL, .value = 0 },
		{ IA32_RTIT_CTL, .value = 0 },
		{ IA32_EFER, .value = BIT(8) | BIT(10) | BIT(11) },
	};

	cpu_init();
	for (size_t i = 0; i < ARRAY_SIZE(after); i++)
		assert_int_equal(find_msr(after[i].index)->value,
				 after[i].value);
	assert_int_equal(cr0_now, 0x80010033);
	assert_int_equal(cr4_now, 0x40660);
	assert_int_equal(dr7_now, 0x400);
}

/* Without any of the features, EFER alone is written. */
static void a_plain_processor_is_left_alone(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(msrs); i++)
		msrs[i].value = 0;
	feature_bits = 0;
	cpu_init();
	assert_int_equal(writes, 1);
	assert_int_equal(find_msr(IA32_EFER)->value, BIT(8) | BIT(10));
	assert_int_equal(cr4_now, 0x20);
}

/* Umbra goes on without it. */
static void a_write_may_be_refused(void **state)
{
	find_msr(IA32_RTIT_CTL)->refuses = true;
	cpu_init();
	assert_int_equal(find_msr(IA32_SPEC_CTRL)->value, 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup(name, setup)
	const struct CMUnitTest tests[] = {
		TEST(nothing_of_the_firmware_stays),
		TEST(a_plain_processor_is_left_alone),
		TEST(a_write_may_be_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
