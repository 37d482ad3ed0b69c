/* SPDX-License-Identifier: MIT */
/*
 * The shadow MMU against a plain reference walker: directed cases, and a
 * random guest in so few frames that everything collides.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "mmu_world.h"

#define LINKED (PTE_P | PTE_W | PTE_U | PTE_A | PTE_D)
#define GVA 0x5000ULL
/* However it goes, an access is through after so many exits. */
#define MAX_EXITS 8

static u64 *gpte(gfn_t table, u32 index)
{
	return (u64 *)world_ram[table] + index;
}

/* Frames 0 to 3 are the tables of the lowest 2 MiB. */
static void link_tables(void)
{
	for (gfn_t level = 0; level < 3; level++)
		*gpte(level, 0) = (level + 1) << 12 | LINKED;
}

static void write_entry(gfn_t table, u32 index, u64 value)
{
	mmu_write(&world_vcpu, table * PAGE_SIZE + index * 8ULL, &value, 8);
}

static void write_pte(u32 index, u64 value)
{
	write_entry(3, index, value);
}

/* Exits until the access is through or the guest has its fault. */
static int exits_of(gva_t gva, u32 access, struct hardware *h)
{
	struct guest_walk walk;

	for (int exits = 0;; exits++) {
		assert_true(exits <= MAX_EXITS);
		*h = hardware_access(gva, access);
		if (h->result != HW_EXIT)
			return exits;
		switch (mmu_page_fault(&world_vcpu, gva, h->error_code,
				       &walk)) {
		case MMU_RESUME:
			break;
		case MMU_INJECT:
			h->result = HW_FAULT_TO_GUEST;
			h->error_code = walk.error_code;
			return exits + 1;
		case MMU_TABLE_WRITE:
		case MMU_MMIO:
			h->result = HW_EXIT;
			h->hpa = walk.gpa;
			return exits + 1;
		}
	}
}

/* The ladder: what a demand fault costs, in exits, on each rung. */
static void demand_fault(void **state)
{
	static const int faults[MMU_RUNGS] = { 1, 1, 1, 0, 0, 0 };
	static const int retries[MMU_RUNGS] = { 1, 1, 0, 0, 0, 0 };
	struct hardware h;

	for (int rung = 0; rung < MMU_RUNGS; rung++) {
		world_create(&mmu_rung_policies[rung], 64, true);
		link_tables();
		*gpte(3, 1) = 20 << 12 | LINKED;
		exits_of(0x1000, PFEC_W, &h);
		assert_int_equal(exits_of(GVA, PFEC_W, &h), faults[rung]);
		assert_int_equal(h.result, HW_FAULT_TO_GUEST);
		assert_int_equal(h.error_code, PFEC_W);
		write_pte(5, 21 << 12 | LINKED);
		assert_int_equal(exits_of(GVA, PFEC_W, &h), retries[rung]);
		assert_int_equal(h.hpa >> 12, 21 + WORLD_HFN_BASE);
		world_audit();
	}
}

static void accessed_and_dirty(void **state)
{
	struct hardware h;

	world_create(&mmu_rung_policies[MMU_BYPASS], 64, true);
	link_tables();
	*gpte(3, 5) = 21 << 12 | PTE_P | PTE_W;
	exits_of(GVA, 0, &h);
	assert_int_equal(*gpte(3, 5) & (PTE_A | PTE_D), PTE_A);
	exits_of(GVA, PFEC_W, &h);
	assert_int_equal(*gpte(3, 5) & (PTE_A | PTE_D), PTE_A | PTE_D);
	/* Clearing them takes the entry down: the next access sets them. */
	write_pte(5, 21 << 12 | PTE_P | PTE_W);
	assert_int_equal(exits_of(GVA, 0, &h), 1);
	assert_int_equal(*gpte(3, 5) & (PTE_A | PTE_D), PTE_A);
	/* A forbidden write sets neither. */
	write_pte(5, 21 << 12 | PTE_P);
	exits_of(GVA, PFEC_W, &h);
	assert_int_equal(h.error_code, PFEC_P | PFEC_W);
	assert_int_equal(*gpte(3, 5) & (PTE_A | PTE_D), 0);
}

