/* SPDX-License-Identifier: MIT */
/*
 * The writable bit of a frame's entries, held back and given back, and frames
 * that a device covers, counted in exits.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "mmu/audit/audit.h"
#include "mmu_tables.h"

static void unlink_table(void)
{
	mmu_write(&world_cpu, PD * PAGE_SIZE + 8, &(u64){ 0 }, 8);
	assert_null(shadow_of(TABLE));
	assert_int_equal(world_mmu->frames[TABLE].shadowed, 0);
}

/* A frame that is a table no more is written without an exit. */
static void write_given_back(void **state)
{
	(void)state;
	assert_int_equal(write_page(WINDOW, pte(DATA)), 1);
	unlink_table();
	assert_int_equal(write_page(WINDOW, 1), 0);
	tables_audit();
}

/* The write exits if it is the first since the dirty log was read. */
static void write_given_back_logged(void **state)
{
	(void)state;
	mmu_dirty_log_start(&world_cpu);
	unlink_table();
	assert_int_equal(write_page(WINDOW, 1), 1);
	assert_true(mmu_dirty_log_take(&world_cpu, 0) & BIT(TABLE));
	/* It exits, too, if the log was read while the frame was a table. */
	mmu_dirty_log_stop(&world_cpu);
	tables_set_up(NULL);
	mmu_dirty_log_start(&world_cpu);
	assert_int_equal(write_page(WINDOW, pte(DATA)), 1);
	assert_true(mmu_dirty_log_take(&world_cpu, 0) & BIT(TABLE));
	open_by_writing(0);
	assert_true(is_open(TABLE));
	assert_true(mmu_dirty_log_take(&world_cpu, 0) & BIT(TABLE));
	assert_int_equal(write_page(WINDOW, pte(DATA)), 1);
	assert_int_equal(write_page(WINDOW, pte(DATA)), 0);
	assert_int_equal(mmu_dirty_log_take(&world_cpu, 0), BIT(TABLE));
	tables_audit();
}

/* W is not given back if the guest's entry lacks D or W by now. */
static void write_not_given(void **state)
{
	u64 *entry = world_gpte(PT, WINDOW >> PAGE_SHIFT);
	gpa_t gpa = PT * PAGE_SIZE + (WINDOW >> PAGE_SHIFT) * 8;

	(void)state;
	mmu_write(&world_cpu, gpa, &(u64){ *entry & ~PTE_D }, 8);
	unlink_table();
	assert_int_equal(write_page(WINDOW, 1), 1);
	assert_true(*entry & PTE_D);
	tables_set_up(NULL);
	mmu_write(&world_cpu, gpa, &(u64){ *entry & ~PTE_W }, 8);
	unlink_table();
	assert_false(access_page(WINDOW, PFEC_W, 1).ok);
	tables_audit();
}

/* The address at which PT maps TABLE once more. */
#define AGAIN 0x20000ULL

/* A write of a table by a new entry, not filled yet, costs one exit, too. */
static void written_by_a_new_entry(void **state)
{
	gpa_t gpa = PT * PAGE_SIZE + (AGAIN >> PAGE_SHIFT) * 8;
	u64 entry = (u64)TABLE << PAGE_SHIFT | PTE_P | PTE_W;

	(void)state;
	mmu_write(&world_cpu, gpa, &entry, sizeof(entry));
	assert_int_equal(write_page(AGAIN, pte(DATA)), 1);
	assert_int_equal(*world_gpte(PT, AGAIN >> PAGE_SHIFT),
			 entry | PTE_A | PTE_D);
	tables_audit();
}

/* --- Frames that a device covers ------------------------------------------- */

static void device_moves_to(gfn_t gfn)
{
	world_device = gfn;
	mmu_frames_changed(&world_cpu);
	tables_audit();
}

/* A device's page covers RAM, and moves away: the MMU forgets it. */
static void frames_change(void **state)
{
	u64 seen;

	(void)state;
	open_by_writing(0);
	device_moves_to(DATA + 1);
	assert_int_equal(free_copies(), world_mmu->copy_count);
	mmu_read(world_mmu, (DATA + 1) * PAGE_SIZE, &seen, 8);
	assert_int_equal(seen, ~0ULL);
	/* Twice: the second is answered by the MMIO entry. */
	for (u32 i = 0; i < 2; i++)
		assert_int_equal(read_page(MAPPED + 8 * PAGE_SIZE, DATA + 1),
				 1);
	assert_int_equal(mmu_stats(world_mmu)->mmio_hits, 1);
	device_moves_to(TABLE);
	/* No RAM reads as ones: the page table's entries are reserved. */
	assert_false(is_mapped(MAPPED));
	assert_int_equal(world_mmu->frames[TABLE].shadowed, 0);
	device_moves_to(HFN_NONE);
	assert_int_equal(world_mmu->frames[TABLE].shadowed, 0);
	read_page(MAPPED + 8 * PAGE_SIZE, DATA + 1);
	assert_int_equal(read_page(MAPPED + 8 * PAGE_SIZE, DATA + 1), 0);
	assert_int_equal(world_mmu->frames[TABLE].shadowed, 1);
	tables_audit();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(write_given_back, tables_set_up),
		cmocka_unit_test_setup(write_given_back_logged, tables_set_up),
		cmocka_unit_test_setup(write_not_given, tables_set_up),
		cmocka_unit_test_setup(written_by_a_new_entry, tables_set_up),
		cmocka_unit_test_setup(frames_change, tables_set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
