/* SPDX-License-Identifier: MIT */
/*
 * A guest that clears a table, or takes its address space apart: how soon Umbra
 * gives up the shadow, counted in exits.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "mmu/audit/audit.h"
#include "mmu_tables.h"

/* A second root, which names the same tables. */
#define OTHER_ROOT 20
/* The address at which the page table PT maps @frame; 6 and 7 are taken. */
#define AT(frame) ((u64)(frame)*PAGE_SIZE)

static void map_at_own_address(gfn_t frame)
{
	mmu_write(&world_cpu, PT * PAGE_SIZE + 8 * frame, &(u64){ pte(frame) },
		  8);
}

static void load_root(gfn_t root)
{
	mmu_set_state(&world_cpu, world_cpu.cr0, AT(root), world_cpu.cr4,
		      world_cpu.efer, NULL);
	mmu_root(&world_cpu);
}

/* Zero over an entry that is zero: the guest clears a frame for another use. */
static void zero_over_nothing(void **state)
{
	(void)state;
	assert_non_null(shadow_of(TABLE));
	/* An entry that was present may be cleared in a table that is in use. */
	assert_int_equal(write_page(WINDOW + 8 * 5, pte(DATA)), 1);
	assert_int_equal(write_page(WINDOW + 8 * 5, 0), 1);
	assert_non_null(shadow_of(TABLE));
	assert_int_equal(write_page(WINDOW + 8 * 5, 0), 1);
	assert_null(shadow_of(TABLE));
	assert_int_equal(write_page(WINDOW + 8 * 7, 0), 0);
	tables_audit();
}

/* An entry that is not present but holds something, a swapped page, say. */
static void not_zero(void **state)
{
	(void)state;
	assert_int_equal(write_page(WINDOW + 8 * 6, PTE_W), 1);
	assert_non_null(shadow_of(TABLE));
	/* Clearing it looks like zero over zero: it was ABSENT before, too. */
	assert_int_equal(write_page(WINDOW + 8 * 6, 0), 1);
	assert_null(shadow_of(TABLE));
	tables_audit();
}

/* A PAE kernel sets an entry in halves, the upper one first, and clears it. */
static void halves(void **state)
{
	const u32 low = (u32)pte(DATA), zero = 0;
	const gpa_t entry = TABLE * PAGE_SIZE + 8 * 5;
	struct shadow_page *sp = shadow_of(TABLE);

	(void)state;
	mmu_write(&world_cpu, entry + 4, &zero, sizeof(zero));
	mmu_write(&world_cpu, entry, &low, sizeof(low));
	assert_int_equal(read_page(MAPPED + 5 * PAGE_SIZE, DATA), 0);
	mmu_write(&world_cpu, entry, &zero, sizeof(zero));
	mmu_write(&world_cpu, entry + 4, &zero, sizeof(zero));
	assert_ptr_equal(shadow_of(TABLE), sp);
	assert_false(is_mapped(MAPPED + 5 * PAGE_SIZE));
	tables_audit();
}

/* The root that the guest is not running on is taken apart; then its own. */
static void other_root(void **state)
{
	(void)state;
	map_at_own_address(PML4);
	map_at_own_address(OTHER_ROOT);
	*world_gpte(OTHER_ROOT, 0) = *world_gpte(PML4, 0);
	*world_gpte(OTHER_ROOT, 1) = *world_gpte(PML4, 0);
	load_root(OTHER_ROOT);
	assert_non_null(shadow_of(OTHER_ROOT));
	assert_int_equal(write_page(AT(OTHER_ROOT) + 8, 0), 1);
	assert_non_null(shadow_of(OTHER_ROOT));
	load_root(PML4);
	assert_int_equal(write_page(AT(OTHER_ROOT), 0), 1);
	assert_null(shadow_of(OTHER_ROOT));
	assert_int_equal(write_page(AT(OTHER_ROOT) + 8, 0), 0);
	tables_audit();
}

/* An address to which no table leads. */
static const gva_t far = 512ULL * GIB;

/* The guest clears the last entry of a page directory; its parents are next. */
static void barren(void **state)
{
	(void)state;
	for (gfn_t frame = OTHER_ROOT; frame < OTHER_ROOT + 3; frame++)
		map_at_own_address(frame);
	*world_gpte(OTHER_ROOT, 0) = pte(OTHER_ROOT + 1);
	*world_gpte(OTHER_ROOT + 1, 0) = pte(OTHER_ROOT + 2);
	*world_gpte(OTHER_ROOT + 1, 1) = pte(OTHER_ROOT + 2);
	*world_gpte(OTHER_ROOT + 2, 0) = pte(DATA);
	mmu_write(&world_cpu, PML4 * PAGE_SIZE + 8, &(u64){ pte(OTHER_ROOT) },
		  8);
	read_page(far, DATA);
	read_page(far + 2 * MIB, DATA);
	/* One of two: both tables stay. */
	assert_int_equal(write_page(AT(OTHER_ROOT + 1) + 8, 0), 1);
	assert_int_equal(read_page(far, DATA), 0);
	/* Then the other: both go, and the page table, now without parents. */
	assert_int_equal(write_page(AT(OTHER_ROOT + 1), 0), 1);
	for (gfn_t frame = OTHER_ROOT; frame < OTHER_ROOT + 3; frame++)
		assert_null(shadow_of(frame));
	assert_int_equal(write_page(AT(OTHER_ROOT), 0), 0);
	assert_false(is_mapped(far));
	tables_audit();
}

