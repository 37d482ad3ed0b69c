/* SPDX-License-Identifier: MIT */
/* The shadow MMU, case by case: an access's exits, and its outcome. */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

#include "mmu/page/link.h"
#include "mmu/page/page.h"
#include "mmu_world.h"

#define GVA 0x5000ULL
#define FRAME(gfn) ((u64)(gfn) << PAGE_SHIFT)

/* The tables of the lowest 2 MiB are four frames, from @root on. */
static void link_tables_at(gfn_t root)
{
	for (gfn_t gfn = root; gfn < root + 3; gfn++)
		*world_gpte(gfn, 0) = (gfn + 1) << 12 | LINKED;
}

static void link_tables(void)
{
	link_tables_at(0);
}

static void write_entry(gfn_t table, u32 index, u64 value)
{
	mmu_write(&world_cpu, table * PAGE_SIZE + index * 8ULL, &value, 8);
}

static void write_pte(u32 index, u64 value)
{
	write_entry(3, index, value);
}

/* The ladder: the cost of a demand fault, in exits, on each rung. */
static void demand_fault(void **state)
{
	static const int faults[MMU_RUNGS] = { 1, 1, 1, 0, 0, 0 };
	static const int retries[MMU_RUNGS] = { 1, 1, 0, 0, 0, 0 };
	struct hardware h;

	for (int rung = 0; rung < MMU_RUNGS; rung++) {
		world_create(&mmu_rung_policies[rung], 64, true);
		link_tables();
		*world_gpte(3, 1) = 20 << 12 | LINKED;
		world_access(0x1000, PFEC_W, &h);
		world_costs(GVA, PFEC_W, faults[rung], mmu_rung_names[rung]);
		world_faults(GVA, PFEC_W, PFEC_W, "P is clear");
		write_pte(5, 21 << 12 | LINKED);
		world_costs(GVA, PFEC_W, retries[rung], mmu_rung_names[rung]);
		world_reaches(GVA, PFEC_W, FRAME(21), "the entry's frame");
		world_audit();
	}
}

static void accessed_and_dirty(void **state)
{
	struct hardware h;

	world_create(&mmu_rung_policies[MMU_BYPASS], 64, true);
	link_tables();
	*world_gpte(3, 5) = 21 << 12 | PTE_P | PTE_W;
	world_access(GVA, 0, &h);
	world_accessed_dirty(3, 5, PTE_A);
	world_access(GVA, PFEC_W, &h);
	world_accessed_dirty(3, 5, PTE_A | PTE_D);
	/* Clearing them takes the entry down: the next access sets them. */
	write_pte(5, 21 << 12 | PTE_P | PTE_W);
	world_costs(GVA, 0, 1, "invariant 3, A is clear in the guest's entry");
	world_accessed_dirty(3, 5, PTE_A);
	/* A forbidden write sets neither. */
	write_pte(5, 21 << 12 | PTE_P);
	world_faults(GVA, PFEC_W, PFEC_P | PFEC_W, "W is clear");
	world_accessed_dirty(3, 5, 0);
}

/* The same for a large page: all its splinters depend on its one D flag. */
static void large_page_dirty(void **state)
{
	struct hardware h;

	world_create(&mmu_rung_policies[MMU_BYPASS], 64, true);
	link_tables();
	*world_gpte(2, 1) = LINKED | PTE_PS; /* guest-physical 0 */
	world_reaches(0x214000, PFEC_W, FRAME(20), "a part of a large page");
	write_entry(2, 1, (LINKED | PTE_PS) & ~PTE_D);
	world_access(0x214000, 0, &h);
	assert_false(*world_gpte(2, 1) & PTE_D);
	world_access(0x214000, PFEC_W, &h);
	assert_true(*world_gpte(2, 1) & PTE_D);
	world_audit();
}

/*
 * The guest's INVLPG may drop only a half of its large page, so a new LEAF with
 * other rights is flushed: also one that permits more, since the user's fault
 * by a stale half may go straight to the guest.
 */
static void large_leaf_flushes(void **state)
{
	static const struct {
		u64 old, new;
		bool flushed;
	} changes[] = {
		{ PTE_U, PTE_U | PTE_W, true },
		{ PTE_W, 0, true },
		{ PTE_NX, 0, true },
		{ 0, PTE_NX, true },
		{ PTE_U, 0, true },
		{ 0, PTE_U, true },
		{ 0, PTE_A, false },
	};
	struct shadow_page *sp;
	struct hardware h;
	u64 flushes;

	world_create(&mmu_rung_policies[MMU_BYPASS], 64, true);
	link_tables();
	*world_gpte(3, 5) = 21 << 12 | LINKED;
	world_access(GVA, 0, &h);
	sp = shadow_page_next(world_mmu, 2, NULL);
	for (u32 i = 0; i < ARRAY_SIZE(changes); i++) {
		spte_set_large(world_mmu, sp, 7, 0,
			       PTE_P | PTE_PS | changes[i].old);
		flushes = world_flushes;
		spte_set_large(world_mmu, sp, 7, 0,
			       PTE_P | PTE_PS | changes[i].new);
		assert_int_equal(world_flushes > flushes, changes[i].flushed);
	}
}

