/* SPDX-License-Identifier: MIT */
/* Putting an entry in place and taking it down; see link.c. */
#ifndef MMU_LINK_H
#define MMU_LINK_H

#include "mmu/shadow.h"

/* Notes that @slot may lead somewhere: a zap of the page has to look at it. */
static inline void shadow_note_use(struct shadow_page *sp, u32 slot)
{
	sp->used |= BIT(slot / SLOTS_A_BIT);
	sp->nonzero |= BIT(slot / SLOTS_A_BIT);
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

/* A page whose last filled entry has been used begins to count its writes. */
static inline void shadow_count_use(struct shadow_page *sp)
{
	if (shadow_used_since(sp)) {
		sp->writes = 0;
		sp->last_filled = PT_ENTRIES;
	}
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
