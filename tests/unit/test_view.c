/* SPDX-License-Identifier: MIT */
/* A look at an address: it shows both walks as they are, and changes nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "mmu/view.h"
#include "mmu_world.h"

#define GVA 0x5000ULL
#define SLOT 5
#define PAGE 20ULL

/* Frames 0 to 3 are the tables of the lowest 2 MiB. */
static void create(enum mmu_rung rung)
{
	world_create(&mmu_rung_policies[rung], 64, true);
	for (gfn_t level = 0; level < 3; level++)
		*world_gpte(level, 0) = (level + 1) << 12 | LINKED;
}

static struct mmu_view look(gva_t gva)
{
	struct mmu_view view;

	mmu_view(&world_vcpu, gva, &view);
	return view;
}

static void touch(gva_t gva, u32 access)
{
	struct guest_walk walk;
	struct hardware h = hardware_access(gva, access);

	if (h.result == HW_EXIT)
		mmu_page_fault(&world_vcpu, gva, h.error_code, &walk);
}

static void shows_the_guest(const struct mmu_view *view)
{
	assert_int_equal(view->guest_top, 4);
	assert_int_equal(view->guest.level, 1);
	assert_int_equal(view->guest.status, WALK_NOT_PRESENT);
	for (int level = 2; level <= 4; level++)
		assert_int_equal(view->guest.pte[level],
				 (5ULL - level) << 12 | LINKED);
}

static void shows_no_more_than_there_is(void **state)
{
	struct mmu_view view;

	create(MMU_VTLB);
	assert_int_equal(look(GVA).shadow_top, 0);
	mmu_root(&world_vcpu);
	view = look(GVA);
	assert_int_equal(view.shadow_top, 4);
	assert_int_equal(view.shadow_level, 4);
	assert_int_equal(view.kind[4], SPTE_TRAP);
	shows_the_guest(&view);
}

static void shows_a_demand_fault(void **state)
{
	struct mmu_view view;

	create(MMU_BYPASS);
	mmu_root(&world_vcpu);
	view = look(GVA);
	assert_int_equal(view.shadow_level, 1);
	assert_int_equal(view.kind[1], SPTE_ABSENT);
	for (int level = 2; level <= 4; level++)
		assert_int_equal(view.kind[level], SPTE_TABLE);
	shows_the_guest(&view);
	mmu_write(&world_vcpu, 3 * PAGE_SIZE + 8 * SLOT,
		  &(u64){ PAGE << 12 | LINKED | PTE_D }, 8);
	view = look(GVA);
	assert_int_equal(view.kind[1], SPTE_LEAF);
	assert_int_equal(view.spte[1] >> 12 & 0xffff, PAGE + WORLD_HFN_BASE);
	assert_int_equal(view.guest.gpa, PAGE << 12);
}

static void shows_mmio(void **state)
{
	create(MMU_NOWALK);
	world_device = PAGE;
	*world_gpte(3, SLOT) = PAGE << 12 | LINKED;
	mmu_root(&world_vcpu);
	touch(GVA, 0);
	assert_int_equal(look(GVA).kind[1], SPTE_MMIO);
	world_device = HFN_NONE;
}

/* Neither the guest's memory nor the shadow nor a counter. */
static void changes_nothing(void **state)
{
	static u8 ram[WORLD_FRAMES][PAGE_SIZE];
	struct mmu_stats stats;
	u8 bytes[4];

	create(MMU_TARGETS);
	*world_gpte(3, SLOT) = PAGE << 12 | PTE_P; /* A is clear */
	memcpy(world_ram[PAGE], "code", 4);
	mmu_root(&world_vcpu);
	memcpy(ram, world_ram, sizeof(ram));
	stats = *mmu_stats(world_mmu);
	assert_int_equal(look(GVA).guest.status, WALK_OK);
	assert_int_equal(mmu_peek(&world_vcpu, GVA, bytes, 4), 4);
	assert_memory_equal(bytes, "code", 4);
	assert_memory_equal(ram, world_ram, sizeof(ram));
	assert_memory_equal(&stats, mmu_stats(world_mmu), sizeof(stats));
	assert_int_equal(look(GVA).kind[4], SPTE_TRAP);
}

/* It ends where the next page is not mapped, and ignores SMAP and the rights. */
static void peek_ends_at_a_hole(void **state)
{
	u8 bytes[8];

	create(MMU_BYPASS);
	mmu_set_state(&world_vcpu, world_vcpu.cr0, world_vcpu.cr3,
		      world_vcpu.cr4 | CR4_SMAP, world_vcpu.efer, NULL);
	*world_gpte(3, SLOT) = PAGE << 12 | PTE_P | PTE_U | PTE_NX;
	assert_int_equal(mmu_peek(&world_vcpu, GVA + PAGE_SIZE - 3, bytes, 8),
			 3);
	*world_gpte(3, SLOT + 1) = PAGE << 12 | PTE_P;
	assert_int_equal(mmu_peek(&world_vcpu, GVA + PAGE_SIZE - 3, bytes, 8),
			 8);
}

static void unpaged(void **state)
{
	struct mmu_view view;

	create(MMU_BYPASS);
	mmu_set_state(&world_vcpu, 0, 0, 0, 0, NULL);
	mmu_root(&world_vcpu);
	view = look(GVA);
	assert_int_equal(view.guest_top, 0);
	assert_int_equal(view.guest.status, WALK_OK);
	assert_int_equal(view.guest.gpa, GVA);
	assert_int_equal(view.shadow_top, 3);
}

/* The root has four entries that count, and a guest may name any address. */
static void no_more_than_32_bits(void **state)
{
	struct mmu_view view;

	create(MMU_BYPASS);
	mmu_set_state(&world_vcpu, 0, 0, 0, 0, NULL);
	mmu_root(&world_vcpu);
	touch(GVA, PFEC_W);
	view = look(GVA | 7 * GIB);
	assert_int_equal(view.guest.gpa, look(GVA | 3 * GIB).guest.gpa);
	assert_int_equal(view.spte[3], look(GVA | 3 * GIB).spte[3]);
	view = look(GVA | ~0ULL << 32);
	assert_int_equal(view.kind[1], SPTE_LEAF);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(shows_no_more_than_there_is),
		cmocka_unit_test(shows_a_demand_fault),
		cmocka_unit_test(shows_mmio),
		cmocka_unit_test(changes_nothing),
		cmocka_unit_test(peek_ends_at_a_hole),
		cmocka_unit_test(unpaged),
		cmocka_unit_test(no_more_than_32_bits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
