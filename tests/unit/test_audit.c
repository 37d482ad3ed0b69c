/* SPDX-License-Identifier: MIT */
/*
 * The audit by itself: each of its findings is made by hand, and it must name
 * the invariant and the entry.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

#include "mmu/audit/audit.h"
#include "mmu/page/page.h"
#include "mmu_world.h"

#define FLAGS (PTE_P | PTE_W | PTE_U | PTE_A)
/* Slots of the page table in frame 3. */
enum { SLOT_DIRTY, SLOT_CLEAN, SLOT_ABSENT, SLOT_MMIO };
#define MMIO_GFN 1000

static u64 *gpte, *spte; /* the page table, and its shadow */
static struct shadow_page *table;

static u64 *guest_table(gfn_t gfn)
{
	return (u64 *)world_ram[gfn];
}

static void cause_fault(u32 slot, u32 error_code, enum mmu_action action)
{
	struct guest_walk walk;

	assert_int_equal(mmu_page_fault(&world_cpu, slot * PAGE_SIZE,
					error_code | PFEC_P | PFEC_RSVD, &walk),
			 action);
}

static int set_up(void **state)
{
	(void)state;
	world_create(&mmu_rung_policies[MMU_NOWALK], 64, true);
	for (gfn_t gfn = 0; gfn < 3; gfn++)
		guest_table(gfn)[0] = (gfn + 1) * PAGE_SIZE | FLAGS;
	gpte = guest_table(3);
	gpte[SLOT_DIRTY] = 8 * PAGE_SIZE | FLAGS | PTE_D;
	gpte[SLOT_CLEAN] = 9 * PAGE_SIZE | FLAGS;
	gpte[SLOT_MMIO] = MMIO_GFN * PAGE_SIZE | FLAGS;
	mmu_root(&world_cpu);
	cause_fault(SLOT_DIRTY, PFEC_W, MMU_RESUME);
	cause_fault(SLOT_CLEAN, 0, MMU_RESUME);
	cause_fault(SLOT_MMIO, 0, MMU_MMIO);
	table = shadow_page_next(world_mmu, 3, NULL);
	assert_non_null(table);
	spte = table->spt;
	return 0;
}

static void audit_passes(void)
{
	struct mmu_audit audit;

	assert_true(mmu_audit(&world_cpu, &audit));
	assert_int_equal(audit.invariant, 0);
}

static void audit_finds(u32 invariant)
{
	struct mmu_audit audit;

	assert_false(mmu_audit(&world_cpu, &audit));
	if (audit.invariant != invariant)
		fail_msg("invariant %u, not %u: %s", audit.invariant, invariant,
			 audit.what);
}

/* With @value at @place, the audit finds the invariant broken. */
static void audit_finds_value(u64 *place, u64 value, u32 invariant)
{
	u64 old = *place;

	audit_passes();
	*place = value;
	audit_finds(invariant);
	*place = old;
	audit_passes();
}

static void finds_entries(void **state)
{
	struct mmu_audit audit;
	u64 trap = spte_trap(true);

	(void)state;
	audit_finds_value(&spte[SLOT_DIRTY], SPTE_ABSENT_VALUE, 1);
	audit_finds_value(&spte[SLOT_ABSENT], trap & ~PTE_P, 4);
	audit_finds_value(&spte[SLOT_DIRTY], spte[SLOT_DIRTY] + PAGE_SIZE, 5);
	audit_finds_value(&spte[SLOT_CLEAN], spte[SLOT_CLEAN] | PTE_W, 3);
	audit_finds_value(&spte[SLOT_MMIO], spte[SLOT_MMIO] | SPTE_MMIO_D, 3);
	spte[SLOT_CLEAN] |= PTE_W;
	assert_false(mmu_audit(&world_cpu, &audit));
	assert_int_equal(audit.slot, SLOT_CLEAN);
	assert_int_equal(audit.page, table - world_mmu->pages);
	assert_int_equal(audit.level, 1);
	assert_int_equal(audit.gfn, 3);
	assert_int_equal(audit.spte, spte[SLOT_CLEAN]);
	assert_int_equal(audit.gpte, gpte[SLOT_CLEAN]);
}

