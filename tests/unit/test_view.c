/* SPDX-License-Identifier: MIT */
/* A view of an address: it shows both walks, and changes nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "mmu/view/view.h"
#include "mmu_world.h"

#define GVA 0x5000ULL
#define SLOT 5
#define PAGE 20ULL

/* Frames 0 to 3 are the tables of the lowest 2 MiB. */
static void create_world(enum mmu_rung rung)
{
	world_create(&mmu_rung_policies[rung], 64, true);
	for (gfn_t level = 0; level < 3; level++)
		*world_gpte(level, 0) = (level + 1) << 12 | LINKED;
}

static struct mmu_view view_of(gva_t gva)
{
	struct mmu_view view;

	mmu_view(&world_cpu, gva, &view);
	return view;
}

static void touch(gva_t gva, u32 access)
{
	struct guest_walk walk;
	struct hardware h = hardware_access(gva, access);

	if (h.result == HW_EXIT)
		mmu_page_fault(&world_cpu, gva, h.error_code, &walk);
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

	create_world(MMU_VTLB);
	assert_int_equal(view_of(GVA).shadow_top, 0);
	mmu_root(&world_cpu);
	view = view_of(GVA);
	assert_int_equal(view.shadow_top, 4);
	assert_int_equal(view.shadow_level, 4);
	assert_int_equal(view.kind[4], SPTE_TRAP);
	shows_the_guest(&view);
}

static void shows_a_demand_fault(void **state)
{
	struct mmu_view view;

	create_world(MMU_BYPASS);
	mmu_root(&world_cpu);
	view = view_of(GVA);
	assert_int_equal(view.shadow_level, 1);
	assert_int_equal(view.kind[1], SPTE_ABSENT);
	for (int level = 2; level <= 4; level++)
		assert_int_equal(view.kind[level], SPTE_TABLE);
	shows_the_guest(&view);
	mmu_write(&world_cpu, 3 * PAGE_SIZE + 8 * SLOT,
		  &(u64){ PAGE << 12 | LINKED | PTE_D }, 8);
	view = view_of(GVA);
	assert_int_equal(view.kind[1], SPTE_LEAF);
	assert_int_equal(view.spte[1] >> 12 & 0xffff, PAGE + WORLD_HFN_BASE);
	assert_int_equal(view.guest.gpa, PAGE << 12);
}

static void shows_mmio(void **state)
{
	create_world(MMU_NOWALK);
	world_device = PAGE;
	*world_gpte(3, SLOT) = PAGE << 12 | LINKED;
	mmu_root(&world_cpu);
	touch(GVA, 0);
	assert_int_equal(view_of(GVA).kind[1], SPTE_MMIO);
	world_device = HFN_NONE;
}

/*
 * The view changes neither the guest's memory, nor the shadow, nor a counter.
 */
static void changes_nothing(void **state)
{
	static u8 ram[WORLD_FRAMES][PAGE_SIZE];
	struct mmu_stats stats;
	u8 bytes[4];

	create_world(MMU_TARGETS);
	*world_gpte(3, SLOT) = PAGE << 12 | PTE_P; /* A is clear */
	memcpy(world_ram[PAGE], "code", 4);
	mmu_root(&world_cpu);
	memcpy(ram, world_ram, sizeof(ram));
	stats = *mmu_stats(world_mmu);
	assert_int_equal(view_of(GVA).guest.status, WALK_OK);
	assert_int_equal(mmu_peek(&world_cpu, GVA, bytes, 4), 4);
	assert_memory_equal(bytes, "code", 4);
	assert_memory_equal(ram, world_ram, sizeof(ram));
	assert_memory_equal(&stats, mmu_stats(world_mmu), sizeof(stats));
	assert_int_equal(view_of(GVA).kind[4], SPTE_TRAP);
}

/* The peek ends before an unmapped page, and ignores SMAP and the rights. */
static void peek_ends_at_a_hole(void **state)
{
	u8 bytes[8];

	create_world(MMU_BYPASS);
	mmu_set_state(&world_cpu, world_cpu.cr0, world_cpu.cr3,
		      world_cpu.cr4 | CR4_SMAP, world_cpu.efer, NULL);
	*world_gpte(3, SLOT) = PAGE << 12 | PTE_P | PTE_U | PTE_NX;
	assert_int_equal(mmu_peek(&world_cpu, GVA + PAGE_SIZE - 3, bytes, 8),
			 3);
	*world_gpte(3, SLOT + 1) = PAGE << 12 | PTE_P;
	assert_int_equal(mmu_peek(&world_cpu, GVA + PAGE_SIZE - 3, bytes, 8),
			 8);
}

/* It does not wrap, and an address with a wrong sign is no other address. */
static void peek_ends_with_the_addresses(void **state)
{
	u8 bytes[8];

	create_world(MMU_BYPASS);
	*world_gpte(3, SLOT) = PAGE << 12 | PTE_P;
	assert_int_equal(mmu_peek(&world_cpu, GVA | BIT(63), bytes, 8), 0);
	/* The last page of 32-bit paging. */
	((u32 *)world_ram[0])[1023] = 1 << 12 | PTE_P;
	((u32 *)world_ram[1])[1023] = PAGE << 12 | PTE_P;
	mmu_set_state(&world_cpu, CR0_PG, 0, 0, 0, NULL);
	assert_int_equal(mmu_peek(&world_cpu, 0xfffffffc, bytes, 8), 4);
	assert_int_equal(mmu_peek(&world_cpu, 1ULL << 32, bytes, 8), 0);
}

