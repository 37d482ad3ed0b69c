/* SPDX-License-Identifier: MIT */
/* The command line's options: the rung, and the switches over it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "boot/options.h"
#include "guest/builtin/builtin.h"
#include "mmu/policy.h"

#define LINE_SIZE 64
#define LOG_SIZE 8192

static struct options options;

static const struct mmu_policy *policy_of(const char *cmdline)
{
	assert_true(options_parse(cmdline, &options));
	return &options.vm.policy;
}

static void assert_rung(const char *cmdline, unsigned int rung)
{
	assert_memory_equal(policy_of(cmdline), &mmu_rung_policies[rung],
			    sizeof(struct mmu_policy));
}

static void test_rungs(void **state)
{
	char line[LINE_SIZE];

	assert_rung("", MMU_TARGETS);
	for (unsigned int i = 0; i < MMU_RUNGS; i++) {
		snprintf(line, sizeof(line), "mmu=%s", mmu_rung_names[i]);
		assert_rung(line, i);
	}
	assert_false(options_parse("mmu=sideways", &options));
}

/* A switch overrides the rung, wherever it stands on the line. */
static void test_switches(void **state)
{
	assert_false(policy_of("mmu.bypass=0")->bypass);
	assert_true(policy_of("mmu.open=1 mmu=vtlb")->open);
	assert_rung("mmu.bypass=0 mmu.bypass=rung", MMU_TARGETS);
	assert_false(options_parse("mmu.bypass=2", &options));
}

static void test_prefetch(void **state)
{
	assert_int_equal(policy_of("")->prefetch, MMU_PREFETCH_DEFAULT);
	assert_int_equal(policy_of("mmu=vtlb")->prefetch, MMU_PREFETCH_OFF);
	assert_int_equal(policy_of("mmu.prefetch=0")->prefetch,
			 MMU_PREFETCH_OFF);
	assert_int_equal(policy_of("mmu.prefetch=1")->prefetch,
			 MMU_PREFETCH_OFF);
	assert_int_equal(policy_of("mmu.prefetch=12")->prefetch, 8);
	assert_int_equal(policy_of("mmu=vtlb mmu.prefetch=512")->prefetch, 512);
	assert_false(options_parse("mmu.prefetch=513", &options));
}

/* The lines that are printed for a command line with a fault. */
static const char *complaint_about(const char *cmdline)
{
	static char text[LOG_SIZE];
	FILE *before = stderr;
	bool good;

	stderr = fmemopen(text, sizeof(text), "w");
	good = options_parse(cmdline, &options);
	fclose(stderr);
	stderr = before;
	assert_false(good);
	return text;
}

static void test_trace_kinds(void **state)
{
	const char *text;

	policy_of("trace=9 trace.kinds=fill,inject,exit");
	policy_of("trace.kinds=fill");
	assert_non_null(strstr(complaint_about("trace=9 trace.kinds=exit"),
			       "needs exit and inject"));
	assert_non_null(strstr(complaint_about("trace=9 trace.kinds=inject"),
			       "needs exit and inject"));
	/* All faults are reported, and the rest of the line counts. */
	text = complaint_about("trace.kinds=x nonsense=1 mmu=vtlb");
	assert_non_null(strstr(text, "trace.kinds=x: the names are all"));
	assert_non_null(strstr(text, "nonsense"));
	assert_memory_equal(&options.vm.policy, &mmu_rung_policies[MMU_VTLB],
			    sizeof(struct mmu_policy));
}

/* The message has the right values, or the nearest option. */
static void test_complaints(void **state)
{
	static const struct {
		const char *cmdline, *words;
	} cases[] = {
		{ "mmu=nowlk", "this option has no such value" },
		{ "mmu=nowlk", "its values: vtlb, cached, update, bypass, " },
		{ "mmu.cache", "needs a value" },
		{ "mmu.cache", "its values: 0, 1, rung" },
		{ "probe=2", "its values: 1, on, yes; 0, off, no" },
		{ "mmu.pages=1", "out of range" },
		{ "mmu.pages=1", "its values: 16 to " },
		{ "guest", "its value: at most " },
		{ "bus-master", "there is no such option" },
		{ "bus-master", "nearest option" },
		{ "bus-master", "busmaster: " },
		{ "guest=\"x", "the quote is not closed" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		if (!strstr(complaint_about(cases[i].cmdline), cases[i].words))
			fail_msg("%s: the message lacks \"%s\"",
				 cases[i].cmdline, cases[i].words);
	assert_null(strstr(complaint_about("guest=\"x"), "nearest"));
}

/* A comma separates the parts of one argument: it ends no name. */
static void test_builtin_guests(void **state)
{
	assert_true(builtin_exists("hello"));
	assert_true(builtin_exists("exit-status 7"));
	assert_true(builtin_exists("demo:bypass,3"));
	assert_false(builtin_exists("nobody"));
	assert_false(builtin_exists("hello,x"));
	assert_false(builtin_exists("demo,bypass"));
	assert_true(builtin_is_named("bypass", "bypass"));
	assert_false(builtin_is_named("bypass,nowalk", "bypass"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rungs),
		cmocka_unit_test(test_switches),
		cmocka_unit_test(test_prefetch),
		cmocka_unit_test(test_trace_kinds),
		cmocka_unit_test(test_complaints),
		cmocka_unit_test(test_builtin_guests),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
