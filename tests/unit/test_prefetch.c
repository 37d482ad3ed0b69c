/* SPDX-License-Identifier: MIT */
/*
 * Prefetch: a fault also fills its neighbours in an aligned window, if the
 * guest can't notice it. Counted in exits.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "low_tables.h"

#define WINDOW MMU_PREFETCH_DEFAULT
#define TARGET 21ULL
/* The first entry of a window in the middle of the table. */
#define FIRST (4 * WINDOW)

static gva_t page_gva(u32 slot)
{
	return slot * PAGE_SIZE;
}

/* Three windows of pages; all lead to one frame. */
static int set_up(void **state)
{
	low_tables(MMU_PREFETCH);
	for (u32 slot = FIRST - WINDOW; slot < FIRST + 2 * WINDOW; slot++)
		*world_gpte(LOW_PT, slot) = TARGET << 12 | LINKED;
	return 0;
}

static void window_is_filled(void **state)
{
	world_costs(page_gva(FIRST + 3), 0, 1, "the fault itself");
	for (u32 slot = FIRST; slot < FIRST + WINDOW; slot++)
		world_costs(page_gva(slot), PFEC_W, 0,
			    "the fault has filled its neighbours");
	world_audit();
}

static void window_is_aligned(void **state)
{
	world_costs(page_gva(FIRST + WINDOW - 1), 0, 1, "the fault itself");
	world_costs(page_gva(FIRST), 0, 0, "the first entry of the window");
	world_costs(page_gva(FIRST - 1), 0, 1, "the entry before the window");
	world_costs(page_gva(FIRST + WINDOW), 0, 1,
		    "the entry behind the window");
	world_audit();
}

static void flags_are_the_guests(void **state)
{
	u64 entry = TARGET << 12 | (LINKED & ~PTE_D);

	*world_gpte(LOW_PT, FIRST + 1) = entry;
	*world_gpte(LOW_PT, FIRST + 2) = entry & ~PTE_A;
	world_costs(page_gva(FIRST), 0, 1, "the fault itself");
	world_accessed_dirty(LOW_PT, FIRST + 2, 0);
	world_costs(page_gva(FIRST + 1), 0, 0, "A is set: filled");
	world_costs(page_gva(FIRST + 1), PFEC_W, 1,
		    "invariant 3: D is clear, so the first write must exit");
	world_costs(page_gva(FIRST + 2), 0, 1,
		    "invariant 3: A is clear, so the first access must exit");
	world_audit();
}

static void rights_are_the_guests(void **state)
{
	*world_gpte(LOW_PT, FIRST + 1) = TARGET << 12 | (LINKED & ~PTE_W);
	world_costs(page_gva(FIRST), 0, 1, "the fault itself");
	world_costs(page_gva(FIRST + 1), 0, 0, "the neighbour may be read");
	access_faults(page_gva(FIRST + 1), PFEC_W,
		      "invariant 2: the neighbour's entry has no W");
	world_audit();
}

/* Neighbours of every kind that must not be filled. */
static void what_is_no_page(void **state)
{
	struct hardware h;

	*world_gpte(LOW_PT, FIRST + 1) = 0xfee00000 | LINKED;
	*world_gpte(LOW_PT, FIRST + 2) = TARGET << 12 | LINKED |
					 BIT(WORLD_MAXPHYADDR);
	*world_gpte(LOW_PT, FIRST + 3) = TARGET << 12 | (LINKED & ~PTE_P);
	world_costs(page_gva(FIRST), 0, 1, "the fault itself");
	world_costs(page_gva(FIRST + 4), 0, 0, "the neighbour is filled");
	world_access(page_gva(FIRST + 1), 0, &h);
	world_require(h.result == HW_EXIT, page_gva(FIRST + 1),
		      "invariant 5: there is no RAM, so the access exits");
	access_faults(page_gva(FIRST + 2), 0,
		      "invariant 4: the neighbour's entry has a reserved bit");
	access_faults(page_gva(FIRST + 3), 0, "the neighbour is not present");
	world_audit();
}

static void large_page(void **state)
{
	gva_t gva = 2 * MIB;

	*world_gpte(LOW_PD, 1) = LINKED | PTE_PS;
	world_costs(gva + page_gva(FIRST), 0, 1, "the fault itself");
	world_costs(gva + page_gva(FIRST + 1), 0, 0,
		    "another piece of the same large page is filled");
	access_leads_to(gva + page_gva(FIRST + 1), FIRST + 1,
			"the neighbour is the next frame of the large page");
	world_audit();
}

#define TEST(name) cmocka_unit_test_setup(name, set_up)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(window_is_filled),	    TEST(window_is_aligned),
		TEST(flags_are_the_guests), TEST(rights_are_the_guests),
		TEST(what_is_no_page),	    TEST(large_page),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