/*
 * At @far, the first root alone has three tables of its own, in use for two
 * pages; then the guest runs on the other root.
 */
enum { FAR_PDPT = OTHER_ROOT + 1, FAR_PD, FAR_PT, OTHER_PDPT };

static void make_far_tables(void)
{
	map_at_own_address(PML4);
	for (gfn_t frame = OTHER_ROOT; frame <= FAR_PT; frame++)
		map_at_own_address(frame);
	*world_gpte(FAR_PDPT, 0) = pte(FAR_PD);
	*world_gpte(FAR_PD, 0) = pte(FAR_PT);
	*world_gpte(FAR_PT, 0) = pte(DATA);
	*world_gpte(FAR_PT, 1) = pte(DATA + 1);
	mmu_write(&world_cpu, PML4 * PAGE_SIZE + 8, &(u64){ pte(FAR_PDPT) }, 8);
	read_page(far, DATA);
	read_page(far + PAGE_SIZE, DATA + 1);
}

/* Each space has a table of its own for the addresses that both use. */
static void load_another_space(u64 named_there)
{
	*world_gpte(OTHER_PDPT, 0) = *world_gpte(PDPT, 0);
	*world_gpte(OTHER_ROOT, 0) = pte(OTHER_PDPT);
	*world_gpte(OTHER_ROOT, 1) = named_there;
	load_root(OTHER_ROOT);
	read_page(AT(FAR_PT), FAR_PT);
}

static void run_in_another_space(u64 named_there)
{
	make_far_tables();
	load_another_space(named_there);
}

/*
 * One write of a page table, and all tables that led to it alone are given up.
 */
static void space_elsewhere(void **state)
{
	(void)state;
	run_in_another_space(0);
	assert_int_equal(write_page(AT(FAR_PT), 0), 1);
	for (gfn_t frame = FAR_PDPT; frame <= FAR_PT; frame++)
		assert_null(shadow_of(frame));
	assert_int_equal(write_page(AT(FAR_PT) + 8, 0), 0);
	assert_int_equal(write_page(AT(FAR_PD), 0), 0);
	assert_int_equal(write_page(AT(FAR_PDPT), 0), 0);
	/* The root stays until an entry of its own goes. */
	assert_non_null(shadow_of(PML4));
	assert_int_equal(write_page(AT(PML4) + 8, 0), 1);
	assert_null(shadow_of(PML4));
	tables_audit();
}

/* A table of the space that runs is elsewhere when nothing names its directory.
 */
static void not_here_any_more(void **state)
{
	(void)state;
	make_far_tables();
	assert_int_equal(write_page(AT(FAR_PT) + 8, 0), 1);
	assert_non_null(shadow_of(FAR_PT));
	assert_int_equal(write_page(AT(PML4) + 8, 0), 1);
	assert_non_null(shadow_of(FAR_PT));
	assert_int_equal(write_page(AT(FAR_PT), 0), 1);
	assert_null(shadow_of(FAR_PT));
	tables_audit();
}

/* The same when the guest runs on another root. */
static void not_here_on_another_root(void **state)
{
	(void)state;
	make_far_tables();
	assert_int_equal(write_page(AT(FAR_PT) + 8, 0), 1);
	assert_non_null(shadow_of(FAR_PT));
	load_another_space(0);
	assert_int_equal(write_page(AT(FAR_PT), 0), 1);
	assert_null(shadow_of(FAR_PT));
	tables_audit();
}

/* A zero in a table of the space that runs tells nothing of another table. */
static void another_table_here(void **state)
{
	(void)state;
	run_in_another_space(0);
	assert_int_equal(write_page(WINDOW + 8 * 5, pte(DATA)), 1);
	assert_int_equal(write_page(WINDOW + 8 * 5, 0), 1);
	assert_non_null(shadow_of(TABLE));
	assert_int_equal(write_page(AT(FAR_PT), 0), 1);
	assert_null(shadow_of(FAR_PT));
	tables_audit();
}