static void tables_are_write_protected(void **state)
{
	struct hardware h;

	world_create(&mmu_rung_policies[MMU_BYPASS], 64, true);
	link_tables();
	*world_gpte(3, 5) = 21 << 12 | LINKED;
	*world_gpte(3, 6) = 3 << 12 | LINKED; /* the page table itself */
	world_access(GVA, 0, &h);
	world_emulates(0x6000, PFEC_W, FRAME(3),
		       "invariant 1, a table is write-protected");
	/* A read fills the entry, without W. */
	world_access(0x6000, 0, &h);
	world_emulates(0x6000, PFEC_W, FRAME(3),
		       "invariant 1, the LEAF of a table has no W");
	/* When it is no table any more, it is plain memory. */
	mmu_unshadow(&world_cpu, 3);
	assert_int_equal(world_mmu->frames[3].shadowed, 0);
	world_audit();
}

/* A write across two entries has changed both. */
static void straddling_write(void **state)
{
	struct hardware h;
	u64 zero = 0;

	world_create(&mmu_rung_policies[MMU_BYPASS], 64, true);
	link_tables();
	*world_gpte(3, 5) = 21 << 12 | LINKED;
	*world_gpte(3, 6) = 22 << 12 | LINKED;
	world_access(GVA, 0, &h);
	world_access(0x6000, 0, &h);
	mmu_write(&world_cpu, 3 * PAGE_SIZE + 5 * 8, &zero, 4);
	mmu_write(&world_cpu, 3 * PAGE_SIZE + 5 * 8 + 4, &zero, 8);
	world_faults(GVA, 0, 0, "the write has cleared its entry");
	world_faults(0x6000, 0, 0,
		     "the same write has cleared this entry, too");
	world_audit();
}

/* Reserved bits are the guest's too: P|RSVD, whatever bits the TRAP has. */
static void guest_reserved_bits(void **state)
{
	world_create(&mmu_rung_policies[MMU_BYPASS], 64, true);
	link_tables();
	*world_gpte(3, 5) = 21 << 12 | LINKED | BIT(WORLD_MAXPHYADDR);
	world_faults(GVA, 0, PFEC_P | PFEC_RSVD,
		     "invariant 4, an address bit beyond MAXPHYADDR");
	write_entry(2, 1, 1 << 12 | LINKED | PTE_PS | BIT(13));
	world_faults(0x200000, PFEC_W | PFEC_U,
		     PFEC_P | PFEC_RSVD | PFEC_W | PFEC_U,
		     "invariant 4, bit 13 of a large page's entry");
}

/* With MAXPHYADDR 52 a leaf's TRAP is not reserved: every fault exits. */
static void no_reserved_leaf(void **state)
{
	world_create(&mmu_rung_policies[MMU_BYPASS], 64, false);
	link_tables();
	assert_int_equal(mmu_filter(&world_cpu).mask, 0);
	assert_int_equal(world_faults(GVA, 0, 0, "P is clear"), 1);
	for (u32 i = 0; i < PT_ENTRIES; i++)
		assert_false(world_mmu->pages[0].spt[i] == SPTE_ABSENT_VALUE);
	/* Without NXE bit 63 is reserved, and the bypass is on again. */
	mmu_set_state(&world_cpu, world_cpu.cr0, 0, CR4_PAE,
		      EFER_LME | EFER_LMA, NULL);
	assert_int_equal(mmu_filter(&world_cpu).mask, PFEC_P);
}

/*
 * With the bypass a not-present fault must not exit. One that exits is
 * injected.
 */
static void unfiltered_fault(void **state)
{
	struct mmu_filter filter;
	struct guest_walk walk;

	world_create(&mmu_rung_policies[MMU_TARGETS], 64, true);
	link_tables();
	mmu_root(&world_cpu);
	filter = mmu_filter(&world_cpu);
	assert_false(mmu_filter_exits(&filter, PFEC_U));
	assert_false(mmu_filter_exits(&filter, PFEC_W | PFEC_I));
	assert_true(mmu_filter_exits(&filter, PFEC_P | PFEC_RSVD));
	assert_true(mmu_filter_exits(&filter, PFEC_P | PFEC_W));
	filter.intercept = false; /* bit 14 of the bitmap turns it around */
	assert_true(mmu_filter_exits(&filter, PFEC_U));
	assert_false(mmu_filter_exits(&filter, PFEC_P));

	write_pte(5, 0);
	for (u32 access = 0; access <= PFEC_W; access += PFEC_W) {
		assert_int_equal(mmu_page_fault(&world_cpu, GVA, access, &walk),
				 MMU_INJECT);
		assert_int_equal(walk.error_code, access);
	}
	assert_int_equal(mmu_stats(world_mmu)->faults_not_present, 2);
	/* A page that the guest has mapped meanwhile is filled, for P=0 and
	 * P=1. */
	write_pte(5, 21 << 12 | LINKED);
	assert_int_equal(mmu_page_fault(&world_cpu, GVA, 0, &walk), MMU_RESUME);
	world_audit();
	world_create(&mmu_rung_policies[MMU_UPDATE], 64, true);
	filter = mmu_filter(&world_cpu);
	assert_true(mmu_filter_exits(&filter, 0));
}

