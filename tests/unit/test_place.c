/* SPDX-License-Identifier: MIT */
/*
 * Placed roots on a machine of a few frames, each of them memory of its own:
 * the place of the guest's frame meanwhile.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "mmu/page/page.h"
#include "mmu/page/place.h"
#include "vmx/controls.h"

#define GUEST_FRAMES 64
#define POOL_HFN 64
#define HOST_FRAMES 4096
#define ROOT_GFN 5
#define OTHER_GFN 6
#define THIRD_GFN 10
#define DIRECTORY 8 /* of the other space; its tables begin at TABLES */
#define TABLES 20
#define TO_ROOT 20 /* the slot of the first table that maps ROOT_GFN */

static u64 memory[HOST_FRAMES][PT_ENTRIES] __attribute__((aligned(PAGE_SIZE)));
static hfn_t p2m[GUEST_FRAMES];
static u64 next_hfn;

static hfn_t host_frame(void *ctx, gfn_t gfn)
{
	(void)ctx;
	return gfn < GUEST_FRAMES ? p2m[gfn] : HFN_NONE;
}

static void *host_map(void *ctx, hfn_t hfn)
{
	(void)ctx;
	return memory[hfn];
}

static void *host_alloc(void *ctx, size_t pages)
{
	void *piece = memory[next_hfn];

	(void)ctx;
	next_hfn += pages;
	return next_hfn <= HOST_FRAMES ? piece : NULL;
}

static hpa_t host_address(void *ctx, const void *piece)
{
	(void)ctx;
	return (hpa_t)((const u8 *)piece - (const u8 *)memory);
}

static u64 flushes; /* asked for since the last load of CR3 */

static void host_flush(void *ctx)
{
	(void)ctx;
	flushes++;
}

static void host_event(void *ctx, enum mmu_event event, gfn_t gfn, u64 detail)
{
}

static void host_move(void *ctx, gfn_t gfn, hfn_t hfn)
{
	(void)ctx;
	memcpy(memory[hfn], memory[p2m[gfn]], PAGE_SIZE);
	p2m[gfn] = hfn;
}

static hpa_t load_cr3_with_flags(struct mmu_cpu *cpu, gfn_t gfn, u64 flags)
{
	mmu_set_state(cpu, CR0_PG | CR0_WP | CR0_PE, gfn << PAGE_SHIFT | flags,
		      CR4_PAE, EFER_LME | EFER_LMA | EFER_NXE, NULL);
	flushes = 0;
	return mmu_root(cpu);
}

static hpa_t load_cr3(struct mmu_cpu *cpu, gfn_t gfn)
{
	return load_cr3_with_flags(cpu, gfn, 0);
}

static struct mmu *create_mmu(struct mmu_cpu *cpu, u32 targets)
{
	static const struct mmu_ops ops = { .gfn_to_hfn = host_frame,
					    .map = host_map,
					    .alloc = host_alloc,
					    .to_hpa = host_address,
					    .flush = host_flush,
					    .move_frame = host_move,
					    .event = host_event };
	struct mmu_config config = {
		.ops = &ops,
		.policy = mmu_rung_policies[MMU_TARGETS],
		.gfn_count = GUEST_FRAMES,
		.shadow_pages = MMU_MIN_SHADOW_PAGES,
		.maxphyaddr = 36,
		.leaf_trap_present = true,
		.filter_works = true,
		.targets = targets,
	};
	struct mmu *machine;

	memset(memory, 0, sizeof(memory));
	next_hfn = POOL_HFN;
	for (gfn_t gfn = 0; gfn < GUEST_FRAMES; gfn++)
		p2m[gfn] = gfn;
	machine = mmu_create(&config);
	assert_non_null(machine);
	mmu_cpu_init(cpu, machine);
	return machine;
}

/* IA32_VMX_MISC[24:16]: up to 511 of them, or none (SDM vol. 3D, A.6). */
static void targets_of_the_processor(void **state)
{
	static const struct {
		u64 misc;
		u32 used;
	} processors[] = {
		{ 0x7004c1e7, 4 },
		{ ~BITS(24, 16), 0 },
		{ 0x30000, 3 },
		{ 0x1000000, MMU_TARGETS_MAX },
		{ 0x1ff0000, MMU_TARGETS_MAX },
	};
	struct mmu_cpu cpu;

	(void)state;
	for (u32 i = 0; i < ARRAY_SIZE(processors); i++) {
		struct mmu *machine =
			create_mmu(&cpu, MISC_CR3_TARGETS(processors[i].misc));

		assert_int_equal(machine->config.targets, processors[i].used);
	}
}

