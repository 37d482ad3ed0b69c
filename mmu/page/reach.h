/* SPDX-License-Identifier: MIT */
/* Shadow pages of a space that is taken apart; see reach.c. */
#ifndef MMU_REACH_H
#define MMU_REACH_H

#include "mmu/shadow.h"

/*
 * Returns true if the page belongs to another address space than the one that
 * the guest runs on. @sp is not the root in use. In doubt it returns false.
 */
bool shadow_is_elsewhere(struct mmu *mmu, const struct shadow_page *sp);
/*
 * Gives up the shadow @sp of a guest table, and counts that. Returns one of its
 * former parents, or NULL.
 */
struct shadow_page *shadow_give_up(struct mmu *mmu, struct shadow_page *sp);
/*
 * Gives up @sp if it is below a root and none of its entries leads anywhere,
 * and then in turn each parent that led to nothing else. @sp may be NULL, or a
 * page that has been given up since it was found, if none has been made since.
 */
void shadow_give_up_barren(struct mmu *mmu, struct shadow_page *sp);

#endif
