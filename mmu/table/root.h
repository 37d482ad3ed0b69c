/* SPDX-License-Identifier: MIT */
/* The root, and the way down from it; see root.c. */
#ifndef MMU_ROOT_H
#define MMU_ROOT_H

#include "mmu/page/child.h"

/* Returns the key of the page directory that PDPTE @index (0 to 3) of a paged
   guest without 4-level paging leads to. */
struct shadow_key root_child(const struct mmu_cpu *cpu, u32 index);
/*
 * Links the shadow tables on the way to the address of @walk, from the page
 * @from down to @level, and returns the page of that level. If @from is NULL,
 * the way begins at the root, and this makes room in the pool. Else @walk has
 * begun in the guest table of @from, and the pool must have room for PT_LEVELS
 * pages.
 */
struct shadow_page *shadow_link_path(struct mmu_cpu *cpu,
				     struct shadow_page *from,
				     const struct guest_walk *walk, u8 level);

#endif
