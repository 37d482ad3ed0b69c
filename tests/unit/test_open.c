/* SPDX-License-Identifier: MIT */
/* Tables that the guest may write directly for a while, counted in exits. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "mmu/page/page.h"
#include "mmu_tables.h"

/* 512 writes: the first is emulated, the second opens. A use closes it. */
static void burst(void **state)
{
	const struct mmu_stats *stats = mmu_stats(world_mmu);
	int exits = 0;

	(void)state;
	for (u32 i = 0; i < PT_ENTRIES; i++)
		exits += write_page(WINDOW + 8 * i, pte(DATA + i % 16));
	assert_int_equal(exits, 2);
	assert_int_equal(stats->opened, 1);
	assert_true(is_open(TABLE));
	tables_audit();
	assert_int_equal(read_page(MAPPED + 5 * PAGE_SIZE, DATA + 5), 1);
	assert_int_equal(stats->closed, 1);
	/* The first write is missing here: it was emulated. */
	assert_int_equal(stats->mended, PT_ENTRIES - 1);
	for (u32 i = 0; i < PT_ENTRIES; i++)
		assert_int_equal(
			read_page(MAPPED + i * PAGE_SIZE, DATA + i % 16), 0);
	tables_audit();
	/* A table that has had a burst is opened by the next write. */
	exits = 0;
	for (u32 i = 0; i < PT_ENTRIES; i++)
		exits += write_page(WINDOW + 8 * i, 0);
	assert_int_equal(exits, 1);
	assert_int_equal(access_page(MAPPED, 0, 0).exits, 1);
	for (u32 i = 0; i < PT_ENTRIES; i++)
		assert_int_equal(
			access_page(MAPPED + i * PAGE_SIZE, 0, 0).exits, 0);
	assert_int_equal(free_copies(), world_mmu->copy_count);
	tables_audit();
}

static int write_table(u32 table, u32 first, u32 last)
{
	int exits = 0;

	for (u32 i = first; i <= last; i++)
		exits += write_page(WINDOW + table * PAGE_SIZE + 8 * i,
				    pte(DATA + i % 16));
	return exits;
}

/* A burst that goes on in the next table opens that by its first write. */
static void goes_on(void **state)
{
	(void)state;
	world_with_tables(64, 3);
	assert_int_equal(write_table(0, 0, PT_ENTRIES - 1), 2);
	assert_int_equal(write_table(1, 0, PT_ENTRIES - 1), 1);
	assert_int_equal(write_table(2, 0, PT_ENTRIES - 1), 1);
	tables_audit();
	for (u32 i = 0; i < 3; i++) {
		assert_true(is_open(TABLE + i));
		read_page(MAPPED + i * MAPPED + 5 * PAGE_SIZE, DATA + 5);
	}
	tables_audit();
}

/* It must have come to the last entry, and go on at the first one. */
static void goes_on_nowhere(void **state)
{
	(void)state;
	world_with_tables(64, 3);
	write_table(0, 10, PT_ENTRIES - 2);
	write_table(1, 0, 0);
	assert_false(is_open(TABLE + 1));
	write_table(0, PT_ENTRIES - 1, PT_ENTRIES - 1);
	write_table(2, 1, 1);
	assert_false(is_open(TABLE + 2));
	/* The table is in use again, so the burst is over. */
	read_page(MAPPED + 20 * PAGE_SIZE, DATA + 4);
	write_table(1, 0, 0);
	assert_false(is_open(TABLE + 1));
	tables_audit();
}

/*
 * After a fork the pages of a table that had a burst are copied one by one. The
 * write of such an entry opens nothing, since the page is used right after it.
 */
static void copied_one_by_one(void **state)
{
	u64 read_only = pte(DATA) & ~PTE_W;

	(void)state;
	for (u32 i = 0; i < PT_ENTRIES; i++)
		write_page(WINDOW + 8 * i, read_only);
	for (u32 i = 0; i < 4; i++) {
		gva_t gva = MAPPED + i * PAGE_SIZE;

		assert_int_equal(read_page(gva, DATA), i == 0);
		assert_false(access_page(gva, PFEC_W, 1).ok);
		assert_int_equal(write_page(WINDOW + 8 * i, pte(DATA + i)), 1);
		assert_false(is_open(TABLE));
		assert_int_equal(write_page(gva, 1), 0);
	}
	assert_int_equal(mmu_stats(world_mmu)->opened, 1);
	tables_audit();
}

