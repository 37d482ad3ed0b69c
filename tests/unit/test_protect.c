/* SPDX-License-Identifier: MIT */
/*
 * Guest tables are write-protected, and the shadow follows a write to one: on
 * the rung `cached`, where the entry that is written is only taken down.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "low_tables.h"

#define PT LOW_PT
#define GVA 0x5000ULL
#define WINDOW 0x6000ULL
#define OTHER_TABLE 30ULL
#define TARGET 21ULL

static int set_up(void **state)
{
	struct hardware h;

	low_tables(MMU_CACHED);
	*world_gpte(PT, 5) = TARGET << 12 | LINKED;
	*world_gpte(PT, 6) = OTHER_TABLE << 12 | LINKED;
	*world_gpte(OTHER_TABLE, 5) = TARGET << 12 | LINKED;
	*world_gpte(LOW_PD, 1) = OTHER_TABLE << 12 | LINKED;
	world_access(GVA, 0, &h);
	world_access(WINDOW, PFEC_W, &h);
	if (h.result != HW_OK)
		fail_msg("a write to a page that is no table must be done by "
			 "the processor");
	return 0;
}

/*
 * The page that WINDOW maps writable becomes a page table by the next access.
 */
static void writable_entries_lose_w(void **state)
{
	struct hardware h;

	access_leads_to(GVA + 2 * MIB, TARGET, "the new table translates");
	world_access(WINDOW, PFEC_W, &h);
	world_require(h.result == HW_EXIT, WINDOW,
		      "invariant 1: the frame has become a table, so a write "
		      "by an entry that was writable before must exit");
	world_access(WINDOW, 0, &h);
	world_require(h.result == HW_OK, WINDOW, "a table may still be read");
	world_audit();
}

static void new_table_flushes(void **state)
{
	u64 before = world_flushes;

	access_leads_to(GVA + 2 * MIB, TARGET, "the new table translates");
	if (world_flushes == before)
		fail_msg(
			"invariants 1 and 6: a writable translation of the new "
			"table may be in the TLB: flush");
}

/* First half an entry: the MMU has a shorter way for a write of a whole one. */
static void write_is_followed(void **state)
{
	u32 half = 22 << 12 | LINKED;

	mmu_write(&world_cpu, PT * PAGE_SIZE + 5 * 8, &half, sizeof(half));
	access_leads_to(GVA, 22,
			"invariant 1: the guest has changed the entry, and the "
			"shadow still leads to the old page");
	write_gpte(PT, 5, 0);
	access_faults(GVA, 0, "the guest has cleared the entry");
	access_leads_to(WINDOW, OTHER_TABLE,
			"the neighbour has not been written");
	world_audit();
}

static void straddling_write(void **state)
{
	u64 zero = 0;

	mmu_write(&world_cpu, PT * PAGE_SIZE + 5 * 8 + 4, &zero, 8);
	mmu_write(&world_cpu, PT * PAGE_SIZE + 5 * 8, &zero, 4);
	access_faults(GVA, 0, "the first entry that the write hits is cleared");
	access_faults(WINDOW, 0,
		      "the second entry that the write hits is cleared");
	world_audit();
}

/* One page table below a writable and below a read-only entry: two shadows. */
static void all_shadows_follow(void **state)
{
	write_gpte(LOW_PD, 1, PT << 12 | (LINKED & ~PTE_W));
	access_leads_to(GVA + 2 * MIB, TARGET, "the table has a second shadow");
	write_gpte(PT, 5, 22 << 12 | LINKED);
	access_leads_to(GVA, 22, "the first shadow follows the write");
	access_leads_to(GVA + 2 * MIB, 22,
			"the second shadow follows the write");
	world_audit();
}

static void unshadow(void **state)
{
	u64 before;

	write_gpte(LOW_PD, 1, PT << 12 | (LINKED & ~PTE_W));
	access_leads_to(GVA + 2 * MIB, TARGET, "the table has a second shadow");
	before = world_flushes;
	if (!mmu_unshadow(&world_cpu, PT))
		fail_msg("mmu_unshadow() must tell that there was a shadow");
	if (world_mmu->frames[PT].shadowed)
		fail_msg("the frame has two shadows, and after mmu_unshadow() "
			 "one is left");
	if (world_flushes == before)
		fail_msg("a TABLE that is taken down may be in a "
			 "paging-structure cache: flush");
	if (mmu_unshadow(&world_cpu, PT))
		fail_msg("the second mmu_unshadow() has found no shadow, and "
			 "must return false");
	access_leads_to(GVA, TARGET, "the next access makes the shadow again");
	world_audit();
}

#define TEST(name) cmocka_unit_test_setup(name, set_up)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(writable_entries_lose_w), TEST(new_table_flushes),
		TEST(write_is_followed),       TEST(straddling_write),
		TEST(all_shadows_follow),      TEST(unshadow),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
