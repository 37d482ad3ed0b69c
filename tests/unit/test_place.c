/* SPDX-License-Identifier: MIT */
/* Which roots are placed, and which give way: choice and hysteresis. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "mmu/place.h"

#define SPACES 64
#define ROUNDS 2000

static struct mmu mmu;
static struct shadow_page roots[SPACES];

/* What a number of spaces, loaded in turn, have come to. */
struct outcome {
	u32 exits; /* loads of roots that were not placed */
	u32 placed; /* number of times that a root was placed */
};

static int slot_of(const struct shadow_page *sp)
{
	for (u32 i = 0; i < mmu.config.targets; i++)
		if (mmu.placing.slots[i].sp == sp)
			return (int)i;
	return PLACE_NOWHERE;
}

static u32 window(void)
{
	struct shadow_page probe = { 0 };
	u32 loads = mmu.placing.loads, now;

	place_count_load(&mmu, &probe);
	mmu.placing.loads = loads;
	now = probe.window;
	return now;
}

/* A load; what is in use before it is what the exit finds. */
static void load(struct shadow_page *sp, struct shadow_page *before,
		 struct outcome *outcome)
{
	int n;

	if (slot_of(sp) != PLACE_NOWHERE)
		return;
	outcome->exits++;
	if (slot_of(before) != PLACE_NOWHERE)
		mmu.placing.slots[slot_of(before)].seen = window();
	n = place_count_load(&mmu, sp);
	if (n == PLACE_NOWHERE)
		return;
	outcome->placed++;
	mmu.placing.slots[n].sp = sp;
	mmu.placing.slots[n].seen = window();
}

static struct outcome in_turn(u32 spaces)
{
	struct outcome outcome = { 0 };

	for (u32 i = 1; i <= ROUNDS * spaces; i++)
		load(&roots[i % spaces], &roots[(i - 1) % spaces], &outcome);
	return outcome;
}

static int set_up(void **state)
{
	(void)state;
	memset(&mmu, 0, sizeof(mmu));
	memset(roots, 0, sizeof(roots));
	mmu.config.targets = MMU_TARGETS_MAX;
	return 0;
}

/* As many spaces as targets: all are placed soon, and stay. */
static void four_spaces(void **state)
{
	struct outcome outcome = in_turn(4);

	(void)state;
	assert_int_equal(outcome.placed, 4);
	assert_true(outcome.exits < 100);
}

/* One more: less than half of the loads exit, and few of these place. */
static void five_spaces(void **state)
{
	struct outcome outcome = in_turn(5);

	(void)state;
	assert_true(outcome.exits < ROUNDS * 5 / 2);
	assert_true(outcome.placed * 12 <= outcome.exits);
}

/* Many equally hot: no frame is moved for nothing. */
static void many_spaces(void **state)
{
	(void)state;
	assert_int_equal(in_turn(8).placed, 0);
	set_up(NULL);
	assert_int_equal(in_turn(64).placed, 0);
}

/* Processors have fewer targets, or none at all. */
static void fewer_targets(void **state)
{
	(void)state;
	mmu.config.targets = 0;
	assert_int_equal(in_turn(2).placed, 0);
	set_up(NULL);
	mmu.config.targets = 1;
	assert_true(in_turn(2).placed >= 1);
	assert_null(mmu.placing.slots[1].sp);
}

/* Two other spaces become hot: they take the slots of those not in use. */
static void others_become_hot(void **state)
{
	struct outcome outcome = { 0 };

	(void)state;
	in_turn(4);
	for (u32 i = 1; i <= 1000; i++)
		load(&roots[4 + i % 2], &roots[4 + (i - 1) % 2], &outcome);
	assert_int_equal(outcome.placed, 2);
	assert_true(outcome.exits > 64);
	assert_true(outcome.exits < 200);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(four_spaces, set_up),
		cmocka_unit_test_setup(five_spaces, set_up),
		cmocka_unit_test_setup(many_spaces, set_up),
		cmocka_unit_test_setup(fewer_targets, set_up),
		cmocka_unit_test_setup(others_become_hot, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
