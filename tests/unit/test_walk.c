/* SPDX-License-Identifier: MIT */
/*
 * The guest walker: each rule of the manual by itself, and random tables
 * against the model's reference.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "mmu/shadow.h"
#include "mmu/walk.h"
#include "tests/model/reference.h"
#include "tests/model/words.h"

#define FRAMES 8
#define FLAGS (PTE_P | PTE_W | PTE_U)
#define GVA 0x8080604123ULL /* indices 1, 2, 3, 4 */
#define RANDOM_WALKS 300000

static u64 ram[FRAMES][PT_ENTRIES] __attribute__((aligned(4096)));
static struct guest_frame frames[FRAMES];
static struct mmu mmu;
static struct mmu_cpu cpu;

static hfn_t gfn_to_hfn(void *ctx, gfn_t gfn)
{
	(void)ctx;
	return gfn < FRAMES ? gfn : HFN_NONE;
}

static void *map(void *ctx, hfn_t hfn)
{
	(void)ctx;
	return ram[hfn];
}

static const struct mmu_ops ops = { .gfn_to_hfn = gfn_to_hfn, .map = map };

/* Frames 1 to 4 are the tables of GVA, PML4 first; it is in frame 5. */
static u64 *entry_of(int level)
{
	return &ram[5 - level][pt_index(GVA, level)];
}

static int set_up(void **state)
{
	(void)state;
	memset(ram, 0, sizeof(ram));
	for (int level = 4; level >= 1; level--)
		*entry_of(level) = (6 - level) * PAGE_SIZE | FLAGS;
	memset(&mmu, 0, sizeof(mmu));
	mmu.frames = frames;
	mmu.config.ops = &ops;
	mmu.config.gfn_count = FRAMES;
	mmu.config.maxphyaddr = 40;
	cpu = (struct mmu_cpu){ .mmu = &mmu,
				.cr0 = CR0_PE | CR0_PG | CR0_WP,
				.cr3 = 1 * PAGE_SIZE,
				.cr4 = CR4_PAE,
				.efer = EFER_LME | EFER_LMA | EFER_NXE };
	return 0;
}

static struct guest_walk walk(u32 access)
{
	struct guest_walk w;

	mmu_derive_state(&cpu);
	guest_walk(&cpu, GVA, access, NULL, &w);
	return w;
}

/*
 * An access of this kind faults with this code, and sets no bit in the tables.
 */
static void walk_faults(u32 access, u32 error_code)
{
	u64 before[FRAMES][PT_ENTRIES];
	struct guest_walk w;

	memcpy(before, ram, sizeof(ram));
	w = walk(access);
	if (w.status == WALK_OK)
		fail_msg("a %s is permitted; by the manual the fault %s",
			 words_access(access), words_fault(error_code));
	if (w.error_code != error_code)
		fail_msg("a %s faults with %s; by the manual: %s",
			 words_access(access), words_fault(w.error_code),
			 words_fault(error_code));
	if (memcmp(before, ram, sizeof(ram)))
		fail_msg("invariant 3: a %s that is not permitted changes the "
			 "guest's tables",
			 words_access(access));
}

static void translates(void **state)
{
	struct guest_walk w = walk(PFEC_U);

	(void)state;
	assert_int_equal(w.status, WALK_OK);
	assert_int_equal(w.gpa, 0x5123);
	assert_int_equal(w.level, 1);
	for (int level = 4; level >= 1; level--) {
		assert_int_equal(w.table[level], 5 - level);
		if ((*entry_of(level) & (PTE_A | PTE_D)) != PTE_A)
			fail_msg("invariant 3: after a read the entry of level "
				 "%d is %s; should have A and no D",
				 level, words_gpte(*entry_of(level)));
	}
	assert_false(w.dirty);
	assert_true(walk(PFEC_W).dirty);
	assert_true(*entry_of(1) & PTE_D);
	assert_false(*entry_of(2) & PTE_D);
}

