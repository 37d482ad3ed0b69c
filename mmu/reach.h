/* SPDX-License-Identifier: MIT */
/* Shadow pages of a space that is taken apart; see reach.c. */
#ifndef MMU_REACH_H
#define MMU_REACH_H

#include "mmu/shadow.h"

/*
 * Returns true if the page is of another address space than the one that the
 * guest runs on. In doubt it is not.
 */
bool shadow_is_elsewhere(const struct mmu *mmu, const struct shadow_page *sp);
/*
 * Give up the page of a guest's table, and count it. Returns one of its former
 * parents, which may be given up too (a table may name itself), or NULL.
 */
struct shadow_page *shadow_give_up(struct mmu *mmu, struct shadow_page *sp);
/*
 * Give up @sp (or NULL), if it is below a root and no entry of it leads
 * anywhere, and then in turn each parent that led to nothing else.
 */
void shadow_give_up_barren(struct mmu *mmu, struct shadow_page *sp);

#endif
