/* SPDX-License-Identifier: MIT */
/*
 * The shadow of a guest table: the table is write-protected, then every entry
 * of it is sorted into ABSENT and TRAP. From then on the shadow is kept true.
 */
#include "mmu/table.h"
#include "mmu/entry.h"
#include "mmu/large.h"
#include "mmu/link.h"
#include "mmu/open.h"
#include "mmu/page.h"

/* Write-protect the guest table before anyone looks at it (invariant 1). */
static void protect_table(struct mmu *mmu, gfn_t gfn)
{
	if (!mmu_map_gfn(mmu, gfn) || mmu->frames[gfn].shadowed++)
		return;
	region_of(mmu, gfn)->shadowed++;
	region_split(mmu, gfn);
	frame_hold_write(mmu, gfn);
	/*
	 * Even where no entry had W: one that was taken down without a flush
	 * may still be in the TLB, writable (invariants 1 and 6).
	 */
	mmu_flush(mmu);
}

/* Returns true if one of the guest's entries for eight slots is present. */
static bool group_is_present(const struct shadow_page *sp, const void *table,
			     u32 first)
{
	const u64 *entries = table;
	u64 all = 0;

	if (!table || sp->role.mode == PAGING_32BIT) {
		for (u32 i = 0; i < SLOTS_A_BIT; i++)
			all |= shadow_gpte_in(sp, table, first + i);
		return all & PTE_P;
	}
	for (u32 i = 0; i < SLOTS_A_BIT; i++)
		all |= entries[first + i];
	return all & PTE_P;
}

/*
 * Sort the whole guest table into ABSENT and TRAP, at whatever level it is.
 * The frame is write-protected first, so no entry can change unseen between
 * the look at it and the first use of its shadow (invariant 1). Most of a table
 * is empty; a group of eight that is all zero, and is to be, is left alone.
 */
static void classify(struct mmu *mmu, struct shadow_page *sp)
{
	u64 present = spte_unfilled(mmu, sp, PTE_P);
	u64 not_present = spte_unfilled(mmu, sp, 0);
	const void *table = mmu_map_gfn(mmu, sp->gfn);

	for (u32 first = 0; first < PT_ENTRIES; first += SLOTS_A_BIT) {
		u64 bit = BIT(first / SLOTS_A_BIT);

		if (group_is_present(sp, table, first) || not_present) {
			sp->nonzero |= bit;
		} else {
			if (!(sp->nonzero & bit))
				continue;
			sp->nonzero &= ~bit;
		}
		for (u32 slot = first; slot < first + SLOTS_A_BIT; slot++)
			sp->spt[slot] = shadow_gpte_in(sp, table, slot) & PTE_P
						? present
						: not_present;
	}
}

/* Fill what the guest has used of its table already. */
static void prefill(struct mmu *mmu, struct shadow_page *sp)
{
	struct gpt_format format = role_format(mmu, sp->role);
	const void *table = mmu_map_gfn(mmu, sp->gfn);

	if (!table)
		return;
	for (u64 groups = sp->nonzero; groups; groups &= groups - 1) {
		u32 first = (u32)__builtin_ctzll(groups) * SLOTS_A_BIT;

		for (u32 slot = first; slot < first + SLOTS_A_BIT; slot++) {
			u64 gpte = shadow_gpte_in(sp, table, slot);

			if (gpte & PTE_P)
				shadow_prefill(mmu, sp, slot, &format, gpte);
		}
	}
	/* No guest has used these yet, so none tells of the table's use. */
	sp->last_filled = PT_ENTRIES;
}

bool shadow_link_ahead(struct mmu *mmu, struct shadow_page *sp, u32 slot,
		       u64 gpte)
{
	struct gpt_format format = role_format(mmu, sp->role);
	struct shadow_page *child;
	struct shadow_key key;

	if (sp->role.level == 1 || !mmu_bypasses(mmu, sp->role) ||
	    (gpte & (PTE_P | PTE_A)) != (PTE_P | PTE_A) ||
	    gpte_is_large(&format, gpte, sp->role.level) ||
	    gpte_reserved(&format, gpte, sp->role.level) ||
	    !shadow_pages_to_spare(mmu))
		return false;
	key = shadow_child(mmu, sp, slot, gpte);
	if (!mmu_map_gfn(mmu, key.gfn))
		return false;
	if (mmu->policy.cheap) {
		child = shadow_page_find(mmu, key.gfn, key.role);
		if (!child || child->open)
			return false;
	} else {
		child = shadow_table_get(mmu, key.gfn, key.role);
	}
	spte_set_table(mmu, sp, slot, child,
		       shadow_table_rights(mmu, sp, gpte));
	return true;
}

static void link_all_ahead(struct mmu *mmu, struct shadow_page *sp)
{
	const void *table;

	if (sp->role.level == 1 || !mmu_bypasses(mmu, sp->role))
		return;
	table = mmu_map_gfn(mmu, sp->gfn);
	if (!table)
		return;
	for (u32 slot = 0; slot < PT_ENTRIES; slot++) {
		u64 gpte = shadow_gpte_in(sp, table, slot);

		if (gpte & PTE_P)
			shadow_link_ahead(mmu, sp, slot, gpte);
	}
	/* No guest has used these yet, so none tells of the table's use. */
	sp->last_filled = PT_ENTRIES;
}

struct shadow_page *shadow_table_get(struct mmu *mmu, gfn_t gfn,
				     union shadow_role role)
{
	struct shadow_page *sp;

	if (role.direct)
		return shadow_page_direct(mmu, gfn, role);
	sp = shadow_page_find(mmu, gfn, role);
	if (sp) {
		if (sp->open)
			table_close(mmu, sp);
		return sp;
	}
	table_give_up_open(mmu, gfn);
	sp = shadow_page_new(mmu, gfn, role);
	protect_table(mmu, gfn);
	classify(mmu, sp);
	link_all_ahead(mmu, sp);
	if (mmu->policy.prefill)
		prefill(mmu, sp);
	return sp;
}
