/* SPDX-License-Identifier: MIT */
/* Putting an entry in place and taking it down; see link.c. */
#ifndef MMU_LINK_H
#define MMU_LINK_H

#include "mmu/shadow.h"

/* A zap of the page has to look at the slot. */
static inline void shadow_note_use(struct shadow_page *sp, u32 slot)
{
	sp->used |= BIT(slot / SLOTS_A_BIT);
	sp->nonzero |= BIT(slot / SLOTS_A_BIT);
}

/* Returns true if the entry that was last filled has been used since. */
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

/* Make the entry ABSENT or TRAP, whichever @value is. */
void spte_clear(struct mmu *mmu, struct shadow_page *sp, u32 slot, u64 value);
/* The same at level 1, where no change needs a flush; see spte_clear(). */
void spte_clear_page(struct mmu *mmu, struct shadow_page *sp, u32 slot,
		     u64 value);
/*
 * Take all entries of a page that is given up off their lists. Their values
 * stay, since those of a page that is made are sorted first. No flush.
 */
void spte_forget_all(struct mmu *mmu, struct shadow_page *sp);
void spte_set_table(struct mmu *mmu, struct shadow_page *sp, u32 slot,
		    struct shadow_page *child, u8 rights);
/* A LEAF above level 1, and one of level 1. */
void spte_set_large(struct mmu *mmu, struct shadow_page *sp, u32 slot,
		    gfn_t gfn, u64 spte);
void spte_set_page(struct mmu *mmu, struct shadow_page *sp, u32 slot, gfn_t gfn,
		   u64 spte);
void spte_set_mmio(struct mmu *mmu, struct shadow_page *sp, u32 slot, gfn_t gfn,
		   u64 spte);
/*
 * Take W from every 4 KiB entry that maps the frame; no flush. The second does
 * it for a frame that becomes a table, and the third gives W back where the
 * second, or shadow_fill_leaf(), has held it back.
 */
void frame_take_write(struct mmu *mmu, gfn_t gfn);
void frame_hold_write(struct mmu *mmu, gfn_t gfn);
void frame_give_write(struct mmu *mmu, gfn_t gfn);
/* Every 4 KiB entry that maps the frame leads to @hfn from now on; no flush. */
void frame_set_hfn(struct mmu *mmu, gfn_t gfn, hfn_t hfn);

#endif