/* The same for a large page: its splinters all hang on its one D flag. */
static void large_page_dirty(void **state)
{
	struct hardware h;

	world_create(&mmu_rung_policies[MMU_BYPASS], 64, true);
	link_tables();
	*gpte(2, 1) = LINKED | PTE_PS; /* guest-physical 0 */
	exits_of(0x214000, PFEC_W, &h);
	assert_int_equal(h.hpa >> 12, 20 + WORLD_HFN_BASE);
	write_entry(2, 1, (LINKED | PTE_PS) & ~PTE_D);
	exits_of(0x214000, 0, &h);
	assert_false(*gpte(2, 1) & PTE_D);
	exits_of(0x214000, PFEC_W, &h);
	assert_true(*gpte(2, 1) & PTE_D);
	world_audit();
}

static void tables_are_write_protected(void **state)
{
	struct hardware h;

	world_create(&mmu_rung_policies[MMU_BYPASS], 64, true);
	link_tables();
	*gpte(3, 5) = 21 << 12 | LINKED;
	*gpte(3, 6) = 3 << 12 | LINKED; /* the page table itself */
	exits_of(GVA, 0, &h);
	exits_of(0x6000, PFEC_W, &h);
	assert_int_equal(h.result, HW_EXIT); /* to be emulated */
	assert_int_equal(h.hpa >> 12, 3);
	/* Once it is no table any more, it is plain memory. */
	mmu_unshadow(&world_vcpu, 3);
	assert_int_equal(world_mmu->frames[3].shadowed, 0);
	world_audit();
}

/* A write that straddles two entries has changed both. */
static void straddling_write(void **state)
{
	struct hardware h;
	u64 zero = 0;

	world_create(&mmu_rung_policies[MMU_BYPASS], 64, true);
	link_tables();
	*gpte(3, 5) = 21 << 12 | LINKED;
	*gpte(3, 6) = 22 << 12 | LINKED;
	exits_of(GVA, 0, &h);
	exits_of(0x6000, 0, &h);
	mmu_write(&world_vcpu, 3 * PAGE_SIZE + 5 * 8, &zero, 4);
	mmu_write(&world_vcpu, 3 * PAGE_SIZE + 5 * 8 + 4, &zero, 8);
	exits_of(GVA, 0, &h);
	assert_int_equal(h.result, HW_FAULT_TO_GUEST);
	exits_of(0x6000, 0, &h);
	assert_int_equal(h.result, HW_FAULT_TO_GUEST);
	world_audit();
}

/* Reserved bits are the guest's too: P|RSVD, whatever the TRAP's were. */
static void guest_reserved_bits(void **state)
{
	struct hardware h;

	world_create(&mmu_rung_policies[MMU_BYPASS], 64, true);
	link_tables();
	*gpte(3, 5) = 21 << 12 | LINKED | BIT(WORLD_MAXPHYADDR);
	exits_of(GVA, 0, &h);
	assert_int_equal(h.error_code, PFEC_P | PFEC_RSVD);
	write_entry(2, 1, 1 << 12 | LINKED | PTE_PS | BIT(13));
	exits_of(0x200000, PFEC_W | PFEC_U, &h);
	assert_int_equal(h.error_code, PFEC_P | PFEC_RSVD | PFEC_W | PFEC_U);
}