/* The closing finds entries that withhold W until D is set. */
static void marks_its_page(void **state)
{
	u32 before = world_mmu->withholding;

	(void)state;
	assert_false(shadow_of(TABLE)->withholds);
	for (u32 i = 0; i < 4; i++)
		write_page(WINDOW + 8 * i, pte(DATA + i) & ~(i ? PTE_D : 0));
	assert_true(is_open(TABLE));
	read_page(MAPPED, DATA);
	assert_true(shadow_of(TABLE)->withholds);
	assert_int_equal(world_mmu->withholding, before + 1);
	tables_audit();
}

/* Writes of the same entry, or of one that is used meanwhile, are no burst. */
static void no_burst(void **state)
{
	(void)state;
	for (u32 i = 0; i < 4; i++)
		assert_int_equal(write_page(WINDOW + 8, pte(DATA + i)), 1);
	read_page(MAPPED + PAGE_SIZE, DATA + 3);
	for (u32 i = 2; i < 6; i++) {
		assert_int_equal(write_page(WINDOW + 8 * i, pte(DATA + i)), 1);
		assert_int_equal(read_page(MAPPED + i * PAGE_SIZE, DATA + i),
				 0);
	}
	assert_int_equal(mmu_stats(world_mmu)->opened, 0);
	tables_audit();
}

/* One use of an entry ends one row of writes, and not those that follow. */
static void use_counts_once(void **state)
{
	(void)state;
	write_page(WINDOW + 8, pte(DATA));
	assert_int_equal(read_page(MAPPED + PAGE_SIZE, DATA), 0);
	/* Entries that are not present. */
	assert_int_equal(write_page(WINDOW + 8 * 2, PTE_W), 1);
	assert_false(is_open(TABLE));
	assert_int_equal(write_page(WINDOW + 8 * 3, PTE_W), 1);
	assert_true(is_open(TABLE));
	tables_audit();
}

/*
 * The rule of progress. The page table maps itself, and the guest writes it
 * through itself, so no write of it can be done while it is open. Every second
 * write opens it, and costs two exits besides the emulation.
 */
static void progress(void **state)
{
	int exits = 0;

	(void)state;
	for (u32 i = 100; i < 200; i++)
		exits += write_page(SELF + 8 * i, pte(DATA));
	assert_true(exits <= 2 * 100);
	assert_int_equal(free_copies(), world_mmu->copy_count);
	assert_int_equal(read_page(100 * PAGE_SIZE, DATA), 0);
	tables_audit();
}

/*
 * One instruction writes two pages. It is done when it has been emulated, or
 * when nothing exits any more.
 */
static void write_two_pages(const gva_t gva[2], u64 value)
{
	struct guest_walk walk;
	struct hardware h[2];

	for (int exits = 0;; exits++) {
		enum mmu_action action;
		u32 fails = 0;

		assert_true(exits <= 2 * ACCESS_MAX_EXITS);
		h[0] = hardware_access(gva[0], PFEC_W);
		if (h[0].result == HW_OK) {
			fails = 1;
			h[1] = hardware_access(gva[1], PFEC_W);
			if (h[1].result == HW_OK)
				break;
		}
		assert_int_equal(h[fails].result, HW_EXIT);
		action = mmu_page_fault(&world_cpu, gva[fails],
					h[fails].error_code, &walk);
		if (action == MMU_RESUME)
			continue;
		assert_int_equal(action, MMU_TABLE_WRITE);
		for (u32 i = 0; i < 2; i++) {
			assert_true(mmu_walk(&world_cpu, gva[i], PFEC_W,
					     WALK_FOR_DATA, &walk));
			mmu_write(&world_cpu, walk.gpa, &value, 8);
		}
		return;
	}
	for (u32 i = 0; i < 2; i++)
		*(u64 *)((u8 *)world_ram + h[i].hpa -
			 WORLD_HFN_BASE * PAGE_SIZE) = value;
}

