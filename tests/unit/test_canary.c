/* SPDX-License-Identifier: MIT */
/* Canaries: the frames that they take, and that each changed byte is found. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "guest/canary.h"

#define FRAMES 1024 /* the machine: 4 MiB, of which the guest gets 2 */
#define STRIDE 32

static u8 ram[FRAMES][PAGE_SIZE] __attribute__((aligned(PAGE_SIZE)));
static bool taken[FRAMES];
static hfn_t left; /* frames that claim_any() may take: those below */
static void *tables[2];
static unsigned int table_count;
static struct guest_memory gm;
static struct canaries canaries;

static bool claim(hfn_t hfn)
{
	assert_true(hfn < FRAMES);
	if (taken[hfn])
		return false;
	taken[hfn] = true;
	return true;
}

static hfn_t claim_any(void)
{
	for (hfn_t hfn = left; hfn-- > 0;)
		if (claim(hfn))
			return hfn;
	return HFN_NONE;
}

static void *alloc(size_t pages)
{
	assert_true(table_count < ARRAY_SIZE(tables));
	tables[table_count] = calloc(pages, PAGE_SIZE);
	return tables[table_count++];
}

static void *map(hfn_t hfn)
{
	return ram[hfn];
}

static const struct guest_memory_ops ops = { claim, claim_any, alloc, map };

static int setup(void **state)
{
	memset(ram, 0xee, sizeof(ram));
	memset(taken, 0, sizeof(taken));
	table_count = 0;
	left = FRAMES;
	return guest_memory_init(&gm, &ops, 2 * MIB) == GUEST_MEMORY_OK ? 0
									: -1;
}

static int teardown(void **state)
{
	while (table_count)
		free(tables[--table_count]);
	return 0;
}

static bool all_are_well(hpa_t *damaged)
{
	for (u64 i = 0; i < canaries.count; i++)
		if (!canary_check(&canaries, damaged))
			return false;
	return true;
}

/* The hole at A0H to B7H has none: 144 and 176 are RAM. */
static void one_in_so_many(void **state)
{
	hpa_t damaged;

	assert_true(canaries_plant(&canaries, &gm, STRIDE));
	assert_int_equal(canaries.count, gm.gfn_count / STRIDE - 1);
	assert_int_equal(gm.relocated, canaries.count);
	for (gfn_t gfn = 0; gfn < gm.gfn_count; gfn++) {
		bool kept = gfn % STRIDE == STRIDE / 2 && gfn != 176;

		if (guest_memory_hfn(&gm, gfn) == HFN_NONE)
			continue;
		assert_int_equal(guest_memory_hfn(&gm, gfn) != gfn, kept);
		/* The guest sees zeros, wherever they are. */
		assert_int_equal(*(u8 *)guest_memory_map(&gm, gfn * PAGE_SIZE),
				 0);
		memset(guest_memory_map(&gm, gfn * PAGE_SIZE), 0xff, PAGE_SIZE);
	}
	assert_true(all_are_well(&damaged));
	assert_true(canaries_memory(gm.gfn_count, STRIDE) >=
		    canaries.count * PAGE_SIZE);
}

static void every_byte_counts(void **state)
{
	hpa_t damaged = 0;

	assert_true(canaries_plant(&canaries, &gm, STRIDE));
	for (u64 at = 0; at < PAGE_SIZE; at++) {
		hfn_t hfn = canaries.hfn[at % canaries.count];

		ram[hfn][at] ^= 0x10;
		assert_false(all_are_well(&damaged));
		assert_int_equal(damaged, (hfn << PAGE_SHIFT) + (at & ~7ULL));
		ram[hfn][at] ^= 0x10;
		assert_true(all_are_well(&damaged));
	}
	/* A copy of another canary is damage, too. */
	memcpy(ram[canaries.hfn[1]], ram[canaries.hfn[0]], PAGE_SIZE);
	assert_false(all_are_well(&damaged));
}

static void too_little_memory(void **state)
{
	left = 170; /* ten frames of the hole */
	assert_false(canaries_plant(&canaries, &gm, STRIDE));
}

static void none(void **state)
{
	hpa_t damaged;

	canaries = (struct canaries){ .ops = &ops };
	assert_true(canary_check(&canaries, &damaged));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(one_in_so_many, setup,
						teardown),
		cmocka_unit_test_setup_teardown(every_byte_counts, setup,
						teardown),
		cmocka_unit_test_setup_teardown(too_little_memory, setup,
						teardown),
		cmocka_unit_test_setup_teardown(none, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
