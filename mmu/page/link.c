/* SPDX-License-Identifier: MIT */
/*
 * Putting an entry in place and taking it down, with the lists that lead back
 * to it. Only these functions write shadow entries that lead somewhere, so an
 * entry and its list cannot come apart.
 */
#include "mmu/filter.h"
#include "mmu/page/link.h"

/* The head of the list of entries that map @gfn, for a LEAF of @sp's level. */
static u32 *rmap_of(struct mmu *mmu, const struct shadow_page *sp, gfn_t gfn)
{
	return sp->role.level > 1 ? &region_of(mmu, gfn)->rmap
				  : &mmu->frames[gfn].rmap;
}

static void list_add(struct mmu *mmu, struct shadow_page *sp, u32 slot,
		     u32 target, u32 *head)
{
	spte_list_add(mmu, &sp->links[slot], spte_id(sp, slot), target, head);
	shadow_note_use(sp, slot);
}

static void list_del(struct mmu *mmu, struct shadow_page *sp, u32 slot,
		     u32 *head)
{
	spte_list_del(mmu, &sp->links[slot], head);
}

/* Puts ABSENT or TRAP in place of an entry that is no longer on a list. */
static void put_unfilled(struct shadow_page *sp, u32 slot, u64 value)
{
	if (value)
		shadow_note_value(sp, slot);
	sp->spt[slot] = value;
}

void spte_clear(struct mmu *mmu, struct shadow_page *sp, u32 slot, u64 value)
{
	enum spte_kind kind = spte_kind(sp->spt[slot], sp->role.level);

	switch (kind) {
	case SPTE_ABSENT:
	case SPTE_TRAP:
	case SPTE_MMIO:
		break;
	case SPTE_LEAF:
		/*
		 * No flush. The guest has changed its entry and has not yet
		 * flushed it, so a translation that the processor still holds
		 * is legally stale (invariant 2), and the guest's own INVLPG
		 * or CR3 load ends it. Where this is not so (the frame becomes
		 * a table, the shadow page is given up) the caller flushes.
		 * But a large LEAF may be a half of the guest's page, or one of
		 * its 512 parts, and that INVLPG would drop only one of these
		 * parts.
		 */
		list_del(mmu, sp, slot,
			 rmap_of(mmu, sp, sp->links[slot].target));
		if (sp->role.level > 1)
			mmu_flush(mmu);
		break;
	case SPTE_TABLE:
		list_del(mmu, sp, slot, &spte_child(mmu, sp, slot)->parents);
		mmu->tables_unlinked++;
		/*
		 * The TLB may hold a large guest page in many splinters, and
		 * the guest's INVLPG would drop only one of them. The entry
		 * itself may be in a paging-structure cache.
		 */
		mmu_flush(mmu);
		break;
	}
	put_unfilled(sp, slot, value);
}

void spte_forget_all(struct mmu *mmu, struct shadow_page *sp)
{
	u8 level = sp->role.level;

	for (u64 used = sp->used; used; used &= used - 1) {
		u32 first = first_slot(used);

		for (u32 slot = first; slot < first + SLOTS_A_BIT; slot++) {
			enum spte_kind kind = spte_kind(sp->spt[slot], level);

			if (kind == SPTE_LEAF)
				list_del(mmu, sp, slot,
					 rmap_of(mmu, sp,
						 sp->links[slot].target));
			else if (kind == SPTE_TABLE)
				list_del(mmu, sp, slot,
					 &spte_child(mmu, sp, slot)->parents);
		}
	}
}

void spte_set_table(struct mmu *mmu, struct shadow_page *sp, u32 slot,
		    struct shadow_page *child, u8 rights)
{
	hpa_t hpa = shadow_page_hpa(mmu, child);
	u64 spte = role_is_pae_root(sp->role) ? spte_make_pdpte(hpa)
					      : spte_make_table(hpa, rights);
	u64 old = sp->spt[slot];