/* Two tables, each mapped only by the other one; both have had a burst. */
static void progress_of_two(void **state)
{
	(void)state;
	world_with_tables(64, 2);
	for (u32 i = 0; i < 2; i++) {
		write_page(WINDOW + i * PAGE_SIZE + 8, pte(TABLE + 1 - i));
		for (u32 j = 10; j < 20; j++)
			write_page(WINDOW + i * PAGE_SIZE + 8 * j, pte(DATA));
	}
	for (u32 j = 100; j < 200; j++) {
		const gva_t gva[] = { MAPPED + PAGE_SIZE + 8 * j,
				      2 * MAPPED + PAGE_SIZE + 8 * j };

		write_two_pages(gva, pte(DATA + j % 8));
		assert_int_equal(*world_gpte(TABLE, j), pte(DATA + j % 8));
		assert_int_equal(*world_gpte(TABLE + 1, j), pte(DATA + j % 8));
	}
	tables_audit();
}

/* More tables are opened than there are copies: the oldest is given up. */
static void copies_run_out(void **state)
{
	u32 tables = 10;

	(void)state;
	world_with_tables(64, tables);
	assert_true(world_mmu->copy_count < tables);
	for (u32 i = 0; i < tables; i++) {
		open_by_writing(i);
		assert_true(is_open(TABLE + i));
		tables_audit();
	}
	assert_int_equal(free_copies(), 0);
	for (u32 i = 0; i < tables; i++) {
		bool given_up = i < tables - world_mmu->copy_count;

		assert_int_equal(!shadow_of(TABLE + i), given_up);
		/* It is written without an exit, like an open one. */
		assert_int_equal(write_page(WINDOW + i * PAGE_SIZE + 8 * 10,
					    pte(DATA + 3)),
				 0);
	}
	for (u32 i = 0; i < tables; i++) {
		gva_t page = MAPPED + i * MAPPED;

		read_page(page + 8 * PAGE_SIZE, DATA + 1);
		read_page(page + 9 * PAGE_SIZE, DATA + 2);
		read_page(page + 10 * PAGE_SIZE, DATA + 3);
		assert_false(is_open(TABLE + i));
	}
	assert_int_equal(free_copies(), world_mmu->copy_count);
	tables_audit();
}

/* Shadow pages run out, and those of open tables are given up with others. */
static void pages_run_out(void **state)
{
	u32 tables = 15;

	(void)state;
	world_with_tables(MMU_MIN_SHADOW_PAGES, tables);
	for (u32 round = 0; round < 20; round++) {
		for (u32 i = 0; i < tables; i++)
			open_by_writing(i);
		tables_audit();
		for (u32 i = 0; i < tables; i += 1 + round % 3) {
			read_page(MAPPED + i * MAPPED + 8 * PAGE_SIZE,
				  DATA + 1);
			tables_audit();
		}
	}
	assert_true(mmu_stats(world_mmu)->opened > tables);
	shadow_zap_all(world_mmu);
	assert_int_equal(free_copies(), world_mmu->copy_count);
}

/* An open page table becomes a page directory, too. */
static void second_shadow(void **state)
{
	(void)state;
	open_by_writing(0);
	*world_gpte(TABLE, 1) = pte(PT);
	mmu_write(&world_cpu, PDPT * PAGE_SIZE + 8, &(u64){ pte(TABLE) }, 8);
	assert_int_equal(read_page(GIB + MAPPED + WINDOW, TABLE), 1);
	assert_int_equal(world_mmu->frames[TABLE].shadowed, 1);
	assert_int_equal(shadow_of(TABLE)->role.level, 2);
	assert_int_equal(free_copies(), world_mmu->copy_count);
	/* As both it is protected, and is not opened. */
	read_page(MAPPED, DATA);
	assert_int_equal(world_mmu->frames[TABLE].shadowed, 2);
	for (u32 i = 8; i < 11; i++)
		assert_int_equal(write_page(WINDOW + 8 * i, PTE_W), 1);
	assert_int_equal(world_mmu->frames[TABLE].shadowed, 2);
	tables_audit();
}

static void fault_32(gva_t gva, u32 error_code, enum mmu_action action)
{
	struct guest_walk walk;

	mmu_root(&world_cpu);
	assert_int_equal(mmu_page_fault(&world_cpu, gva, error_code, &walk),
			 action);
	if (action == MMU_TABLE_WRITE)
		mmu_write(&world_cpu, walk.gpa, &(u32){ 0 }, 4);
}

/*
 * A page table of 32-bit paging has a shadow for each half. With two it can't
 * be opened; so one is given up after some writes in a row.
 */
