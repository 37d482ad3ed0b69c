/* SPDX-License-Identifier: MIT */
/* 2 MiB with one entry; see large.c. */
#ifndef MMU_LARGE_H
#define MMU_LARGE_H

#include "mmu/shadow.h"

/* Returns true if one LEAF may map the 2 MiB around the frame now. */
bool region_is_mappable(struct mmu *mmu, gfn_t gfn);
/*
 * Replaces each large LEAF of the region of @gfn by splinters of 4 KiB, since
 * one of its frames is to be write-protected.
 */
__cold void region_split(struct mmu *mmu, gfn_t gfn);
void region_split_all(struct mmu *mmu);

#endif