/*
 * The guest owns CR4.PGE where a change of PGE has no effect but the
 * processor's flush: not where it loads PDPTEs, and not where the shadow itself
 * is a TLB.
 */
static void pge_owned(void **state)
{
	const u64 cr0 = CR0_PG | CR0_PE, lma = EFER_LME | EFER_LMA;

	world_create(&mmu_rung_policies[MMU_OPEN], 64, true);
	mmu_set_state(&world_cpu, cr0, 0, CR4_PAE, lma, NULL);
	assert_true(mmu_filter(&world_cpu).pge_owned);
	mmu_set_state(&world_cpu, cr0, 0, CR4_PAE, 0, NULL);
	assert_false(mmu_filter(&world_cpu).pge_owned);
	mmu_set_state(&world_cpu, cr0, 0, 0, 0, NULL);
	assert_false(mmu_filter(&world_cpu).pge_owned);
	mmu_set_state(&world_cpu, CR0_PE, 0, CR4_PAE, 0, NULL);
	assert_false(mmu_filter(&world_cpu).pge_owned);
	mmu_set_state(&world_cpu, cr0, 0, CR4_PAE, lma, NULL);
	mmu_set_policy(&world_cpu, &mmu_rung_policies[MMU_VTLB]);
	assert_false(mmu_filter(&world_cpu).pge_owned);
}

/* An unpaged guest sees its memory; there, every fault is Umbra's. */
static void unpaged(void **state)
{
	world_create(&mmu_rung_policies[MMU_BYPASS], 64, true);
	mmu_set_state(&world_cpu, CR0_PE, 0, 0, 0, NULL);
	assert_int_equal(mmu_filter(&world_cpu).mask, 0);
	world_reaches(0x7008, PFEC_W, 0x7008, "the guest is unpaged");
	world_emulates(0xfee00000, 0, 0xfee00000, "there is no RAM");
	world_audit();
}

/* The TLB may still hold old entries: a new table must be flushed. */
static void new_tables_flush(void **state)
{
	struct hardware h;
	u64 before;

	world_create(&mmu_rung_policies[MMU_BYPASS], 64, true);
	link_tables();
	*world_gpte(3, 5) = 30 << 12 | LINKED;
	world_access(GVA, PFEC_W, &h);
	write_pte(5, 0);
	before = world_flushes;
	write_entry(2, 1, 30 << 12 | LINKED); /* frame 30 becomes a table */
	world_access(0x200000, 0, &h);
	assert_int_equal(world_mmu->frames[30].shadowed, 1);
	assert_true(world_flushes > before);
	before = world_flushes;
	mmu_unshadow(&world_cpu, 30);
	assert_true(world_flushes > before);

	/* A root without entries. */
	world_create(&mmu_rung_policies[MMU_BYPASS], 64, true);
	mmu_root(&world_cpu);
	before = world_flushes;
	mmu_unshadow(&world_cpu, 0);
	assert_true(world_flushes > before);
}

/*
 * CR0.WP=0: the supervisor may write a read-only user page, the user may not.
 */
static void write_without_wp(void **state)
{
	world_create(&mmu_rung_policies[MMU_BYPASS], 64, true);
	link_tables();
	*world_gpte(3, 5) = 21 << 12 | (LINKED & ~PTE_W);
	mmu_set_state(&world_cpu, CR0_PE | CR0_PG, 0, CR4_PAE | CR4_SMEP,
		      EFER_LME | EFER_LMA | EFER_NXE, NULL);
	world_reaches(GVA, PFEC_W, FRAME(21), "CR0.WP is 0");
	/* U is gone from the shadow, so SMEP is blind: NX stands in for it. */
	world_faults(GVA, PFEC_I, PFEC_P | PFEC_I, "SMEP, and U is set");
	world_reaches(GVA, PFEC_I | PFEC_U, FRAME(21), "SMEP is no user's");
	world_faults(GVA, PFEC_W | PFEC_U, PFEC_P | PFEC_W | PFEC_U,
		     "WP is no user's, and W is clear");
	world_audit();
}

