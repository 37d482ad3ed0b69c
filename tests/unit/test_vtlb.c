/* SPDX-License-Identifier: MIT */
/*
 * The rung `vtlb`: the shadow is a TLB in software. A fault fills it, it may be
 * stale as a TLB may, and INVLPG and a load of CR3 drop entries.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "low_tables.h"

#define GVA 0x5000ULL
#define NEIGHBOUR 0x6000ULL
#define OLD 21ULL
#define NEW 22ULL
#define OTHER 23ULL
#define OTHER_TABLE 30ULL

static int set_up(void **state)
{
	low_tables(MMU_VTLB);
	*world_gpte(LOW_PT, 5) = OLD << 12 | LINKED;
	*world_gpte(LOW_PT, 6) = OTHER << 12 | LINKED;
	*world_gpte(LOW_PD, 1) = OTHER_TABLE << 12 | LINKED;
	*world_gpte(OTHER_TABLE, 5) = OTHER << 12 | LINKED;
	access_leads_to(GVA, OLD, "the first access fills the entry");
	return 0;
}

static void filled_once(void **state)
{
	world_costs(GVA, PFEC_W, 0, "the entry is there by now");
	world_costs(NEIGHBOUR, 0, 1, "one fill an entry");
	write_gpte(LOW_PT, 5, NEW << 12 | LINKED);
	world_costs(GVA, 0, 0, "nothing is write-protected, nothing followed");
}

static void addresses_are_apart(void **state)
{
	access_leads_to(
		GVA + 2 * MIB, OTHER,
		"another page table: a page of the software TLB is for one "
		"range of addresses");
	access_leads_to(GVA, OLD, "the first translation is still there");
	world_costs(GVA + 2 * MIB, 0, 0, "and so is the second");
	world_audit();
}

static void invlpg_drops_the_page(void **state)
{
	*world_gpte(LOW_PT, 5) = NEW << 12 | LINKED;
	mmu_invlpg(&world_cpu, GVA);
	access_leads_to(GVA, NEW, "INVLPG ends the old translation");
	*world_gpte(LOW_PT, 5) = 0;
	mmu_invlpg(&world_cpu, GVA + 0xfff);
	access_faults(GVA, 0, "INVLPG of any address in the page ends it");
	world_audit();
}

static void neighbours_stay(void **state)
{
	access_leads_to(NEIGHBOUR, OTHER, "the neighbour");
	*world_gpte(LOW_PT, 5) = NEW << 12 | LINKED;
	mmu_invlpg(&world_cpu, GVA);
	access_leads_to(GVA, NEW, "INVLPG ends the old translation");
	world_costs(NEIGHBOUR, 0, 0, "INVLPG of another page leaves it");
}

/* The processor has not executed the guest's INVLPG. */
static void processor_is_flushed(void **state)
{
	u64 before = world_flushes;

	mmu_invlpg(&world_cpu, GVA);
	if (world_flushes == before)
		fail_msg("the guest's INVLPG has exited, so the processor has "
			 "not executed it: flush the address");
}

/* A page of 2 MiB is filled in pieces of 4 KiB. */
static void large_page_is_one(void **state)
{
	const u64 large = 32 << 12;
	gva_t gva = 4 * MIB;

	*world_gpte(LOW_PD, 2) = LINKED | PTE_PS;
	access_leads_to(gva + 24 * PAGE_SIZE, 24, "a piece of a large page");
	access_leads_to(gva + 25 * PAGE_SIZE, 25, "another one");
	*world_gpte(LOW_PD, 2) = 0;
	mmu_invlpg(&world_cpu, gva + large);
	access_faults(
		gva + 25 * PAGE_SIZE, 0,
		"INVLPG of any address in a large page ends all its pieces");
	access_faults(
		gva + 24 * PAGE_SIZE, 0,
		"INVLPG of any address in a large page ends all its pieces");
	world_audit();
}

static void load_of_cr3_forgets(void **state)
{
	*world_gpte(LOW_PT, 5) = NEW << 12 | LINKED;
	mmu_set_state(&world_cpu, world_cpu.cr0, world_cpu.cr3, world_cpu.cr4,
		      world_cpu.efer, NULL);
	access_leads_to(GVA, NEW, "a load of CR3 ends all translations");
}

static void cached_tables_need_no_invlpg(void **state)
{
	u64 before;

	low_tables(MMU_UPDATE);
	*world_gpte(LOW_PT, 5) = OLD << 12 | LINKED;
	access_leads_to(GVA, OLD, "the first access fills the entry");
	before = world_flushes;
	mmu_invlpg(&world_cpu, GVA);
	assert_int_equal(world_flushes, before);
	world_costs(GVA, 0, 0, "cached tables are synced: nothing is stale");
}

#define TEST(name) cmocka_unit_test_setup(name, set_up)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(filled_once),	     TEST(addresses_are_apart),
		TEST(invlpg_drops_the_page), TEST(neighbours_stay),
		TEST(processor_is_flushed),  TEST(large_page_is_one),
		TEST(load_of_cr3_forgets),   TEST(cached_tables_need_no_invlpg),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