static void two_halves(void **state)
{
	u32 *directory = (u32 *)world_ram[PD], *table = (u32 *)world_ram[PT];

	(void)state;
	world_create(&mmu_rung_policies[MMU_OPEN], 64, true);
	directory[0] = (u32)pte(PT);
	table[0] = (u32)pte(DATA);
	table[512] = (u32)pte(DATA);
	table[SELF >> PAGE_SHIFT] = (u32)pte(PT);
	mmu_set_state(&world_cpu, CR0_PE | CR0_PG | CR0_WP, PD * PAGE_SIZE, 0,
		      0, NULL);
	fault_32(0, PFEC_P | PFEC_RSVD, MMU_RESUME);
	fault_32(MAPPED, PFEC_P | PFEC_RSVD, MMU_RESUME);
	assert_int_equal(world_mmu->frames[PT].shadowed, 2);
	for (gva_t i = 100; i < 104; i++)
		fault_32(SELF + 4 * i, PFEC_P | PFEC_W, MMU_TABLE_WRITE);
	assert_int_equal(world_mmu->frames[PT].shadowed, 1);
	fault_32(SELF + 4 * 104, PFEC_P | PFEC_W, MMU_TABLE_WRITE);
	fault_32(SELF + 4 * 105, PFEC_P | PFEC_W, MMU_RESUME);
	assert_true(is_open(PT));
}

/* Devices and Umbra's own walks write an open table, too. */
static void others_write(void **state)
{
	u64 entry = pte(DATA + 7), clean = entry & ~(PTE_A | PTE_D);
	struct guest_walk walk;

	(void)state;
	open_by_writing(0);
	*world_gpte(TABLE, 12) = clean;
	mmu_write(&world_cpu, TABLE * PAGE_SIZE + 11 * 8, &entry, 8);
	assert_true(mmu_cmpxchg(&world_cpu, TABLE * PAGE_SIZE,
				world_gpte(TABLE, 0), &(u64){ 0 }, 8));
	assert_true(mmu_walk(&world_cpu, MAPPED + 12 * PAGE_SIZE, PFEC_W,
			     WALK_FOR_DATA, &walk));
	assert_int_equal(*world_gpte(TABLE, 12), entry);
	assert_true(is_open(TABLE));
	read_page(MAPPED + 8 * PAGE_SIZE, DATA + 1);
	assert_false(is_open(TABLE));
	assert_false(is_mapped(MAPPED));
	assert_int_equal(read_page(MAPPED + 11 * PAGE_SIZE, DATA + 7), 0);
	assert_int_equal(write_page(MAPPED + 12 * PAGE_SIZE, 1), 0);
	tables_audit();
}

/* The table is taken out of the guest's tables while it is open. */
static void unlinked_while_open(void **state)
{
	(void)state;
	open_by_writing(0);
	mmu_write(&world_cpu, PD * PAGE_SIZE + 8, &(u64){ 0 }, 8);
	assert_false(is_mapped(MAPPED));
	assert_int_equal(write_page(WINDOW + 8 * 8, pte(DATA + 5)), 0);
	tables_audit();
	mmu_write(&world_cpu, PD * PAGE_SIZE + 8, &(u64){ pte(TABLE) }, 8);
	read_page(MAPPED + 8 * PAGE_SIZE, DATA + 5);
	assert_true(mmu_unshadow(&world_cpu, TABLE));
	open_by_writing(0);
	assert_true(mmu_unshadow(&world_cpu, TABLE) || !shadow_of(TABLE));
	assert_int_equal(free_copies(), world_mmu->copy_count);
	tables_audit();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(burst, tables_set_up),
		cmocka_unit_test(goes_on),
		cmocka_unit_test(goes_on_nowhere),
		cmocka_unit_test_setup(copied_one_by_one, tables_set_up),
		cmocka_unit_test_setup(marks_its_page, tables_set_up),
		cmocka_unit_test_setup(no_burst, tables_set_up),
		cmocka_unit_test_setup(use_counts_once, tables_set_up),
		cmocka_unit_test_setup(progress, tables_set_up),
		cmocka_unit_test(progress_of_two),
		cmocka_unit_test_setup(second_shadow, tables_set_up),
		cmocka_unit_test(copies_run_out),
		cmocka_unit_test(pages_run_out),
		cmocka_unit_test(two_halves),
		cmocka_unit_test_setup(others_write, tables_set_up),
		cmocka_unit_test_setup(unlinked_while_open, tables_set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