/* One page table below a writable and a read-only parent. */
static void shared_table(void **state)
{
	world_create(&mmu_rung_policies[MMU_BYPASS], 64, true);
	link_tables();
	*world_gpte(2, 1) = 3 << 12 | (LINKED & ~PTE_W);
	*world_gpte(3, 5) = 21 << 12 | LINKED;
	world_reaches(GVA, PFEC_W, FRAME(21), "both entries have W");
	world_reaches(GVA + 2 * MIB, 0, FRAME(21), "reads need no W");
	/* Both follow one write. */
	write_pte(5, 22 << 12 | LINKED);
	world_reaches(GVA, 0, FRAME(22), "the write has changed its entry");
	world_reaches(GVA + 2 * MIB, 0, FRAME(22), "and each shadow of it");
	world_faults(GVA + 2 * MIB, PFEC_W, PFEC_P | PFEC_W,
		     "the upper entry has W clear");
	world_audit();
}

/* A fault may free the root itself, and must then set root_is_new. */
static void load_cr3(gfn_t root)
{
	mmu_set_cr3(&world_cpu, root << 12);
}

/* The supervisor writes to a table twice: the answer to the first is kept. */
static void write_twice(void)
{
	u64 hits = mmu_stats(world_mmu)->held_hits;

	world_reaches(GVA, 0, FRAME(13), "a LEAF that holds W back");
	world_emulates(GVA, PFEC_W, FRAME(13), "a guest table");
	world_emulates(GVA, PFEC_W, FRAME(13), "the same again");
	assert_int_equal(mmu_stats(world_mmu)->held_hits, hits + 2);
}

/*
 * A page of one space is a table of another. The answer to the last write to it
 * holds for this space and this kind of access alone, and only while the entry
 * and the way to it stay.
 */
static void the_last_write(void **state)
{
	const u64 denied = PFEC_P | PFEC_W;
	const u64 page = 13 << 12 | (LINKED & ~PTE_U);

	world_create(&mmu_rung_policies[MMU_NOWALK], 64, true);
	link_tables();
	link_tables_at(10);
	*world_gpte(3, 5) = page;
	*world_gpte(13, 5) = *world_gpte(14, 5) = 21 << 12 | (LINKED & ~PTE_W);
	*world_gpte(13, 6) = 22 << 12 | LINKED;
	load_cr3(10);
	world_reaches(GVA + PAGE_SIZE, 0, FRAME(22), "the other space");
	world_faults(GVA, PFEC_W, denied, "W is clear there");
	load_cr3(0);
	write_twice();
	world_faults(GVA, PFEC_W | PFEC_U, denied | PFEC_U, "U is clear");
	load_cr3(10);
	world_faults(GVA, PFEC_W, denied, "another space");
	load_cr3(0);
	write_twice();
	write_pte(5, page & ~PTE_W);
	world_faults(GVA, PFEC_W, denied, "W is cleared");
	write_pte(5, page);
	write_twice();
	write_entry(2, 0, 14 << 12 | LINKED);
	world_reaches(GVA, 0, FRAME(21), "another table");
	world_faults(GVA, PFEC_W, denied, "W is clear in it");
}

static void starved_root(void **state)
{
	u32 lost = 0;

	world_create(&mmu_rung_policies[MMU_BYPASS], 16, true);
	link_tables();
	for (u32 i = 1; i < 40; i++) {
		*world_gpte(2, i) = (8 + i) << 12 | LINKED;
		*world_gpte(8 + i, 5) = 7 << 12 | LINKED;
	}
	for (u32 i = 1; i < 40; i++) {
		hpa_t root = mmu_root(&world_cpu);

		world_cpu.root_is_new = false;
		world_reaches(i * 2 * MIB + GVA, PFEC_W, FRAME(7),
			      "starved or not, it goes on");
		if (mmu_root(&world_cpu) != root)
			assert_true(world_cpu.root_is_new);
		lost += world_cpu.root_is_new;
	}
	assert_true(lost);
	world_audit();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(demand_fault),
		cmocka_unit_test(accessed_and_dirty),
		cmocka_unit_test(large_page_dirty),
		cmocka_unit_test(large_leaf_flushes),
		cmocka_unit_test(tables_are_write_protected),
		cmocka_unit_test(straddling_write),
		cmocka_unit_test(guest_reserved_bits),
		cmocka_unit_test(no_reserved_leaf),
		cmocka_unit_test(unfiltered_fault),
		cmocka_unit_test(pge_owned),
		cmocka_unit_test(unpaged),
		cmocka_unit_test(new_tables_flush),
		cmocka_unit_test(write_without_wp),
		cmocka_unit_test(shared_table),
		cmocka_unit_test(the_last_write),
		cmocka_unit_test(starved_root),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