/* The guest may begin with a page directory. */
static void directory_elsewhere(void **state)
{
	(void)state;
	run_in_another_space(0);
	assert_int_equal(write_page(AT(FAR_PD), 0), 1);
	assert_null(shadow_of(FAR_PD));
	assert_null(shadow_of(FAR_PDPT));
	assert_non_null(shadow_of(PML4));
	tables_audit();
}

/* A burst there opens no table. */
static void burst_elsewhere(void **state)
{
	(void)state;
	run_in_another_space(0);
	assert_int_equal(write_page(AT(FAR_PT) + 8 * 2, pte(DATA)), 1);
	assert_non_null(shadow_of(FAR_PT));
	assert_int_equal(write_page(AT(FAR_PT) + 8 * 3, pte(DATA)), 1);
	assert_null(shadow_of(FAR_PT));
	assert_null(shadow_of(FAR_PDPT));
	tables_audit();
}

/*
 * A burst that has run to the end of its table goes on in that space. It may
 * seem so of the first entry of a table elsewhere, but only once.
 */
static void burst_from_here(void **state)
{
	(void)state;
	run_in_another_space(0);
	for (u32 i = 500; i < PT_ENTRIES; i++)
		write_page(WINDOW + 8 * i, pte(DATA));
	assert_true(is_open(TABLE));
	for (u32 round = 0; round < 3; round++) {
		assert_int_equal(write_page(AT(FAR_PT), pte(DATA)), 1);
		assert_int_equal(!shadow_of(FAR_PT), round == 0);
		load_root(PML4);
		read_page(far, DATA);
		load_root(OTHER_ROOT);
	}
	assert_true(is_open(TABLE));
	tables_audit();
}

/* Both roots of a process name its tables, though one has not used them. */
static void named_by_both(void **state)
{
	(void)state;
	run_in_another_space(pte(FAR_PDPT) & ~PTE_A);
	assert_int_equal(write_page(AT(FAR_PT), 0), 1);
	assert_non_null(shadow_of(FAR_PT));
	assert_int_equal(read_page(far + PAGE_SIZE, DATA + 1), 1);
	assert_false(is_mapped(far));
	tables_audit();
}

/*
 * A process with two roots unmaps a region. Both roots name its last table of
 * that region, and the one that does not run is cleared first. The process has
 * other regions.
 */
static void twin_roots(void **state)
{
	(void)state;
	make_far_tables();
	*world_gpte(OTHER_ROOT, 0) = *world_gpte(PML4, 0);
	*world_gpte(OTHER_ROOT, 1) = *world_gpte(PML4, 1);
	load_root(OTHER_ROOT);
	read_page(far, DATA);
	assert_int_equal(write_page(AT(PML4) + 8, 0), 1);
	assert_int_equal(write_page(AT(OTHER_ROOT) + 8, 0), 1);
	assert_non_null(shadow_of(PML4));
	assert_non_null(shadow_of(OTHER_ROOT));
	/* The region that they share is the twin's last one. */
	assert_int_equal(write_page(AT(PML4), 0), 1);
	assert_null(shadow_of(PML4));
	tables_audit();
}

/* The root in use stays, however often it is written, even with zeros. */
static void root_in_use(void **state)
{
	(void)state;
	map_at_own_address(PML4);
	for (u32 slot = 4; slot < 12; slot++)
		assert_int_equal(
			write_page(AT(PML4) + 8 * slot, pte(FAR_PT) & ~PTE_A),
			1);
	for (u32 slot = 20; slot < 28; slot++)
		assert_int_equal(write_page(AT(PML4) + 8 * slot, 0), 1);
	assert_non_null(shadow_of(PML4));
	tables_audit();
}

/*
 * A root whose regions come and go: each is used before its table goes, and
 * with it goes the sign of use in its entry of the root.
 */
static void regions_come_and_go(void **state)
{
	(void)state;
	make_far_tables();
	*world_gpte(OTHER_ROOT, 0) = *world_gpte(PML4, 0);
	for (u32 i = 0; i < 6; i++) {
		write_page(AT(PML4) + 8, pte(FAR_PDPT));
		assert_non_null(shadow_of(PML4));
		load_root(PML4);
		read_page(far, DATA);
		load_root(OTHER_ROOT);
		/* The one page of the region that is in use: all tables go. */
		write_page(AT(FAR_PT) + 8, 0);
		write_page(AT(FAR_PT), 0);
		assert_null(shadow_of(FAR_PDPT));
		write_page(AT(PML4) + 8, 0);
		assert_non_null(shadow_of(PML4));
		*world_gpte(FAR_PT, 0) = pte(DATA);
	}
	tables_audit();
}

/* An upper table that is filled, not cleared, has its parent in use. */
static void filled_in_a_row(void **state)
{
	(void)state;
	make_far_tables();
	for (u32 slot = 4; slot < 8; slot++)
		write_page(AT(FAR_PD) + 8 * slot, pte(FAR_PT) & ~PTE_A);
	assert_null(shadow_of(FAR_PD));
	assert_non_null(shadow_of(FAR_PDPT));
	tables_audit();
}