/* Entries that the guest has changed, unseen by Umbra. */
static void finds_stale_entries(void **state)
{
	u64 entry = gpte[SLOT_DIRTY], mmio = gpte[SLOT_MMIO];
	u64 upper = guest_table(2)[0];

	(void)state;
	audit_finds_value(&gpte[SLOT_ABSENT], entry, 1);
	audit_finds_value(&gpte[SLOT_DIRTY], 0, 2);
	audit_finds_value(&gpte[SLOT_DIRTY], entry & ~PTE_W, 2);
	audit_finds_value(&gpte[SLOT_DIRTY], entry & ~PTE_U, 2);
	audit_finds_value(&gpte[SLOT_DIRTY], entry | PTE_NX, 2);
	audit_finds_value(&gpte[SLOT_DIRTY], entry + PAGE_SIZE, 2);
	audit_finds_value(&gpte[SLOT_DIRTY], entry & ~PTE_A, 3);
	audit_finds_value(&gpte[SLOT_DIRTY], entry & ~PTE_D, 3);
	audit_finds_value(&gpte[SLOT_DIRTY], entry | BIT(45), 4);
	audit_finds_value(&gpte[SLOT_MMIO], mmio & ~PTE_W, 2);
	audit_finds_value(&gpte[SLOT_MMIO], mmio + PAGE_SIZE, 2);
	audit_finds_value(&guest_table(2)[0], upper & ~PTE_W, 2);
	audit_finds_value(&guest_table(2)[0], upper & ~PTE_A, 3);
	audit_finds_value(&guest_table(2)[0], FLAGS | PTE_PS, 2);
}

static void finds_writable_tables(void **state)
{
	(void)state;
	/* The page table maps itself. */
	gpte[SLOT_DIRTY] = 3 * PAGE_SIZE | FLAGS | PTE_D;
	table->links[SLOT_DIRTY].target = 3;
	spte[SLOT_DIRTY] = (WORLD_HFN_BASE + 3) * PAGE_SIZE | PTE_P | PTE_U;
	audit_passes();
	spte[SLOT_DIRTY] |= PTE_W;
	audit_finds(1);
	spte[SLOT_DIRTY] &= ~PTE_W;
	world_mmu->frames[3].shadowed = 0;
	audit_finds(1);
}

static void finds_bad_tables(void **state)
{
	const struct shadow_page *directory;

	(void)state;
	directory = shadow_page_next(world_mmu, 2, NULL);
	audit_finds_value(&directory->spt[0], directory->spt[0] + PAGE_SIZE, 5);
	table->in_use = false;
	audit_finds(6);
	table->in_use = true;
	directory->links[0].target = (u32)(directory - world_mmu->pages);
	audit_finds(5);
}

static void finds_wrong_states(void **state)
{
	struct mmu_policy *policy = &world_mmu->policy;

	(void)state;
	policy->bypass = false;
	audit_finds(7);
	*policy = mmu_rung_policies[MMU_PREFETCH];
	audit_finds(7);
	*policy = mmu_rung_policies[MMU_VTLB];
	audit_finds(7);
	*policy = mmu_rung_policies[MMU_NOWALK];
	audit_passes();
	world_cpu.cr4 |= CR4_SMEP;
	audit_finds(8);
}

static void finds_unloaded_pdptes(void **state)
{
	u64 pdpte[PAE_PDPTES] = { 3 * PAGE_SIZE | PTE_P };

	(void)state;
	mmu_set_state(&world_cpu, CR0_PE | CR0_PG | CR0_WP, 0, CR4_PAE, 0,
		      pdpte);
	mmu_root(&world_cpu);
	audit_passes();
	audit_finds_value(&world_cpu.pdpte[0], 0, 1);
	audit_finds_value(&world_cpu.pdpte[1], pdpte[0], 1);
	audit_finds_value(&world_cpu.pdpte[0], pdpte[0] + PAGE_SIZE, 2);
	audit_finds_value(&world_cpu.root->spt[1], spte_trap(true), 4);
}

/* CR3 is 0, as the number of a root that shadows no table is. */
static void loads_pdptes_again(void **state)
{
	u64 pdpte[PAE_PDPTES] = { 3 * PAGE_SIZE | PTE_P };

	(void)state;
	for (u32 loads = 0; loads < 2; loads++) {
		mmu_set_state(&world_cpu, CR0_PE | CR0_PG | CR0_WP, 0, CR4_PAE,
			      0, pdpte);
		mmu_root(&world_cpu);
		audit_passes();
		pdpte[0] += PAGE_SIZE;
		pdpte[1] = 5 * PAGE_SIZE | PTE_P;
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(finds_entries, set_up),
		cmocka_unit_test_setup(finds_stale_entries, set_up),
		cmocka_unit_test_setup(finds_writable_tables, set_up),
		cmocka_unit_test_setup(finds_bad_tables, set_up),
		cmocka_unit_test_setup(finds_wrong_states, set_up),
		cmocka_unit_test_setup(finds_unloaded_pdptes, set_up),
		cmocka_unit_test_setup(loads_pdptes_again, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