/*
 * While a root is placed, the guest's table is read at its moved place.
 * Afterwards it is at its own address again, with all that was written
 * meanwhile.
 */
static void the_guests_frame_moves(void **state)
{
	const u64 first = 0x1000, second = 0x2000; /* of the guest's, P=0 */
	struct mmu_cpu cpu;
	struct mmu *machine = create_mmu(&cpu, MMU_TARGETS_MAX);
	hpa_t root = 0;

	(void)state;
	memory[ROOT_GFN][1] = first;
	for (u32 i = 0; i < 64 && root != ROOT_GFN << PAGE_SHIFT; i++) {
		load_cr3(&cpu, OTHER_GFN);
		root = load_cr3(&cpu, ROOT_GFN);
	}
	assert_int_equal(root, ROOT_GFN << PAGE_SHIFT);
	assert_int_not_equal(p2m[ROOT_GFN], ROOT_GFN);
	assert_true(flushes);
	assert_ptr_equal(mmu_map_gfn(machine, ROOT_GFN), memory[p2m[ROOT_GFN]]);
	assert_int_equal(memory[p2m[ROOT_GFN]][1], first);
	assert_int_equal(memory[ROOT_GFN][1], SPTE_ABSENT_VALUE);

	memory[p2m[ROOT_GFN]][1] = second;
	mmu_unshadow(&cpu, ROOT_GFN);
	assert_int_equal(p2m[ROOT_GFN], ROOT_GFN);
	assert_int_equal(memory[ROOT_GFN][1], second);
	assert_ptr_equal(mmu_map_gfn(machine, ROOT_GFN), memory[ROOT_GFN]);
}

/* A root with flags is not placed. Without them it is, and only moves. */
static void a_move_is_flushed(void **state)
{
	struct mmu_cpu cpu;

	(void)state;
	create_mmu(&cpu, MMU_TARGETS_MAX);
	load_cr3_with_flags(&cpu, ROOT_GFN, PTE_PWT);
	assert_int_equal(p2m[ROOT_GFN], ROOT_GFN);
	load_cr3(&cpu, ROOT_GFN);
	assert_int_not_equal(p2m[ROOT_GFN], ROOT_GFN);
	assert_true(flushes);
	load_cr3_with_flags(&cpu, ROOT_GFN, PTE_PWT);
	assert_int_equal(p2m[ROOT_GFN], ROOT_GFN);
	assert_true(flushes);
}

/* The entries that a root has got at its place are in the pool afterwards. */
static void entries_come_back(void **state)
{
	const u64 used = PTE_P | PTE_W | PTE_U;
	struct mmu_cpu cpu;
	struct mmu *machine = create_mmu(&cpu, MMU_TARGETS_MAX);
	const struct shadow_page *root;
	struct guest_walk walk;
	u64 entry;

	(void)state;
	memory[ROOT_GFN][0] = (DIRECTORY - 1) << PAGE_SHIFT | used;
	memory[DIRECTORY - 1][0] = DIRECTORY << PAGE_SHIFT | used;
	memory[DIRECTORY][0] = TABLES << PAGE_SHIFT | used;
	memory[TABLES][0] = used;
	load_cr3(&cpu, ROOT_GFN);
	assert_int_not_equal(p2m[ROOT_GFN], ROOT_GFN);
	assert_int_equal(mmu_page_fault(&cpu, 0, PFEC_P, &walk), MMU_RESUME);
	root = shadow_page_next(machine, ROOT_GFN, NULL);
	entry = root->spt[0];
	assert_true(spte_is_table(entry, PT_LEVELS));
	load_cr3_with_flags(&cpu, ROOT_GFN, PTE_PWT);
	assert_int_equal(p2m[ROOT_GFN], ROOT_GFN);
	assert_int_equal(root->spt[0], entry);
	assert_int_equal(root->spt[1], SPTE_ABSENT_VALUE);
}

