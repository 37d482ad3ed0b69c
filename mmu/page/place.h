/* SPDX-License-Identifier: MIT */
/* Placed roots; see place.c. */
#ifndef MMU_PLACE_H
#define MMU_PLACE_H

#include "mmu/shadow.h"

/* Result of place_count_load if the root gets no slot. */
#define PLACE_NOWHERE (-1)

/*
 * The root @sp, not placed, has been loaded by an exit. Returns the number of
 * the slot that it is to have from now on, or PLACE_NOWHERE.
 */
int place_count_load(struct mmu *mmu, struct shadow_page *sp);
/* The root has just been looked up: place it if it is worth it. */
void place_root(struct mmu_cpu *cpu);
/* The placed root @sp goes back to its own memory, and the guest's frame too. */
void place_give_up(struct mmu *mmu, struct shadow_page *sp);
/* The same where nobody needs its entries any more: they are undefined. */
void place_leave(struct mmu *mmu, struct shadow_page *sp);
void place_give_up_all(struct mmu *mmu);

#endif
