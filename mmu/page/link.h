/* SPDX-License-Identifier: MIT */
/* Putting an entry in place and taking it down; see link.c. */
#ifndef MMU_LINK_H
#define MMU_LINK_H

#include "mmu/shadow.h"

/* Notes that @slot may have a value other than 0. */
static inline void shadow_note_value(struct shadow_page *sp, u32 slot)
{
	sp->nonzero |= BIT(slot / SLOTS_A_BIT);
}

/* Notes that @slot may lead somewhere: a zap of the page has to look at it. */
static inline void shadow_note_use(struct shadow_page *sp, u32 slot)
{
	sp->used |= BIT(slot / SLOTS_A_BIT);
	shadow_note_value(sp, slot);
}

/*
 * Returns true if the guest has used the entry that was filled last: the
 * processor has set its A since.
 */
static inline bool shadow_used_since(const struct shadow_page *sp)
{
	return sp->last_filled != PT_ENTRIES &&
	       (sp->spt[sp->last_filled] & PTE_A) &&
	       spte_kind(sp->spt[sp->last_filled], sp->role.level) >=
		       SPTE_TABLE;
}

/*
 * A page whose last filled entry has been used begins to count its writes.
 * Returns true if that is so.
 */
static inline bool shadow_count_use(struct shadow_page *sp)
{
	if (!shadow_used_since(sp))
		return false;
	sp->writes = 0;
	sp->last_filled = PT_ENTRIES;
	return true;
}

/* The number by which lists name the entry. */
static inline u32 spte_id(const struct shadow_page *sp, u32 slot)
{
	return sp->number * PT_ENTRIES + slot;
}

/* Put entry @id, which leads to @target, on the list @head, and take it off.
   Only link.c and spte_put_page() call them. */
static inline void spte_list_add(struct mmu *mmu, struct spte_link *link,
				 u32 id, u32 target, u32 *head)
{
	u32 next = *head;

	link->target = target;
	link->next = next;
	link->prev = LINK_NONE;
	*head = id;
	if (next != LINK_NONE)
		mmu->links[next].prev = id;
}

static inline void spte_list_del(struct mmu *mmu, const struct spte_link *link,
				 u32 *head)
{
	if (link->prev != LINK_NONE)
		mmu->links[link->prev].next = link->next;
	else
		*head = link->next;
	if (link->next != LINK_NONE)
		mmu->links[link->next].prev = link->prev;
}

/* An entry of a page table. A loop goes from one to the next. */
struct spte_place {
	u64 *spte;
	struct spte_link *link;
	u32 id;
};

static __forceinline struct spte_place
spte_place_of(const struct shadow_page *sp, u32 slot)
{
	return (struct spte_place){
		.spte = &sp->spt[slot],
		.link = &sp->links[slot],
		.id = spte_id(sp, slot),
	};
}

/*
 * Makes the entry @at LEAF, of value @spte and @frame, number @gfn, as
 * spte_set_page() does; the caller notes the use of the page's slots. @listed:
 * the entry may be on a list, since the page is no new one.
 */
static __forceinline void spte_put_page(struct mmu *mmu,
					const struct spte_place *at, gfn_t gfn,
					struct guest_frame *frame, u64 spte,
					bool listed)
{
	bool was_leaf = listed && spte_kind(*at->spte, 1) == SPTE_LEAF;

	if (!was_leaf || at->link->target != gfn) {
		if (was_leaf)
			spte_list_del(mmu, at->link,
				      &mmu->frames[at->link->target].rmap);
		spte_list_add(mmu, at->link, at->id, (u32)gfn, &frame->rmap);
	}
	*at->spte = spte;
}

/*
 * Takes the entry @at down, as spte_clear_page() does; the caller notes @value
 * if it is not 0.
 */
static __forceinline void spte_drop_page(struct mmu *mmu,
					 const struct spte_place *at, u64 value)
{
	if (spte_kind(*at->spte, 1) == SPTE_LEAF)
		spte_list_del(mmu, at->link,
			      &mmu->frames[at->link->target].rmap);
	*at->spte = value;
}

/*
 * Takes the entry down: off its list, and ABSENT or TRAP in its place, as
 * @value is. Flushes where the guest's own flush would not be enough.
 */
void spte_clear(struct mmu *mmu, struct shadow_page *sp, u32 slot, u64 value);
/* The same at level 1, where no change needs a flush; see spte_clear(). */
void spte_clear_page(struct mmu *mmu, struct shadow_page *sp, u32 slot,
		     u64 value);
/*
 * Takes all entries of a page that is given up off their lists. Their values
 * stay, since a page that is made gets new ones first. No flush.
 */
void spte_forget_all(struct mmu *mmu, struct shadow_page *sp);
/* Makes the entry TABLE, for the page @child, with @rights (enum access). */
void spte_set_table(struct mmu *mmu, struct shadow_page *sp, u32 slot,
		    struct shadow_page *child, u8 rights);
/*
 * Make the entry LEAF, of value @spte: of the 2 MiB from frame @gfn on, at
 * level 2; and of frame @gfn, at level 1.
 */
void spte_set_large(struct mmu *mmu, struct shadow_page *sp, u32 slot,
		    gfn_t gfn, u64 spte);
void spte_set_page(struct mmu *mmu, struct shadow_page *sp, u32 slot, gfn_t gfn,
		   u64 spte);
/* Makes the entry MMIO, of value @spte, for frame @gfn, which is no RAM. */
void spte_set_mmio(struct mmu *mmu, struct shadow_page *sp, u32 slot, gfn_t gfn,
		   u64 spte);
/*
 * Change W of every 4 KiB entry that maps the frame; no flush. The first one
 * takes W, for the dirty log. The second one takes W and marks the entry as
 * held, for a frame that becomes a table. The third one gives W back to the
 * entries with this mark.
 */
void frame_take_write(struct mmu *mmu, gfn_t gfn);
void frame_hold_write(struct mmu *mmu, gfn_t gfn);
void frame_give_write(struct mmu *mmu, gfn_t gfn);
/* Every 4 KiB entry that maps the frame leads to @hfn from now on; no flush. */
void frame_set_hfn(struct mmu *mmu, gfn_t gfn, hfn_t hfn);

#endif
