/* SPDX-License-Identifier: MIT */
/* Placed roots; see place.c. */
#ifndef MMU_PLACE_H
#define MMU_PLACE_H

#include "mmu/shadow.h"

/* Result of place_count_load() if the root gets no slot. */
#define PLACE_NOWHERE (-1)

/*
 * Counts an exit by which the guest has loaded the root @sp, which is not
 * placed. Returns the number of the slot that it is to have from now on (0 to
 * MMU_TARGETS_MAX - 1), or PLACE_NOWHERE.
 */
int place_count_load(struct mmu *mmu, struct shadow_page *sp);
/* Places the root @sp, which has just been looked up, if it gets a slot. */
void place_root(struct mmu_cpu *cpu, struct shadow_page *sp);
/*
 * Moves the placed root @sp, which is given up, back to the pool, and the
 * guest's frame back to its own address. The root's entries are undefined
 * afterwards.
 */
void place_leave(struct mmu *mmu, struct shadow_page *sp);
/* Moves all placed roots back to the pool, with their entries. */
void place_give_up_all(struct mmu *mmu);

#endif
