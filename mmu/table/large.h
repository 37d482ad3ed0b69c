/* SPDX-License-Identifier: MIT */
/* 2 MiB with one entry; see large.c. */
#ifndef MMU_LARGE_H
#define MMU_LARGE_H

#include "mmu/shadow.h"

/* Returns true if one LEAF may map the 2 MiB around the frame now. */
bool region_is_mappable(struct mmu *mmu, gfn_t gfn);
/* One of its frames is to be write-protected: map the region in splinters. */
__cold void region_split(struct mmu *mmu, gfn_t gfn);
void region_split_all(struct mmu *mmu);

#endif