	if ((old & ~PTE_A) == spte)
		return;
	if (spte_kind(old, sp->role.level) >= SPTE_TABLE)
		spte_clear(mmu, sp, slot, SPTE_ABSENT_VALUE);
	list_add(mmu, sp, slot, child->number, &child->parents);
	sp->spt[slot] = spte;
	sp->last_filled = slot;
}

void spte_set_large(struct mmu *mmu, struct shadow_page *sp, u32 slot,
		    gfn_t gfn, u64 spte)
{
	u64 old = sp->spt[slot];
	enum spte_kind kind = spte_kind(old, sp->role.level);

	if (kind == SPTE_LEAF && sp->links[slot].target == gfn) {
		/*
		 * Other rights: this flushes, for the reason that spte_clear()
		 * gives for a large LEAF. This holds for a new right, too: the
		 * other half would still deny it, and the filter by U would
		 * show the user's fault to the guest. And U=1 takes rights
		 * from the supervisor (SMEP, SMAP).
		 */
		if ((old ^ spte) & (PTE_W | PTE_U | PTE_NX))
			mmu_flush(mmu);
	} else {
		if (kind >= SPTE_TABLE)
			spte_clear(mmu, sp, slot, SPTE_ABSENT_VALUE);
		list_add(mmu, sp, slot, (u32)gfn,
			 &region_of(mmu, (u32)gfn)->rmap);
	}
	sp->spt[slot] = spte;
	sp->last_filled = slot;
}

void spte_set_page(struct mmu *mmu, struct shadow_page *sp, u32 slot, gfn_t gfn,
		   u64 spte)
{
	struct spte_place at = spte_place_of(sp, slot);

	spte_put_page(mmu, &at, gfn, &mmu->frames[(u32)gfn], spte, true);
	shadow_note_use(sp, slot);
	sp->last_filled = slot;
}

void spte_clear_page(struct mmu *mmu, struct shadow_page *sp, u32 slot,
		     u64 value)
{
	struct spte_place at = spte_place_of(sp, slot);

	spte_drop_page(mmu, &at, value);
	if (value)
		shadow_note_value(sp, slot);
}

void spte_set_mmio(struct mmu *mmu, struct shadow_page *sp, u32 slot, gfn_t gfn,
		   u64 spte)
{
	spte_clear(mmu, sp, slot, spte);
	sp->links[slot].target = (u32)gfn;
	shadow_note_use(sp, slot);
}

/* Takes W of entry @id, if it has W, and changes the other bits of @change. */
static void take_write(struct mmu *mmu, u32 id, u64 change)
{
	u64 spte = mmu->tables[id];

	if (!(spte & PTE_W))
		return;
	if (spte & PTE_U)
		filter_withhold(mmu, &mmu->pages[id / PT_ENTRIES]);
	mmu->tables[id] = spte ^ change;
}

void frame_take_write(struct mmu *mmu, gfn_t gfn)
{
	for (u32 id = mmu->frames[gfn].rmap; id != LINK_NONE;
	     id = mmu->links[id].next)
		take_write(mmu, id, PTE_W);
}

void frame_set_hfn(struct mmu *mmu, gfn_t gfn, hfn_t hfn)
{
	for (u32 id = mmu->frames[gfn].rmap; id != LINK_NONE;
	     id = mmu->links[id].next)
		mmu->tables[id] = (mmu->tables[id] & ~PTE_ADDR_MASK) |
				  hfn << PAGE_SHIFT;
}

void frame_hold_write(struct mmu *mmu, gfn_t gfn)
{
	for (u32 id = mmu->frames[gfn].rmap; id != LINK_NONE;
	     id = mmu->links[id].next)
		take_write(mmu, id, PTE_W | SPTE_LEAF_HELD);
}

void frame_give_write(struct mmu *mmu, gfn_t gfn)
{
	u64 given = dirty_log_waits(mmu, gfn) ? 0 : PTE_W;

	for (u32 id = mmu->frames[gfn].rmap; id != LINK_NONE;
	     id = mmu->links[id].next)
		if (mmu->tables[id] & SPTE_LEAF_HELD)
			mmu->tables[id] ^= given | SPTE_LEAF_HELD;
}