/* With MAXPHYADDR 52 a leaf's TRAP is not reserved: every fault exits. */
static void no_reserved_leaf(void **state)
{
	struct hardware h;

	world_create(&mmu_rung_policies[MMU_BYPASS], 64, false);
	link_tables();
	assert_int_equal(mmu_filter(&world_vcpu).mask, 0);
	assert_int_equal(exits_of(GVA, 0, &h), 1);
	assert_int_equal(h.result, HW_FAULT_TO_GUEST);
	for (u32 i = 0; i < PT_ENTRIES; i++)
		assert_false(world_mmu->pages[0].spt[i] == SPTE_ABSENT_VALUE);
	/* Without NXE bit 63 is reserved, and the bypass is on again. */
	mmu_set_state(&world_vcpu, world_vcpu.cr0, 0, CR4_PAE,
		      EFER_LME | EFER_LMA, NULL);
	assert_int_equal(mmu_filter(&world_vcpu).mask, PFEC_P);
}

/* With the bypass a not-present fault must not exit; if it does, it is
 * injected. */
static void unfiltered_fault(void **state)
{
	struct mmu_filter filter;
	struct guest_walk walk;

	world_create(&mmu_rung_policies[MMU_TARGETS], 64, true);
	link_tables();
	mmu_root(&world_vcpu);
	filter = mmu_filter(&world_vcpu);
	assert_false(mmu_filter_exits(&filter, PFEC_U));
	assert_false(mmu_filter_exits(&filter, PFEC_W | PFEC_I));
	assert_true(mmu_filter_exits(&filter, PFEC_P | PFEC_RSVD));
	assert_true(mmu_filter_exits(&filter, PFEC_P | PFEC_W));
	filter.intercept = false; /* bit 14 of the bitmap turns it around */
	assert_true(mmu_filter_exits(&filter, PFEC_U));
	assert_false(mmu_filter_exits(&filter, PFEC_P));

	write_pte(5, 0);
	for (u32 access = 0; access <= PFEC_W; access += PFEC_W) {
		assert_int_equal(
			mmu_page_fault(&world_vcpu, GVA, access, &walk),
			MMU_INJECT);
		assert_int_equal(walk.error_code, access);
	}
	assert_int_equal(mmu_stats(world_mmu)->faults_not_present, 2);
	assert_int_equal(mmu_stats(world_mmu)->injected_not_present, 2);
	/* What the guest has mapped meanwhile is filled, whatever P was. */
	write_pte(5, 21 << 12 | LINKED);
	assert_int_equal(mmu_page_fault(&world_vcpu, GVA, 0, &walk),
			 MMU_RESUME);
	world_audit();
	world_create(&mmu_rung_policies[MMU_UPDATE], 64, true);
	filter = mmu_filter(&world_vcpu);
	assert_true(mmu_filter_exits(&filter, 0));
}

/*
 * The guest owns CR4.PGE where nothing but the processor's flush follows from
 * it: not where it loads PDPTEs, and not where the shadow itself is a TLB.
 */
static void pge_owned(void **state)
{
	const u64 cr0 = CR0_PG | CR0_PE, lma = EFER_LME | EFER_LMA;

	world_create(&mmu_rung_policies[MMU_OPEN], 64, true);
	mmu_set_state(&world_vcpu, cr0, 0, CR4_PAE, lma, NULL);
	assert_true(mmu_filter(&world_vcpu).pge_owned);
	mmu_set_state(&world_vcpu, cr0, 0, CR4_PAE, 0, NULL);
	assert_false(mmu_filter(&world_vcpu).pge_owned);
	mmu_set_state(&world_vcpu, cr0, 0, 0, 0, NULL);
	assert_false(mmu_filter(&world_vcpu).pge_owned);
	mmu_set_state(&world_vcpu, CR0_PE, 0, CR4_PAE, 0, NULL);
	assert_false(mmu_filter(&world_vcpu).pge_owned);
	mmu_set_state(&world_vcpu, cr0, 0, CR4_PAE, lma, NULL);
	mmu_set_policy(&world_vcpu, &mmu_rung_policies[MMU_VTLB]);
	assert_false(mmu_filter(&world_vcpu).pge_owned);
}