static void load_pdptes(u64 second)
{
	const u64 pdpte[PAE_PDPTES] = { AT(PD) | PTE_P, second };

	mmu_set_state(&world_cpu, world_cpu.cr0, 0, CR4_PAE, EFER_NXE, pdpte);
	mmu_root(&world_cpu);
}

/* PAE paging has no root in memory: its directories are the top. */
static void pae_directory(void **state)
{
	const u64 zero = 0;
	struct mmu_audit audit;

	(void)state;
	*world_gpte(FAR_PD, 0) = pte(FAR_PT);
	*world_gpte(FAR_PD, 1) = pte(FAR_PT);
	load_pdptes(AT(FAR_PD) | PTE_P);
	mmu_write(&world_cpu, AT(FAR_PD) + 8, &zero, sizeof(zero));
	assert_non_null(shadow_of(FAR_PD));
	load_pdptes(0);
	assert_non_null(shadow_of(FAR_PD));
	mmu_write(&world_cpu, AT(FAR_PD), &zero, sizeof(zero));
	assert_null(shadow_of(FAR_PD));
	assert_true(mmu_audit(&world_cpu, &audit));
}

/*
 * The splinters of a large page are valid for ever: its A is cleared, and set.
 */
static void splinters_stay(void **state)
{
	const struct mmu_stats *stats = mmu_stats(world_mmu);
	const u64 large = (LINKED | PTE_PS) & ~PTE_A;
	u64 made;

	(void)state;
	mmu_write(&world_cpu, PD * PAGE_SIZE + 16, &large, 8);
	read_page(4 * MIB + AT(DATA), DATA);
	/* They are prefetched: prefill of a table has not filled them. */
	assert_int_equal(read_page(4 * MIB + AT(DATA + 1), DATA + 1), 0);
	made = stats->pages_made;
	for (u32 i = 0; i < 8; i++) {
		mmu_write(&world_cpu, PD * PAGE_SIZE + 16, &large, 8);
		assert_int_equal(read_page(4 * MIB + AT(DATA), DATA), 1);
		assert_true(*world_gpte(PD, 2) & PTE_A);
	}
	assert_int_equal(stats->pages_made, made);
	tables_audit();
}

/*
 * A table whose page was given up gets another page. The writes that follow are
 * that page's, though the page of the last write still has the table's number.
 */
static void another_page(void **state)
{
	struct shadow_page *first = shadow_of(TABLE);

	(void)state;
	make_far_tables();
	assert_int_equal(write_page(WINDOW + 8 * 5, pte(DATA)), 1);
	assert_ptr_equal(shadow_of(TABLE), first);
	/* The page that was given up last is the one that is made next. */
	mmu_unshadow(&world_cpu, TABLE);
	mmu_unshadow(&world_cpu, FAR_PT);
	read_page(MAPPED + 5 * PAGE_SIZE, DATA);
	assert_non_null(shadow_of(TABLE));
	assert_ptr_not_equal(shadow_of(TABLE), first);
	assert_false(first->in_use);
	assert_int_equal(write_page(WINDOW + 8 * 7, pte(DATA)), 1);
	assert_false(is_open(TABLE));
	assert_int_equal(read_page(MAPPED + 7 * PAGE_SIZE, DATA), 0);
	tables_audit();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(zero_over_nothing, tables_set_up),
		cmocka_unit_test_setup(not_zero, tables_set_up),
		cmocka_unit_test_setup(halves, tables_set_up),
		cmocka_unit_test_setup(other_root, tables_set_up),
		cmocka_unit_test_setup(barren, tables_set_up),
		cmocka_unit_test_setup(not_here_any_more, tables_set_up),
		cmocka_unit_test_setup(not_here_on_another_root, tables_set_up),
		cmocka_unit_test_setup(another_table_here, tables_set_up),
		cmocka_unit_test_setup(space_elsewhere, tables_set_up),
		cmocka_unit_test_setup(directory_elsewhere, tables_set_up),
		cmocka_unit_test_setup(burst_elsewhere, tables_set_up),
		cmocka_unit_test_setup(burst_from_here, tables_set_up),
		cmocka_unit_test_setup(named_by_both, tables_set_up),
		cmocka_unit_test_setup(twin_roots, tables_set_up),
		cmocka_unit_test_setup(root_in_use, tables_set_up),
		cmocka_unit_test_setup(regions_come_and_go, tables_set_up),
		cmocka_unit_test_setup(filled_in_a_row, tables_set_up),
		cmocka_unit_test_setup(pae_directory, tables_set_up),
		cmocka_unit_test_setup(splinters_stay, tables_set_up),
		cmocka_unit_test_setup(another_page, tables_set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