static void not_present(void **state)
{
	(void)state;
	for (int level = 1; level <= 4; level++) {
		set_up(NULL);
		/* All other bits are the guest's own. */
		*entry_of(level) = ~PTE_P;
		walk_faults(0, 0);
		walk_faults(PFEC_W | PFEC_U, PFEC_W | PFEC_U);
		walk_faults(PFEC_I, PFEC_I);
		cpu.efer &= ~EFER_NXE;
		walk_faults(PFEC_I, 0);
		cpu.cr4 |= CR4_SMEP;
		walk_faults(PFEC_I, PFEC_I);
	}
}

static void reserved_bits(void **state)
{
	u32 code = PFEC_P | PFEC_RSVD;

	(void)state;
	for (int level = 1; level <= 4; level++) {
		set_up(NULL);
		*entry_of(level) |= BIT(40);
		walk_faults(0, code);
		*entry_of(level) ^= BIT(40) | BIT(51);
		walk_faults(0, code);
		/* Ignored, SDM vol. 3A, 4.5. */
		*entry_of(level) ^= BIT(51) | BITS(62, 52);
		assert_int_equal(walk(0).status, WALK_OK);
		*entry_of(level) |= PTE_NX;
		cpu.efer &= ~EFER_NXE;
		walk_faults(0, code);
	}
	set_up(NULL);
	*entry_of(4) |= PTE_PS;
	walk_faults(PFEC_W, code | PFEC_W);
	/* From the top down: the levels below do not matter. */
	*entry_of(3) = 0;
	walk_faults(PFEC_W, code | PFEC_W);
}

static void large_pages(void **state)
{
	u32 code = PFEC_P | PFEC_RSVD;

	(void)state;
	*entry_of(2) = 6 * MIB | FLAGS | PTE_PS | PTE_PAT_LARGE;
	assert_int_equal(walk(0).gpa, 6 * MIB + (GVA & (2 * MIB - 1)));
	assert_int_equal(walk(PFEC_W).level, 2);
	assert_true(*entry_of(2) & PTE_D);
	for (int bit = 13; bit < 21; bit++) {
		*entry_of(2) = BIT(bit) | FLAGS | PTE_PS;
		walk_faults(0, code);
	}
	*entry_of(3) = 3 * GIB | FLAGS | PTE_PS;
	walk_faults(0, code);
	mmu.config.gigabyte_pages = true;
	assert_int_equal(walk(0).gpa, 3 * GIB + (GVA & (GIB - 1)));
	assert_int_equal(walk(0).level, 3);
	for (int bit = 13; bit < 30; bit++) {
		*entry_of(3) = BIT(bit) | FLAGS | PTE_PS;
		walk_faults(0, code);
	}
}

/* A right must hold at each level. */
static void rights(void **state)
{
	(void)state;
	for (int level = 1; level <= 4; level++) {
		set_up(NULL);
		*entry_of(level) &= ~PTE_W;
		walk_faults(PFEC_W, PFEC_P | PFEC_W);
		cpu.cr0 &= ~CR0_WP;
		walk_faults(PFEC_W | PFEC_U, PFEC_P | PFEC_W | PFEC_U);
		assert_int_equal(walk(PFEC_W).status, WALK_OK);

		set_up(NULL);
		*entry_of(level) &= ~PTE_U;
		walk_faults(PFEC_U, PFEC_P | PFEC_U);
		cpu.cr4 |= CR4_SMEP;
		assert_int_equal(walk(PFEC_I).status, WALK_OK);

		set_up(NULL);
		cpu.cr4 |= CR4_SMEP;
		walk_faults(PFEC_I, PFEC_P | PFEC_I);
		assert_int_equal(walk(PFEC_I | PFEC_U).status, WALK_OK);

		/* U at each level makes it a user's page (4.6.1). */
		set_up(NULL);
		cpu.cr4 |= CR4_SMAP;
		walk_faults(PFEC_W, PFEC_P | PFEC_W);
		walk_faults(0, PFEC_P);
		assert_int_equal(walk(PFEC_W | WALK_AC).status, WALK_OK);
		assert_int_equal(walk(PFEC_W | PFEC_U).status, WALK_OK);
		*entry_of(level) &= ~PTE_U;
		assert_int_equal(walk(PFEC_W).status, WALK_OK);

		set_up(NULL);
		*entry_of(level) |= PTE_NX;
		walk_faults(PFEC_I, PFEC_P | PFEC_I);
		walk_faults(PFEC_I | PFEC_U, PFEC_P | PFEC_I | PFEC_U);
		assert_int_equal(walk(PFEC_W).status, WALK_OK);
	}
}

