/* SPDX-License-Identifier: MIT */
/*
 * The shadow MMU against a plain reference walker: a random guest in so few
 * frames that everything collides.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "mmu_world.h"
#include "tests/model/words.h"

static u64 random_pte(void)
{
	u64 r = world_random();
	u64 pte = (world_random() % (WORLD_FRAMES + 4)) << 12 | LINKED;

	/* Most entries are good; each kind of flaw is there. */
	if (r % 8 == 0)
		pte &= ~PTE_P;
	if (r >> 3 & 1)
		pte &= ~PTE_A;
	if (r >> 4 & 1)
		pte &= ~PTE_D;
	if ((r >> 5 & 3) == 0)
		pte &= ~PTE_W;
	if ((r >> 7 & 3) == 0)
		pte &= ~PTE_U;
	if ((r >> 9 & 7) == 0)
		pte |= PTE_NX;
	/* A large page at 0 or 2 MiB, or one whose reserved bits are not 0. */
	if ((r >> 12 & 15) == 0)
		pte = (pte & ~(r >> 40 & 3 ? 0x1fe000ULL : 0)) | PTE_PS;
	if ((r >> 16 & 31) == 0)
		pte |= BIT(40 + (r >> 21) % 12);
	return pte;
}

/* Few addresses, with few indices at each level, so that paths cross. */
static gva_t random_gva(void)
{
	u64 r = world_random();

	return (r & 3) << 39 | (r >> 2 & 3) << 30 | (r >> 4 & 3) << 21 |
	       (r >> 6 & 7) << 12 | (r >> 9 & 0xff8);
}

/* An entry that those addresses use. */
static gpa_t random_entry(void)
{
	return (world_random() % WORLD_FRAMES) * PAGE_SIZE +
	       (world_random() & 7) * 8;
}

static void random_write(void)
{
	static const u8 sizes[] = { 1, 2, 4, 8, 8, 8, 8, 8 };
	u8 size = sizes[world_random() % 8];
	gpa_t gpa =
		random_entry() +
		(size < 8 || world_random() % 16 == 0 ? world_random() % 8 : 0);
	u64 value = world_random() % 8 ? random_pte() : world_random();
	u64 old;

	if ((gpa & 4095) + size > PAGE_SIZE)
		return;
	if (world_random() % 4) {
		mmu_write(&world_cpu, gpa, &value, size);
		return;
	}
	mmu_read(world_mmu, gpa, &old, size);
	assert_true(mmu_cmpxchg(&world_cpu, gpa, &old, &value, size));
}

/* To be emulated: a permitted access to a table or to no RAM. */
static void check_emulated(gva_t gva, u32 access,
			   const struct reference *before, hpa_t gpa)
{
	u64 value = random_pte();

	world_require(before->ok && gpa == before->gpa, gva,
		      "a %s at %#lx is to be emulated at %#lx; by the manual: "
		      "%s %#lx",
		      words_access(access), gva, gpa,
		      before->ok ? "gpa" : "a fault", before->gpa);
	if (gpa >> 12 >= WORLD_FRAMES)
		return;
	world_require(access & PFEC_W, gva,
		      "a %s at %#lx is to be emulated, but there is RAM",
		      words_access(access), gva);
	mmu_write(&world_cpu, gpa & ~7ULL, &value, 8);
}

/* The processor has done the access. */
static void check_done(gva_t gva, u32 access, const struct reference *before,
		       hpa_t hpa)
{
	gpa_t gpa = hpa - WORLD_HFN_BASE * PAGE_SIZE;

	world_require(before->ok && gpa == before->gpa, gva,
		      "invariant 2: a %s at %#lx reaches gpa %#lx; by the "
		      "manual: %s %#lx",
		      words_access(access), gva, gpa,
		      before->ok ? "gpa" : "a fault", before->gpa);
	for (int i = 0; i < before->entries; i++)
		world_require(*before->entry[i] & PTE_A, gva,
			      "invariant 3: A is not set at each level");
	world_require(!before->entries || !(access & PFEC_W) ||
			      (*before->entry[before->entries - 1] & PTE_D),
		      gva, "invariant 3: D is not set by a write");
	/* The write goes to an open table, or to a frame that is no table. */
	if (access & PFEC_W)
		*(u64 *)((u8 *)world_ram + (before->gpa & ~7ULL)) =
			random_pte();
}