/*
 * A third space maps the table of one root, and writes it; then it maps the
 * table of another root there. Each of the two tables lies at the same reserved
 * frame while its root is placed, so the entry has the same value at both
 * writes. The second write is to the second table.
 */
static void the_same_frame_for_two_roots(void **state)
{
	const u64 used = PTE_P | PTE_W | PTE_U | PTE_A | PTE_D;
	const gva_t gva = 5ULL << PAGE_SHIFT;
	const u32 write = PFEC_P | PFEC_W;
	const u64 other = (u64)OTHER_GFN << PAGE_SHIFT | used;
	struct guest_walk walk;
	struct mmu_cpu cpu;

	(void)state;
	create_mmu(&cpu, 1);
	memory[THIRD_GFN][0] = (DIRECTORY - 1) << PAGE_SHIFT | used;
	memory[DIRECTORY - 1][0] = DIRECTORY << PAGE_SHIFT | used;
	memory[DIRECTORY][0] = TABLES << PAGE_SHIFT | used;
	memory[TABLES][5] = (u64)ROOT_GFN << PAGE_SHIFT | used;
	/* The other root has a shadow, and leaves the slot. */
	load_cr3(&cpu, OTHER_GFN);
	load_cr3_with_flags(&cpu, OTHER_GFN, PTE_PWT);
	load_cr3(&cpu, ROOT_GFN);
	load_cr3(&cpu, THIRD_GFN);
	assert_int_equal(mmu_page_fault(&cpu, gva, PFEC_P, &walk), MMU_RESUME);
	assert_int_equal(mmu_page_fault(&cpu, gva, write, &walk),
			 MMU_TABLE_WRITE);
	assert_int_equal(walk.gpa, ROOT_GFN << PAGE_SHIFT);
	mmu_store(&cpu, (TABLES << PAGE_SHIFT) + 5 * sizeof(other), other);
	load_cr3_with_flags(&cpu, ROOT_GFN, PTE_PWT);
	load_cr3(&cpu, OTHER_GFN);
	load_cr3(&cpu, THIRD_GFN);
	assert_int_equal(mmu_page_fault(&cpu, gva, write, &walk),
			 MMU_TABLE_WRITE);
	assert_int_equal(walk.gpa, OTHER_GFN << PAGE_SHIFT);
}

/*
 * The guest reads the table of another space, whose root is placed, through a
 * page table that is not shadowed yet. The pool is so small that this root is
 * given up to make room, so its frame moves back during the fault. The LEAF
 * must lead to its new place: the one that the new shadow is filled with, and
 * the one that is made after it.
 */
static void moves_in_a_fault(bool prefill)
{
	const u64 used = PTE_P | PTE_W | PTE_U;
	struct mmu_cpu cpu;
	struct mmu *machine = create_mmu(&cpu, MMU_TARGETS_MAX);
	struct mmu_policy policy = *mmu_policy(machine);
	const struct shadow_page *table;
	struct guest_walk walk;
	u64 i;

	policy.prefill = prefill;
	mmu_set_policy(&cpu, &policy);
	memory[OTHER_GFN][0] = (DIRECTORY - 1) << PAGE_SHIFT | used;
	memory[DIRECTORY - 1][0] = DIRECTORY << PAGE_SHIFT | used;
	for (i = 0; i < MMU_MIN_SHADOW_PAGES; i++) {
		memory[DIRECTORY][i] = (TABLES + i) << PAGE_SHIFT | used;
		memory[TABLES + i][0] = used;
		memory[TABLES + i][TO_ROOT] = (u64)ROOT_GFN << PAGE_SHIFT |
					      used;
	}
	load_cr3(&cpu, ROOT_GFN);
	/* The MMU has seen the frame at its other place. */
	assert_ptr_equal(mmu_map_gfn(machine, ROOT_GFN), memory[p2m[ROOT_GFN]]);
	assert_int_not_equal(p2m[ROOT_GFN], ROOT_GFN);
	load_cr3(&cpu, OTHER_GFN);
	for (i = 0; machine->free_count >= PT_LEVELS; i++)
		assert_int_equal(mmu_page_fault(&cpu, i << 21, PFEC_P, &walk),
				 MMU_RESUME);
	assert_int_equal(mmu_page_fault(&cpu, i << 21 | TO_ROOT << PAGE_SHIFT,
					PFEC_P, &walk),
			 MMU_RESUME);
	assert_int_equal(p2m[ROOT_GFN], ROOT_GFN);
	table = shadow_page_next(machine, TABLES + i, NULL);
	assert_int_equal((table->spt[TO_ROOT] & PTE_ADDR_MASK) >> PAGE_SHIFT,
			 ROOT_GFN);
}