/* An unpaged guest sees its memory; there, every fault is Umbra's. */
static void unpaged(void **state)
{
	struct hardware h;

	world_create(&mmu_rung_policies[MMU_BYPASS], 64, true);
	mmu_set_state(&world_vcpu, CR0_PE, 0, 0, 0, NULL);
	assert_int_equal(mmu_filter(&world_vcpu).mask, 0);
	exits_of(0x7008, PFEC_W, &h);
	assert_int_equal(h.hpa, (7 + WORLD_HFN_BASE) << 12 | 8);
	exits_of(0xfee00000, 0, &h);
	assert_int_equal(h.result, HW_EXIT); /* MMIO */
	assert_int_equal(h.hpa, 0xfee00000);
	world_audit();
}

/* A TLB may hold what has been taken down; a new table must be flushed. */
static void new_tables_flush(void **state)
{
	struct hardware h;
	u64 before;

	world_create(&mmu_rung_policies[MMU_BYPASS], 64, true);
	link_tables();
	*gpte(3, 5) = 30 << 12 | LINKED;
	exits_of(GVA, PFEC_W, &h);
	write_pte(5, 0);
	before = world_flushes;
	write_entry(2, 1, 30 << 12 | LINKED); /* frame 30 becomes a table */
	exits_of(0x200000, 0, &h);
	assert_int_equal(world_mmu->frames[30].shadowed, 1);
	assert_true(world_flushes > before);
	before = world_flushes;
	mmu_unshadow(&world_vcpu, 30);
	assert_true(world_flushes > before);

	/* A root that leads nowhere yet. */
	world_create(&mmu_rung_policies[MMU_BYPASS], 64, true);
	mmu_root(&world_vcpu);
	before = world_flushes;
	mmu_unshadow(&world_vcpu, 0);
	assert_true(world_flushes > before);
}

/* CR0.WP=0: a read-only user page is the supervisor's to write, or user's. */
static void write_without_wp(void **state)
{
	struct hardware h;

	world_create(&mmu_rung_policies[MMU_BYPASS], 64, true);
	link_tables();
	*gpte(3, 5) = 21 << 12 | (LINKED & ~PTE_W);
	mmu_set_state(&world_vcpu, CR0_PE | CR0_PG, 0, CR4_PAE | CR4_SMEP,
		      EFER_LME | EFER_LMA | EFER_NXE, NULL);
	exits_of(GVA, PFEC_W, &h);
	assert_int_equal(h.result, HW_OK);
	/* U is gone from the shadow, so SMEP is blind: NX stands in for it. */
	exits_of(GVA, PFEC_I, &h);
	assert_int_equal(h.error_code, PFEC_P | PFEC_I);
	exits_of(GVA, PFEC_I | PFEC_U, &h);
	assert_int_equal(h.result, HW_OK);
	exits_of(GVA, PFEC_W | PFEC_U, &h);
	assert_int_equal(h.error_code, PFEC_P | PFEC_W | PFEC_U);
	world_audit();
}

/* One page table below a writable and a read-only parent. */
static void shared_table(void **state)
{
	struct hardware h;

	world_create(&mmu_rung_policies[MMU_BYPASS], 64, true);
	link_tables();
	*gpte(2, 1) = 3 << 12 | (LINKED & ~PTE_W);
	*gpte(3, 5) = 21 << 12 | LINKED;
	exits_of(GVA, PFEC_W, &h);
	assert_int_equal(h.result, HW_OK);
	exits_of(GVA + 2 * MIB, 0, &h);
	assert_int_equal(h.result, HW_OK);
	/* Both follow one write. */
	write_pte(5, 22 << 12 | LINKED);
	exits_of(GVA, 0, &h);
	assert_int_equal(h.hpa >> 12, 22 + WORLD_HFN_BASE);
	exits_of(GVA + 2 * MIB, 0, &h);
	assert_int_equal(h.hpa >> 12, 22 + WORLD_HFN_BASE);
	exits_of(GVA + 2 * MIB, PFEC_W, &h);
	assert_int_equal(h.error_code, PFEC_P | PFEC_W);
	world_audit();
}

