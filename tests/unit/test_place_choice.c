/* SPDX-License-Identifier: MIT */
/* The choice of placed roots, and its hysteresis. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "mmu/page/page.h"
#include "mmu/page/place.h"

#define SPACES 64
#define ROUNDS 2000

static struct mmu mmu;
static struct shadow_page roots[SPACES];

/* The result of loading a number of spaces in turn. */
struct outcome {
	u32 exits; /* loads of roots that were not placed */
	u32 placed; /* number of times that a root was placed */
};

static int slot_of(const struct shadow_page *sp)
{
	for (u32 i = 0; i < mmu.config.targets; i++)
		if (mmu.placing.slots[i] == sp)
			return (int)i;
	return PLACE_NOWHERE;
}

/* Loads @sp; @before is the root that the exit finds in use. */
static void load_root(struct shadow_page *sp, struct shadow_page *before,
		      struct outcome *outcome)
{
	int n;

	if (slot_of(sp) != PLACE_NOWHERE)
		return;
	outcome->exits++;
	if (slot_of(before) != PLACE_NOWHERE)
		mmu.placing.slots[slot_of(before)]->seen = mmu.placing.loads;
	n = place_count_load(&mmu, sp);
	if (n == PLACE_NOWHERE)
		return;
	outcome->placed++;
	mmu.placing.slots[n] = sp;
	sp->seen = mmu.placing.loads;
}

static struct outcome in_turn(u32 spaces)
{
	struct outcome outcome = { 0 };

	for (u32 i = 1; i <= ROUNDS * spaces; i++)
		load_root(&roots[i % spaces], &roots[(i - 1) % spaces],
			  &outcome);
	return outcome;
}

static int set_up(void **state)
{
	(void)state;
	memset(&mmu, 0, sizeof(mmu));
	memset(roots, 0, sizeof(roots));
	mmu.config.targets = MMU_TARGETS_MAX;
	/* The roots are old. */
	mmu.placing.loads = 1000;
	return 0;
}

/* As many spaces as targets: all are placed at once, and stay. */
static void four_spaces(void **state)
{
	struct outcome outcome = in_turn(4);

	(void)state;
	assert_int_equal(outcome.placed, 4);
	assert_int_equal(outcome.exits, 4);
}

/*
 * One more: less than a quarter of the loads exit, and few of these place one.
 */
static void five_spaces(void **state)
{
	struct outcome outcome = in_turn(5);

	(void)state;
	assert_true(outcome.exits < ROUNDS * 5 / 4);
	assert_true(outcome.placed * 10 <= outcome.exits);
}

/* Many roots are equally hot: few frames are moved in vain. */
static void many_spaces(void **state)
{
	struct outcome outcome = in_turn(8);

	(void)state;
	assert_true(outcome.exits <= ROUNDS * 8 * 3 / 4);
	assert_true(outcome.placed * 16 <= outcome.exits);
	set_up(NULL);
	assert_int_equal(in_turn(64).placed, MMU_TARGETS_MAX);
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
	assert_null(mmu.placing.slots[1]);
}

/* Two other spaces become hot: they take the slots of roots not in use. */
static void others_become_hot(void **state)
{
	struct outcome outcome = { 0 };

	(void)state;
	in_turn(4);
	for (u32 i = 1; i <= 1000; i++)
		load_root(&roots[4 + i % 2], &roots[4 + (i - 1) % 2], &outcome);
	assert_int_equal(outcome.placed, 2);
	assert_true(outcome.exits >= 16);
	assert_true(outcome.exits < 64);
}

/*
 * Processes that live for seven loads each take turns, while three roots are in
 * use and the fourth one is not. The first one gets its slot, and the others
 * get the same slot at their first load.
 */
static void short_lives(void **state)
{
	struct outcome outcome = { 0 };

	(void)state;
	in_turn(4);
	for (u32 life = 0; life < 1000; life++) {
		struct shadow_page *sp = &roots[4 + life % 32];

		sp->loads = 0;
		sp->born = mmu.placing.loads;
		for (u32 i = 0; i < 7; i++) {
			load_root(sp, &roots[i % 3], &outcome);
			load_root(&roots[i % 3], sp, &outcome);
		}
		assert_int_equal(outcome.exits, 3 + life);
		mmu.placing.slots[slot_of(sp)] = NULL;
		mmu.placing.full = false;
	}
	assert_int_equal(outcome.placed, 1000);
}

/* A young root takes no slot of a root that was in use since it was made. */
static void young_but_not_hotter(void **state)
{
	struct outcome outcome = { 0 };

	(void)state;
	in_turn(4);
	roots[4].born = mmu.placing.loads;
	for (u32 i = 0; i < MMU_TARGETS_MAX; i++)
		mmu.placing.slots[i]->seen = mmu.placing.loads;
	for (u32 i = 0; i < 12; i++)
		load_root(&roots[4], &roots[0], &outcome);
	assert_int_equal(outcome.placed, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(four_spaces, set_up),
		cmocka_unit_test_setup(five_spaces, set_up),
		cmocka_unit_test_setup(many_spaces, set_up),
		cmocka_unit_test_setup(fewer_targets, set_up),
		cmocka_unit_test_setup(others_become_hot, set_up),
		cmocka_unit_test_setup(short_lives, set_up),
		cmocka_unit_test_setup(young_but_not_hotter, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
