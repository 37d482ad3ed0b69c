/* SPDX-License-Identifier: MIT */
/*
 * The shadow of a guest table: the table is write-protected, then every entry
 * of it is sorted into ABSENT and TRAP. From then on the shadow is kept true.
 */
#include "mmu/table/table.h"
#include "mmu/page/link.h"
#include "mmu/page/page.h"
#include "mmu/table/entry.h"
#include "mmu/table/large.h"

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

/*
 * Which groups of eight slots have a guest entry that is present: bit i is for
 * the slots from 8i on. Every new table is looked through in this way, so the
 * loop is short: the groups move in at the top, and the first ends at bit 0.
 */
static u64 present_groups(const struct shadow_page *sp, const void *table)
{
	const u64 *e = shadow_plain_table(sp, table);
	u64 groups = 0, all;

	if (e) {
		for (const u64 *end = e + PT_ENTRIES; e < end;
		     e += SLOTS_A_BIT) {
			all = e[0] | e[1] | e[2] | e[3] | e[4] | e[5] | e[6] |
			      e[7];
			groups = groups >> 1 | all << 63;
		}
		return groups;
	}
	for (u32 slot = 0; slot < PT_ENTRIES; slot++)
		if (shadow_gpte_elsewhere(sp, table, slot) & PTE_P)
			groups |= BIT(slot / SLOTS_A_BIT);
	return groups;
}

/*
 * Sort the whole guest table into ABSENT and TRAP, at whatever level it is.
 * The frame is write-protected first, so no entry can change unseen between
 * the look at it and the first use of its shadow (invariant 1). Most of a table
 * is empty; a group of eight that is all zero, and is to be, is left alone.
 */
static void classify(struct mmu *mmu, struct shadow_page *sp)
{
	const void *table = mmu_map_gfn(mmu, sp->gfn);
	const u64 *plain = shadow_plain_table(sp, table);
	u64 to_be = present_groups(sp, table);

	if (spte_unfilled(sp, 0) != SPTE_ABSENT_VALUE)
		to_be = ~0ULL;
	for (u64 groups = to_be | sp->nonzero; groups; groups &= groups - 1) {
		u32 first = first_slot(groups);

		for (u32 slot = first; slot < first + SLOTS_A_BIT; slot++)
			sp->spt[slot] = spte_unfilled(
				sp, shadow_gpte_of(sp, plain, table, slot));
	}
	sp->nonzero = to_be;
}

/*
 * Returns true if the shadow of the table that @gpte names may be linked ahead
 * of its use. From the rung `cheap` on only if it exists and is closed: most
 * tables that a new root names have none, and need none.
 */
static bool may_link(const struct mmu *mmu, u64 gpte)
{
	gfn_t gfn = (gpte & PTE_ADDR_MASK) >> PAGE_SHIFT;

	return !mmu->policy.cheap ||
	       (gfn < mmu->config.gfn_count && mmu->frames[gfn].shadowed);
}

/* Links the entry @gpte, which has P and A, of a page that bypasses. */
static bool link_ahead(struct mmu *mmu, struct shadow_page *sp, u32 slot,
		       u64 gpte)
{
	struct shadow_page *child;
	struct shadow_key key;

	if (gpte_is_large(&sp->format, gpte, sp->role.level) ||
	    gpte_reserved(&sp->format, gpte, sp->role.level) ||
	    !shadow_pages_to_spare(mmu))
		return false;
	key = shadow_child(sp, slot, gpte);
	if (!mmu_map_gfn(mmu, key.gfn))
		return false;
	child = mmu->policy.cheap ? shadow_page_find(mmu, key.gfn, key.role)
				  : shadow_table_get(mmu, key.gfn, key.role);
	/* An open table is closed at its use, which this is not. */
	if (!child || child->open)
		return false;
	spte_set_table(mmu, sp, slot, child, shadow_table_rights(sp, gpte));
	return true;
}

bool shadow_link_ahead(struct mmu *mmu, struct shadow_page *sp, u32 slot,
		       u64 gpte)
{
	return sp->role.level > 1 && sp->bypasses && may_link(mmu, gpte) &&
	       link_ahead(mmu, sp, slot, gpte);
}

/*
 * Follow the entries that the guest has used already (invariant 3: A is set):
 * to the next tables, if that saves the guest's faults an exit, and to its
 * memory. All entries outside of the groups in @sp->nonzero are not present.
 */
static void follow_used(struct mmu *mmu, struct shadow_page *sp)
{
	bool ahead = sp->role.level > 1 && sp->bypasses;
	bool prefill = mmu->policy.prefill && sp->role.level <= LARGE_LEVEL;
	const void *table = mmu_map_gfn(mmu, sp->gfn);
	const u64 *plain = shadow_plain_table(sp, table);

	if (!table || !(ahead || prefill))
		return;
	for (u64 groups = sp->nonzero; groups; groups &= groups - 1) {
		u32 first = first_slot(groups);

		for (u32 slot = first; slot < first + SLOTS_A_BIT; slot++) {
			u64 gpte = shadow_gpte_of(sp, plain, table, slot);

			if ((gpte & (PTE_P | PTE_A)) != (PTE_P | PTE_A))
				continue;
			if (ahead && may_link(mmu, gpte) &&
			    link_ahead(mmu, sp, slot, gpte))
				continue;
			if (prefill)
				shadow_prefill(mmu, sp, slot, gpte);
		}
	}
	/* No guest has used these yet, so none tells of the table's use. */
	sp->last_filled = PT_ENTRIES;
}

/* A frame that is another table, too, is no longer open as that one. */
static void give_up_open(struct mmu *mmu, gfn_t gfn)
{
	struct shadow_page *sp = shadow_page_next(mmu, gfn, NULL);

	if (sp && sp->open)
		shadow_page_zap(mmu, sp);
}

struct shadow_page *shadow_table_get(struct mmu *mmu, gfn_t gfn,
				     union shadow_role role)
{
	struct shadow_page *sp;

	if (role.direct)
		return shadow_page_direct(mmu, gfn, role);
	sp = shadow_page_find(mmu, gfn, role);
	if (sp)
		return sp;
	give_up_open(mmu, gfn);
	sp = shadow_page_new(mmu, gfn, role);
	protect_table(mmu, gfn);
	classify(mmu, sp);
	follow_used(mmu, sp);
	return sp;
}
