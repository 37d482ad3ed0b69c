/* SPDX-License-Identifier: MIT */
/*
 * From a guest's entry to its shadow: the entries that are filled beside a
 * fault (prefetch), when a table is shadowed or closed (prefill), and when the
 * guest writes its entry (sync).
 */
#include "mmu/page/child.h"
#include "mmu/page/link.h"
#include "mmu/table/entry.h"
#include "mmu/table/large.h"
#include "mmu/table/leaf.h"
#include "mmu/table/table.h"

/* The parts of a LEAF. */
struct leaf {
	gfn_t gfn;
	u8 rights;
	bool dirty;
};

/*
 * The LEAF of the part of @walk's large page that lies @ahead frames further
 * on. Returns false if there is no RAM.
 */
static bool part_beside(const struct mmu *mmu, const struct shadow_page *sp,
			const struct guest_walk *walk, s32 ahead,
			struct leaf *leaf)
{
	leaf->gfn = (walk->gpa >> PAGE_SHIFT) + ahead;
	leaf->rights = shadow_rights(sp, walk);
	leaf->dirty = walk->dirty;
	return mmu_map_gfn(mmu, leaf->gfn);
}

/*
 * The LEAF of the page that @gpte maps; this entry lies beside the one in which
 * @walk has ended. Returns true if the LEAF may be filled without a fault:
 * invariants 3 (A is set), 4 and 5. It sets no flag in the guest's entry, so
 * the guest can't notice.
 */
static bool page_beside(const struct mmu *mmu, const struct shadow_page *sp,
			const struct guest_walk *walk, u64 gpte,
			struct leaf *leaf)
{
	if ((gpte & (PTE_P | PTE_A)) != (PTE_P | PTE_A))
		return false;
	leaf->gfn = gpte_gfn(&sp->format, gpte, 1);
	leaf->rights = gpte_rights(&sp->format, gpte) &
		       (sp->role.private ? walk->access[2] : sp->role.access);
	leaf->dirty = gpte & PTE_D;
	return !gpte_reserved(&sp->format, gpte, 1) &&
	       mmu_map_gfn(mmu, leaf->gfn);
}

void shadow_prefetch(struct mmu *mmu, struct shadow_page *sp,
		     const struct guest_walk *walk)
{
	enum paging_mode mode = sp->role.mode;
	u32 here = pt_index(walk->gva, 1), window = mmu->policy.prefetch;
	u32 first = ALIGN_DOWN(here, window);
	u64 trap = spte_unfilled(sp, PTE_P);
	const void *table = NULL;
	u32 index = 0;
	struct leaf leaf;
	bool found;

	if (shadow_is_prefilled(mmu, sp)) {
		window = 0;
	} else if (walk->level == 1) {
		table = mmu_map_gfn(mmu, walk->table[1]);
		index = gpte_index(mode, walk->gva, 1) - here;
		if (!table)
			window = 0;
	}
	for (u32 slot = first; slot < first + window; slot++) {
		if (slot == here || sp->spt[slot] != trap)
			continue;
		if (table)
			found = page_beside(
				mmu, sp, walk,
				gpte_read(mode, table, index + slot), &leaf);
		else
			found = part_beside(mmu, sp, walk, (s32)(slot - here),
					    &leaf);
		if (!found)
			continue;
		shadow_fill_leaf(mmu, sp, slot, leaf.gfn, leaf.rights,
				 leaf.dirty, 0);
		mmu->stats.prefetches++;
	}
	/*
	 * Only the entry that faulted tells whether the guest uses the table.
	 */
	sp->last_filled = here;
}

/* Returns true if the entry is a TABLE that says the same as @gpte does now. */
static bool still_linked(const struct mmu *mmu, const struct shadow_page *sp,
			 u32 slot, u64 gpte)
{
	const struct shadow_page *child;
	struct shadow_key key;

	if (spte_kind(sp->spt[slot], sp->role.level) != SPTE_TABLE)
		return false;
	child = spte_child(mmu, sp, slot);
	key = shadow_child(sp, slot, gpte);
	return child->gfn == key.gfn && child->role.word == key.role.word &&
	       !((sp->spt[slot] ^
		  spte_make_table(0, shadow_table_rights(sp, gpte))) &
		 (PTE_W | PTE_U | PTE_NX));
}