/* Where there is no RAM, tables read as ones. */
static void tables_outside_ram(void **state)
{
	(void)state;
	cpu.cr3 = FRAMES * PAGE_SIZE;
	walk_faults(PFEC_W, PFEC_P | PFEC_RSVD | PFEC_W);
	cpu.cr3 = 1 * PAGE_SIZE;
	*entry_of(2) = FRAMES * PAGE_SIZE | FLAGS;
	walk_faults(0, PFEC_P | PFEC_RSVD);
	/* If every bit is an address bit, ones are a page. */
	mmu.config.maxphyaddr = 52;
	assert_int_equal(walk(PFEC_W).gpa, BITS(51, 12) | 0x123);
}

static void unpaged(void **state)
{
	(void)state;
	cpu.cr0 = CR0_PE;
	assert_int_equal(walk(PFEC_W).gpa, (u32)GVA);
	assert_int_equal(walk(0).level, LEVEL_UNPAGED);
}

static u8 *reference_memory(void *ctx, gpa_t gpa)
{
	(void)ctx;
	return gpa < sizeof(ram) ? (u8 *)ram + gpa : NULL;
}

static u64 random_entry(void)
{
	u64 e = (u64)(random() % (FRAMES + 1)) << 12 | (random() & 0xfff);

	/* Mostly present, with rights, small, without reserved bits. */
	e |= random() % 16 ? FLAGS : 0;
	e &= random() % 8 ? ~PTE_PS : ~BITS(20, 12);
	e |= random() % 8 ? 0 : PTE_NX;
	return e | (random() % 16 ? 0 : BIT(12 + random() % 51));
}

static void random_tables(void **state)
{
	struct reference ref = { .memory = reference_memory };

	(void)state;
	srandom(1);
	for (int i = 0; i < RANDOM_WALKS; i++) {
		u32 access = (u32[]){ 0, PFEC_W, PFEC_I }[random() % 3] |
			     (random() & 1 ? PFEC_U : 0);
		struct reference_walk r;
		struct guest_walk w;

		for (int level = 1; level <= 4; level++)
			for (gfn_t gfn = 0; gfn < FRAMES; gfn++)
				ram[gfn][pt_index(GVA, level)] = random_entry();
		cpu.cr0 ^= random() & 1 ? CR0_WP : 0;
		cpu.cr4 ^= random() & 1 ? CR4_SMEP : 0;
		cpu.efer ^= random() & 1 ? EFER_NXE : 0;
		cpu.cr3 = random() % FRAMES * PAGE_SIZE;
		mmu.config.maxphyaddr = 36 + random() % 17;
		mmu.config.gigabyte_pages = random() & 1;
		ref.cr0 = cpu.cr0;
		ref.cr3 = cpu.cr3;
		ref.cr4 = cpu.cr4;
		ref.efer = cpu.efer;
		ref.maxphyaddr = mmu.config.maxphyaddr;
		ref.gigabyte_pages = mmu.config.gigabyte_pages;

		r = reference_walk(&ref, GVA, access);
		w = walk(access);
		assert_int_equal(w.status != WALK_OK, r.fault);
		if (r.fault) {
			assert_int_equal(w.error_code, r.error_code);
			continue;
		}
		assert_int_equal(w.gpa, r.gpa);
		/* The reference finds no flag left to set. */
		assert_false(reference_set_flags(&ref, &r, access));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(translates, set_up),
		cmocka_unit_test_setup(not_present, set_up),
		cmocka_unit_test_setup(reserved_bits, set_up),
		cmocka_unit_test_setup(large_pages, set_up),
		cmocka_unit_test_setup(rights, set_up),
		cmocka_unit_test_setup(tables_outside_ram, set_up),
		cmocka_unit_test_setup(unpaged, set_up),
		cmocka_unit_test_setup(random_tables, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
