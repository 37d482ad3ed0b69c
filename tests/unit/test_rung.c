/* SPDX-License-Identifier: MIT */
/* A policy in words, which the command line must read back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "boot/options.h"
#include "vmx/report/rung.h"

static struct options options;
static char words[RUNG_WORDS_SIZE];

static const char *rung_in_words(const char *cmdline)
{
	assert_true(options_parse(cmdline, &options));
	rung_words(&options.vm.policy, words);
	return words;
}

static void test_words(void **state)
{
	assert_string_equal(rung_in_words(""), "mmu=targets");
	assert_string_equal(rung_in_words("mmu=cached"), "mmu=cached");
	assert_string_equal(rung_in_words("mmu.bypass=0 mmu.prefetch=16"),
			    "mmu=targets mmu.bypass=0 mmu.prefetch=16");
	assert_string_equal(rung_in_words("mmu=vtlb mmu.open=1"),
			    "mmu=vtlb mmu.open=1");
	/* Switches that make another rung are shown as that rung. */
	assert_string_equal(rung_in_words("mmu=bypass mmu.bypass=0"),
			    "mmu=update");
}

static void test_names(void **state)
{
	for (unsigned int i = 0; i < MMU_RUNGS; i++)
		assert_string_equal(rung_name(&mmu_rung_policies[i]),
				    mmu_rung_names[i]);
	rung_in_words("mmu=vtlb mmu.open=1");
	assert_null(rung_name(&options.vm.policy));
}

/* Every combination of switches, there and back. */
static void test_there_and_back(void **state)
{
	static struct mmu_policy policy; /* its padding is 0 */

	for (unsigned int bits = 0; bits < 1U << 9; bits++) {
		policy.cache = bits & 1;
		policy.update = bits & 2;
		policy.bypass = bits & 4;
		policy.nowalk = bits & 8;
		policy.cheap = bits & 16;
		policy.open = bits & 32;
		policy.prefill = bits & 64;
		policy.targets = bits & 128;
		policy.prefetch = bits & 256 ? MMU_PREFETCH_MAX
					     : MMU_PREFETCH_OFF;
		rung_words(&policy, words);
		assert_true(strlen(words) < sizeof(words) - 1);
		assert_true(options_parse(words, &options));
		assert_memory_equal(&options.vm.policy, &policy,
				    sizeof(policy));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_there_and_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