/* The peek ends before a device. */
static void peek_reads_no_device(void **state)
{
	gpa_t end = WORLD_FRAMES << PAGE_SHIFT;
	u8 bytes[8];

	create_world(MMU_BYPASS);
	mmu_set_state(&world_cpu, 0, 0, 0, 0, NULL);
	assert_int_equal(mmu_peek(&world_cpu, end - 3, bytes, 8), 3);
	assert_int_equal(mmu_peek(&world_cpu, end, bytes, 8), 0);
}

static void unpaged(void **state)
{
	struct mmu_view view;

	create_world(MMU_BYPASS);
	mmu_set_state(&world_cpu, 0, 0, 0, 0, NULL);
	mmu_root(&world_cpu);
	view = view_of(GVA);
	assert_int_equal(view.guest_top, 0);
	assert_int_equal(view.guest.status, WALK_OK);
	assert_int_equal(view.guest.gpa, GVA);
	assert_int_equal(view.shadow_top, 3);
}

/* The root has four entries, and the user may name any address. */
static void no_more_than_32_bits(void **state)
{
	struct mmu_view view;

	create_world(MMU_BYPASS);
	mmu_set_state(&world_cpu, 0, 0, 0, 0, NULL);
	mmu_root(&world_cpu);
	touch(GVA, PFEC_W);
	view = view_of(GVA | 7 * GIB);
	assert_int_equal(view.guest.gpa, view_of(GVA | 3 * GIB).guest.gpa);
	assert_int_equal(view.spte[3], view_of(GVA | 3 * GIB).spte[3]);
	view = view_of(GVA | ~0ULL << 32);
	assert_int_equal(view.kind[1], SPTE_LEAF);
}

/* Makes an access; its outcome in the words of mmu_view_access(). */
static bool is_outcome(gva_t gva, u32 access, enum mmu_outcome outcome)
{
	struct guest_walk walk;
	struct hardware h = hardware_access(gva, access);

	if (h.result != HW_EXIT)
		return outcome ==
		       (h.result == HW_OK ? OUTCOME_HIT : OUTCOME_BYPASS);
	switch (mmu_page_fault(&world_cpu, gva, h.error_code, &walk)) {
	case MMU_RESUME: /* a table may have been opened */
		return outcome == OUTCOME_FILL ||
		       (outcome == OUTCOME_TABLE_WRITE &&
			mmu_policy(world_mmu)->open);
	case MMU_INJECT:
		return outcome == OUTCOME_INJECT;
	case MMU_TABLE_WRITE:
		return outcome == OUTCOME_TABLE_WRITE;
	case MMU_MMIO:
		return outcome == OUTCOME_DEVICE;
	}
	return false;
}

static void tells_the_outcome(gva_t gva, u32 access)
{
	struct reference guest = reference_walk(gva, access);
	struct mmu_view view;
	enum mmu_outcome outcome;
	u32 code;

	mmu_root(&world_cpu);
	view = view_of(gva);
	outcome = mmu_view_access(&world_cpu, &view, access, &code);
	world_require(code == (guest.ok ? 0 : guest.error_code), gva,
		      "the guest's error code is not 0x%x", code);
	world_require(is_outcome(gva, access, outcome), gva,
		      "access 0x%x has not the outcome %u", access, outcome);
}

/* By slot: the pages of one table. */
static const u64 gptes[] = {
	0,
	PAGE << 12 | LINKED,
	PAGE << 12 | PTE_P | PTE_U | PTE_NX,
	PAGE << 12 | PTE_P | PTE_W,
	(PAGE + 1) << 12 | LINKED, /* a device's */
	3 << 12 | LINKED, /* the table itself */
};

/* Each access, before anything is shadowed and after. */
static void tells_outcomes_on(enum mmu_rung rung, u64 pde, u64 cr0, u64 cr4)
{
	create_world(rung);
	mmu_set_state(&world_cpu, cr0, world_cpu.cr3, cr4, world_cpu.efer,
		      NULL);
	world_device = PAGE + 1;
	*world_gpte(2, 0) = 3 << 12 | pde;
	for (u32 slot = 0; slot < ARRAY_SIZE(gptes); slot++)
		*world_gpte(3, slot) = gptes[slot];
	for (u32 n = 0; n < 3 * ARRAY_SIZE(gptes); n++) {
		gva_t gva = n % ARRAY_SIZE(gptes) << 12;

		for (u32 user = 0; user <= PFEC_U; user += PFEC_U) {
			tells_the_outcome(gva, user);
			tells_the_outcome(gva, user | PFEC_W);
			tells_the_outcome(gva, user | PFEC_I);
		}
	}
	world_device = HFN_NONE;
}

static void tells_outcomes(void **state)
{
	static const u64 pdes[] = { LINKED, PTE_P | PTE_U | PTE_A,
				    PTE_P | PTE_W | PTE_NX, 0 };
	u64 cr0, cr4;

	create_world(MMU_VTLB);
	cr0 = world_cpu.cr0 | CR0_WP;
	cr4 = world_cpu.cr4;
	for (enum mmu_rung rung = 0; rung < MMU_RUNGS; rung++)
		for (u32 i = 0; i < ARRAY_SIZE(pdes); i++) {
			tells_outcomes_on(rung, pdes[i], cr0, cr4);
			tells_outcomes_on(rung, pdes[i], cr0 & ~CR0_WP, cr4);
			tells_outcomes_on(rung, pdes[i], cr0, cr4 | CR4_SMEP);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(shows_no_more_than_there_is),
		cmocka_unit_test(shows_a_demand_fault),
		cmocka_unit_test(shows_mmio),
		cmocka_unit_test(changes_nothing),
		cmocka_unit_test(peek_ends_at_a_hole),
		cmocka_unit_test(peek_ends_with_the_addresses),
		cmocka_unit_test(peek_reads_no_device),
		cmocka_unit_test(unpaged),
		cmocka_unit_test(no_more_than_32_bits),
		cmocka_unit_test(tells_outcomes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
