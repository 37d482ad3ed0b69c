/* SPDX-License-Identifier: MIT */
/*
 * The rungs: a change of one changes all figures in docs/. So each is repeated
 * here, by its difference from the rung below.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "mmu/policy.h"

#define RULE "docs/mmu.md (The ladder) and this test say what a rung is"

/* The switches that a rung adds to the one below, and its prefetch. */
static const struct {
	const char *name;
	const char *adds[2];
	u16 prefetch;
} rungs[MMU_RUNGS] = {
	{ "vtlb", { 0 }, 1 },
	{ "cached", { "mmu.cache" }, 1 },
	{ "update", { "mmu.update" }, 1 },
	{ "bypass", { "mmu.bypass" }, 1 },
	{ "prefetch", { 0 }, 8 },
	{ "nowalk", { "mmu.nowalk" }, 8 },
	{ "cheap", { "mmu.cheap" }, 8 },
	{ "open", { "mmu.open", "mmu.prefill" }, 8 },
	{ "targets", { "mmu.targets", "mmu.denied" }, 8 },
};

/* Returns true if the rung, or one below, adds the switch. */
static bool is_on(int rung, const char *name)
{
	for (; rung >= 0; rung--)
		for (int i = 0; i < 2; i++)
			if (rungs[rung].adds[i] &&
			    strcmp(rungs[rung].adds[i], name) == 0)
				return true;
	return false;
}

static void check_switch(int rung, unsigned int i)
{
	bool found = mmu_switch_get(&mmu_rung_policies[rung], i);
	const char *name = mmu_switches[i].name;

	if (found != is_on(rung, name))
		fail_msg("the rung %s has %s=%d, should have %s=%d: " RULE,
			 rungs[rung].name, name, found, name, !found);
}

static void each_rung(void **state)
{
	for (int rung = 0; rung < MMU_RUNGS; rung++) {
		u16 prefetch = mmu_rung_policies[rung].prefetch;

		if (!rungs[rung].name)
			fail_msg("the rung %s is new: write down here what it "
				 "adds",
				 mmu_rung_names[rung]);
		assert_string_equal(mmu_rung_names[rung], rungs[rung].name);
		for (unsigned int i = 0; i < MMU_SWITCHES; i++)
			check_switch(rung, i);
		if (prefetch != rungs[rung].prefetch)
			fail_msg("the rung %s has mmu.prefetch=%u, should have "
				 "mmu.prefetch=%u: " RULE,
				 rungs[rung].name, prefetch,
				 rungs[rung].prefetch);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(each_rung) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