/* A fault may take the root itself, and must say so (root_is_new). */
static void starved_root(void **state)
{
	struct hardware h;
	u32 lost = 0;

	world_create(&mmu_rung_policies[MMU_BYPASS], 16, true);
	link_tables();
	for (u32 i = 1; i < 40; i++) {
		*gpte(2, i) = (8 + i) << 12 | LINKED;
		*gpte(8 + i, 5) = 7 << 12 | LINKED;
	}
	for (u32 i = 1; i < 40; i++) {
		hpa_t root = mmu_root(&world_vcpu);

		world_vcpu.root_is_new = false;
		exits_of(i * 2 * MIB + GVA, PFEC_W, &h);
		assert_int_equal(h.result, HW_OK);
		if (mmu_root(&world_vcpu) != root)
			assert_true(world_vcpu.root_is_new);
		lost += world_vcpu.root_is_new;
	}
	assert_true(lost);
	world_audit();
}

/* --- A random guest ------------------------------------------------------- */

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
		mmu_write(&world_vcpu, gpa, &value, size);
		return;
	}
	mmu_read(world_mmu, gpa, &old, size);
	assert_true(mmu_cmpxchg(&world_vcpu, gpa, &old, &value, size));
}

static void check_access(gva_t gva, u32 access)
{
	struct reference before = reference_walk(gva, access);
	struct hardware h;
	int exits = exits_of(gva, access, &h);

	if (h.result == HW_EXIT) {
		/* To be emulated: permitted, and a table or no RAM. */
		assert_true(before.ok);
		assert_int_equal(h.hpa, before.gpa);
		if (h.hpa >> 12 < WORLD_FRAMES) {
			u64 value = random_pte();

			assert_true(access & PFEC_W);
			mmu_write(&world_vcpu, h.hpa & ~7ULL, &value, 8);
		}
	} else if (h.result == HW_OK) {
		assert_true(before.ok);
		assert_int_equal(h.hpa, before.gpa + WORLD_HFN_BASE * 4096);
		for (int i = 0; i < before.entries; i++)
			assert_true(*before.entry[i] & PTE_A);
		if (before.entries && (access & PFEC_W))
			assert_true(*before.entry[before.entries - 1] & PTE_D);
		/* The write itself: to an open table, or to what is none. */
		if (access & PFEC_W)
			*(u64 *)((u8 *)world_ram + (before.gpa & ~7ULL)) =
				random_pte();
	} else {
		assert_false(before.ok);
		assert_int_equal(h.error_code, before.error_code);
		/* The bypass lies about nothing but what it need not tell. */
		assert_true(exits || !(before.error_code & PFEC_P));
	}
}

static void random_state(void)
{
	u64 r = world_random();
	u64 cr0 = CR0_PE | (r & 1 ? CR0_WP : 0) | (r % 16 ? CR0_PG : 0);
	u64 cr4 = CR4_PAE | (r >> 4 & 1 ? CR4_SMEP : 0);
	u64 efer = EFER_LME | (cr0 & CR0_PG ? EFER_LMA : 0) |
		   (r >> 5 & 1 ? EFER_NXE : 0);

	mmu_set_state(&world_vcpu, cr0,
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
		mmu_set_policy(&world_vcpu, &policy);
		break;
	case 2:
		mmu_unshadow(&world_vcpu, world_random() % WORLD_FRAMES);
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
 * A new guest, with plenty of shadow pages or few. Not on the rung vtlb: there
 * it would have to flush what it writes.
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
		cmocka_unit_test(demand_fault),
		cmocka_unit_test(accessed_and_dirty),
		cmocka_unit_test(large_page_dirty),
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
		cmocka_unit_test(starved_root),
		cmocka_unit_test(random_guest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