/* Makes a LEAF of a large page at level 2, without a fault that asks for it.
   @gpte has A. Returns false if there is no RAM, or no page of that size. */
static bool fill_large_unasked(struct mmu *mmu, struct shadow_page *sp,
			       u32 slot, u64 gpte)
{
	const struct gpt_format *format = &sp->format;
	gfn_t gfn;

	if (!gpte_is_large(format, gpte, sp->role.level) ||
	    sp->role.level != LARGE_LEVEL)
		return false;
	gfn = shadow_child(sp, slot, gpte).gfn;
	if (!region_is_mappable(mmu, gfn))
		return false;
	shadow_fill_leaf(mmu, sp, slot, gfn,
			 sp->role.access & gpte_rights(format, gpte),
			 gpte & PTE_D, 0);
	return true;
}

/*
 * Notes that the page which the TABLE at @slot names, above level 1, may lose
 * its last parent. A tableless page stays: no write of the guest can make it
 * wrong, so it costs no exit.
 */
static void note_unlinked(struct mmu *mmu, const struct shadow_page *sp,
			  u32 slot)
{
	if (mmu->policy.cheap && mmu->unlinked_count < UNLINKED_MAX &&
	    spte_kind(sp->spt[slot], sp->role.level) == SPTE_TABLE &&
	    !spte_child(mmu, sp, slot)->role.tableless)
		mmu->unlinked[mmu->unlinked_count++] = sp->links[slot].target;
}

void shadow_prefill(struct mmu *mmu, struct shadow_page *sp, u32 slot, u64 gpte)
{
	/* Invariants 4 and 5 (the latter in fill_large_unasked). */
	if (!gpte_reserved(&sp->format, gpte, sp->role.level) &&
	    fill_large_unasked(mmu, sp, slot, gpte))
		mmu->stats.prefills++;
}

/*
 * Makes a LEAF of @gpte, at level 1, without a fault that asks for it. Returns
 * false if the guest has not used the entry (invariant 3), or it is reserved
 * (4) or maps no RAM (5).
 */
static bool fill_used_page(struct mmu *mmu, struct shadow_page *sp, u32 slot,
			   u64 gpte)
{
	gfn_t gfn = gpte_gfn(&sp->format, gpte, 1);

	if ((gpte & (PTE_P | PTE_A)) != (PTE_P | PTE_A) ||
	    gpte_reserved(&sp->format, gpte, 1) || !mmu_map_gfn(mmu, gfn))
		return false;
	shadow_fill_page(mmu, sp, slot, gfn, gpte);
	return true;
}

/* Most writes of tables end here: one piece of code, with all that it calls. */
__flatten bool shadow_sync_page(struct mmu *mmu, struct shadow_page *sp,
				u32 slot, u64 gpte)
{
	u64 before = sp->spt[slot];

	if (mmu->policy.update && fill_used_page(mmu, sp, slot, gpte)) {
		mmu->stats.updates++;
		return spte_kind(before, 1) != SPTE_LEAF;
	}
	spte_clear_page(mmu, sp, slot, spte_unfilled(sp, gpte));
	return false;
}

bool shadow_sync_entry(struct mmu *mmu, struct shadow_page *sp, u32 slot,
		       u64 gpte)
{
	bool was_leaf;

	if (sp->role.level == 1)
		return shadow_sync_page(mmu, sp, slot, gpte);
	/* Invariants 3, 4 and 5 (the last in fill_large_unasked). */
	if (mmu->policy.update && (gpte & PTE_P) && (gpte & PTE_A) &&
	    !gpte_reserved(&sp->format, gpte, sp->role.level)) {
		if (still_linked(mmu, sp, slot, gpte))
			return false;
		note_unlinked(mmu, sp, slot);
		was_leaf = spte_kind(sp->spt[slot], sp->role.level) ==
			   SPTE_LEAF;
		if (fill_large_unasked(mmu, sp, slot, gpte)) {
			mmu->stats.updates++;
			return !was_leaf;
		}
		if (shadow_link_ahead(mmu, sp, slot, gpte))
			return true;
	} else {
		note_unlinked(mmu, sp, slot);
	}
	spte_clear(mmu, sp, slot, spte_unfilled(sp, gpte));
	return false;
}
