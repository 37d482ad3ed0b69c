/* SPDX-License-Identifier: MIT */
/*
 * The guest walker: it translates an address by the guest's own page tables.
 * The result is one struct guest_walk, for the code that handles the fault.
 */
#ifndef MMU_WALK_H
#define MMU_WALK_H

#include "mmu/mmu.h"

/*
 * Walks for @access (W, U, I/D of an error code, WALK_AC) at @gva, from @start,
 * or from the top if it is NULL. Sets A and D as the processor would.
 */
void guest_walk(const struct mmu_cpu *cpu, gva_t gva, u32 access,
		const struct walk_start *start, struct guest_walk *walk);
/* The same from the top, but it sets no A and no D, nor walk->dirty. */
void guest_walk_look(const struct mmu_cpu *cpu, gva_t gva, u32 access,
		     struct guest_walk *walk);
/* Ends the walk for @access with the fault @status: sets its error code. */
void walk_fails(const struct mmu_cpu *cpu, struct guest_walk *walk,
		enum walk_status status, u32 access);
/*
 * Returns true if @rights, of all levels together, permit @access (SDM vol. 3A,
 * 4.6.1).
 */
bool access_permitted(const struct mmu_cpu *cpu, u8 rights, u32 access);

#endif
