/* SPDX-License-Identifier: MIT */
/*
 * The rung `update`: a write to a guest table fills the shadow's entry at once,
 * if the guest can't distinguish that from an access.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "low_tables.h"

#define GVA 0x5000ULL
#define OLD 21ULL
#define NEW 22ULL

static int set_up(void **state)
{
	low_tables(MMU_UPDATE);
	*world_gpte(LOW_PT, 6) = OLD << 12 | LINKED;
	access_leads_to(0x6000, OLD, "the table has a shadow");
	return 0;
}

static void maps_at_once(void **state)
{
	write_gpte(LOW_PT, 5, NEW << 12 | LINKED);
	world_costs(GVA, PFEC_W, 0, "the write has filled the entry");
	access_leads_to(GVA, NEW, "it leads to the new page");
	write_gpte(LOW_PT, 6, NEW << 12 | LINKED);
	world_costs(0x6000, 0, 0, "an entry that was filled is changed");
	access_leads_to(0x6000, NEW, "it leads to the new page");
	write_gpte(LOW_PT, 5, 0);
	access_faults(GVA, 0, "the guest has unmapped the page");
	world_audit();
}

static void accessed(void **state)
{
	write_gpte(LOW_PT, 5, NEW << 12 | LINKED);
	world_costs(GVA, 0, 0, "the write has filled the entry");
	write_gpte(LOW_PT, 5, NEW << 12 | (LINKED & ~(PTE_A | PTE_D)));
	world_costs(GVA, 0, 1,
		    "invariant 3: A is clear, so the first access "
		    "must exit to set it");
	world_accessed_dirty(LOW_PT, 5, PTE_A);
	world_audit();
}

static void dirty(void **state)
{
	write_gpte(LOW_PT, 5, NEW << 12 | (LINKED & ~PTE_D));
	world_costs(GVA, 0, 0, "A is set, so the entry is filled");
	world_costs(GVA, PFEC_W, 1,
		    "invariant 3: D is clear, so the first "
		    "write must exit to set it");
	world_accessed_dirty(LOW_PT, 5, PTE_A | PTE_D);
	world_audit();
}

static void reserved(void **state)
{
	write_gpte(LOW_PT, 5, NEW << 12 | LINKED);
	world_costs(GVA, 0, 0, "the write has filled the entry");
	/* With NXE=0 bit 63 is reserved. */
	mmu_set_state(&world_cpu, world_cpu.cr0, 0, CR4_PAE,
		      EFER_LME | EFER_LMA, NULL);
	access_leads_to(0x6000, OLD, "the table has a shadow");
	write_gpte(LOW_PT, 5, NEW << 12 | LINKED | PTE_NX);
	access_faults(GVA, 0,
		      "invariant 4: the guest's entry has a reserved bit, so "
		      "the access is the guest's fault");
}

static void no_ram(void **state)
{
	struct hardware h;

	write_gpte(LOW_PT, 5, NEW << 12 | LINKED);
	world_costs(GVA, 0, 0, "the write has filled the entry");
	write_gpte(LOW_PT, 5, 0xfee00000 | LINKED);
	world_access(GVA, 0, &h);
	world_require(h.result == HW_EXIT, GVA,
		      "invariant 5: no RAM is there, so the access exits");
	world_audit();
}

/* The guest writes an upper entry unchanged: its kernel has set a flag, say. */
static void tables_stay_linked(void **state)
{
	write_gpte(LOW_PD, 0, LOW_PT << 12 | LINKED);
	world_costs(0x6000, 0, 0,
		    "the entry still names the same table with the same "
		    "rights: its shadow stays linked");
	write_gpte(LOW_PD, 0, LOW_PT << 12 | (LINKED & ~PTE_W));
	access_faults(0x6000, PFEC_W,
		      "invariant 2: the guest has taken W from the "
		      "entry above");
	access_leads_to(0x6000, OLD, "a read is still permitted");
	world_audit();
}

/* Each write that fills an entry shows that the table is in use. */
static void table_stays(void **state)
{
	for (u32 i = 0; i < 8; i++)
		write_gpte(LOW_PT, 8 + i, NEW << 12 | LINKED);
	if (!world_mmu->frames[LOW_PT].shadowed)
		fail_msg("eight writes in a row have mapped eight pages, and "
			 "the table's shadow has been given up: "
			 "shadow_sync_entry() must tell of each new page");
	write_gpte(LOW_PT, 20, NEW << 12 | LINKED);
	for (u32 i = 0; i < 8; i++)
		write_gpte(LOW_PT, 20, 0);
	assert_false(world_mmu->frames[LOW_PT].shadowed);
}

#define TEST(name) cmocka_unit_test_setup(name, set_up)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(maps_at_once), TEST(accessed), TEST(dirty),
		TEST(reserved),	    TEST(no_ram),   TEST(tables_stay_linked),
		TEST(table_stays),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