static void check_access(gva_t gva, u32 access)
{
	struct reference before = reference_walk(gva, access);
	struct hardware h;
	int exits = world_access(gva, access, &h);

	if (h.result == HW_EXIT)
		return check_emulated(gva, access, &before, h.hpa);
	if (h.result == HW_OK)
		return check_done(gva, access, &before, h.hpa);
	world_require(!before.ok && h.error_code == before.error_code, gva,
		      "a %s at %#lx gives the guest the fault %s; by the "
		      "manual: %s",
		      words_access(access), gva, words_fault(h.error_code),
		      before.ok ? "none" : words_fault(before.error_code));
	/* Only not-present faults may bypass. */
	world_require(exits || !(before.error_code & PFEC_P), gva,
		      "a protection fault at %#lx has not exited", gva);
}

static void random_state(void)
{
	u64 r = world_random();
	u64 cr0 = CR0_PE | (r & 1 ? CR0_WP : 0) | (r % 16 ? CR0_PG : 0);
	u64 cr4 = CR4_PAE | (r >> 4 & 1 ? CR4_SMEP : 0);
	u64 efer = EFER_LME | (cr0 & CR0_PG ? EFER_LMA : 0) |
		   (r >> 5 & 1 ? EFER_NXE : 0);

	mmu_set_state(&world_cpu, cr0,
		      (r >> 6) % (WORLD_FRAMES + 1) * PAGE_SIZE, cr4, efer,
		      NULL);
}

static void random_step(u64 *coverage)
{
	u32 access = (world_random() & 1 ? PFEC_U : 0);
	struct mmu_policy policy = { .cache = true };

	switch (world_random() % 64) {
	case 0:
		random_state();
		break;
	case 1:
		policy.update = world_random() & 1;
		policy.bypass = world_random() & 1;
		policy.prefetch = 1 << world_random() % 4;
		policy.nowalk = world_random() & 1;
		policy.cheap = world_random() & 1;
		policy.open = world_random() & 1;
		policy.prefill = world_random() & 1;
		mmu_set_policy(&world_cpu, &policy);
		break;
	case 2:
		mmu_unshadow(&world_cpu, world_random() % WORLD_FRAMES);
		break;
	case 3 ... 23:
		random_write();
		break;
	default:
		access |= (u32[]){ 0, PFEC_W, PFEC_W,
				   PFEC_I }[world_random() % 4];
		coverage[access & 31]++;
		check_access(random_gva(), access);
		break;
	}
}

/*
 * Makes a new guest, with many shadow pages or few. Not on the rung vtlb: there
 * it would have to flush after its writes.
 */
static void random_world(u64 n)
{
	u64 rung = MMU_CACHED + n % (MMU_RUNGS - MMU_CACHED);

	world_create(&mmu_rung_policies[rung], n % 2 ? 16 : 200, n % 5 != 4);
	for (int i = 0; i < 2000; i++)
		*(u64 *)((u8 *)world_ram + random_entry()) = random_pte();
}

static void random_guest(void **state)
{
	const char *steps_text = getenv("MMU_STEPS");
	const char *seed_text = getenv("MMU_SEED");
	u64 steps = steps_text ? strtoull(steps_text, NULL, 0) : 3000000;
	u64 seed = seed_text ? strtoull(seed_text, NULL, 0) : 20261120;
	u64 coverage[32] = { 0 };

	printf("random guest: seed %lu, %lu steps\n", seed, steps);
	world_seed = seed;
	for (u64 step = 0; step < steps; step++) {
		if (step % 20000 == 0)
			random_world(step / 20000);
		random_step(coverage);
		if (step % 500 == 0)
			world_audit();
	}
	for (u32 access = 0; access < 32; access++)
		if (!(access & (PFEC_P | PFEC_RSVD)) &&
		    (access & (PFEC_W | PFEC_I)) != (PFEC_W | PFEC_I))
			assert_true(coverage[access]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_guest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