static void a_frame_moves_in_a_fault(void **state)
{
	(void)state;
	moves_in_a_fault(false);
	moves_in_a_fault(true);
}

/*
 * Both roots of a process are placed. A table that is linked to one of them is
 * linked to the other as well, if the guest's entry there has A and names it.
 */
static void linked_to_both_roots(void **state)
{
	const u64 used = PTE_P | PTE_W | PTE_U | PTE_A;
	const u64 names = (DIRECTORY - 1) << PAGE_SHIFT | used;
	const struct {
		u64 gpte;
		bool linked;
	} cases[] = {
		{ names, true },
		{ names & ~PTE_A, false },
		{ (TABLES + 1) << PAGE_SHIFT | used, false },
		{ 0, false },
	};
	struct mmu_cpu cpu;
	struct guest_walk walk;

	(void)state;
	for (u32 i = 0; i < ARRAY_SIZE(cases); i++) {
		struct mmu *machine = create_mmu(&cpu, MMU_TARGETS_MAX);

		memory[DIRECTORY - 1][0] = DIRECTORY << PAGE_SHIFT | used;
		memory[DIRECTORY][0] = TABLES << PAGE_SHIFT | used;
		memory[TABLES][0] = used;
		memory[ROOT_GFN][0] = names;
		memory[OTHER_GFN][0] = cases[i].gpte;
		load_cr3(&cpu, OTHER_GFN);
		load_cr3(&cpu, ROOT_GFN);
		assert_int_equal(mmu_page_fault(&cpu, 0, PFEC_P, &walk),
				 MMU_RESUME);
		assert_true(spte_is_table(
			shadow_page_next(machine, ROOT_GFN, NULL)->spt[0], 4));
		assert_int_equal(
			spte_is_table(shadow_page_next(machine, OTHER_GFN, NULL)
					      ->spt[0],
				      4),
			cases[i].linked);
	}
}

/* The guest loads two targets in turn; the exits find the one in use. */
static void loaded_without_an_exit(void **state)
{
	const gfn_t gfns[] = { ROOT_GFN, OTHER_GFN, OTHER_GFN, ROOT_GFN };
	struct mmu_cpu cpu;

	(void)state;
	create_mmu(&cpu, MMU_TARGETS_MAX);
	load_cr3(&cpu, OTHER_GFN);
	load_cr3(&cpu, ROOT_GFN);
	for (u32 i = 0; i < ARRAY_SIZE(gfns); i++) {
		mmu_exited(&cpu, gfns[i] << PAGE_SHIFT);
		assert_int_equal(cpu.root->gfn, gfns[i]);
		assert_int_equal(cpu.cr3, gfns[i] << PAGE_SHIFT);
	}
}

/* A root takes the slot that another one has left. */
static void a_slot_that_was_left(void **state)
{
	struct mmu_cpu cpu;

	(void)state;
	create_mmu(&cpu, 1);
	load_cr3(&cpu, ROOT_GFN);
	load_cr3(&cpu, OTHER_GFN);
	assert_int_equal(p2m[OTHER_GFN], OTHER_GFN);
	mmu_unshadow(&cpu, ROOT_GFN);
	load_cr3(&cpu, OTHER_GFN);
	assert_int_not_equal(p2m[OTHER_GFN], OTHER_GFN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(targets_of_the_processor),
		cmocka_unit_test(loaded_without_an_exit),
		cmocka_unit_test(a_slot_that_was_left),
		cmocka_unit_test(linked_to_both_roots),
		cmocka_unit_test(the_guests_frame_moves),
		cmocka_unit_test(a_move_is_flushed),
		cmocka_unit_test(entries_come_back),
		cmocka_unit_test(the_same_frame_for_two_roots),
		cmocka_unit_test(a_frame_moves_in_a_fault),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
