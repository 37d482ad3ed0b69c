/* SPDX-License-Identifier: MIT */
/* The root, and the way down from it; see root.c. */
#ifndef MMU_ROOT_H
#define MMU_ROOT_H

#include "mmu/page/child.h"

struct shadow_page *shadow_root(struct mmu_cpu *cpu);
/* The page directory that PDPTE @index leads to; the guest has it. */
struct shadow_key root_child(const struct mmu_cpu *cpu, u32 index);
/*
 * Link the shadow tables on the way to @walk's address, from the page @from
 * down to @level; returns the page there. @from: NULL for the root, and room is
 * made; else @walk begins in its table, and there is room for PT_LEVELS pages.
 */
struct shadow_page *shadow_link_path(struct mmu_cpu *cpu,
				     struct shadow_page *from,
				     const struct guest_walk *walk, u8 level);

#endif
