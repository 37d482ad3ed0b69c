/* SPDX-License-Identifier: MIT */
/*
 * The guest walker: it asks the guest's own page tables for an address, and
 * answers with one struct guest_walk, which the code that handles the fault
 * consumes.
 */
#ifndef MMU_WALK_H
#define MMU_WALK_H

#include "mmu/mmu.h"

/* @start: NULL to begin at the top. Sets A and D as the processor would. */
void guest_walk(const struct mmu_cpu *cpu, gva_t gva, u32 access,
		const struct walk_start *start, struct guest_walk *walk);
/*
 * The same from the top, but it sets no A and no D; walk->dirty is not known
 * after it.
 */
void guest_walk_look(const struct mmu_cpu *cpu, gva_t gva, u32 access,
		     struct guest_walk *walk);
/* The walk of @access ends with a fault, for the reason @status. */
void walk_fails(const struct mmu_cpu *cpu, struct guest_walk *walk,
		enum walk_status status, u32 access);
/*
 * Returns true if an access (W, U, I/D of an error code, WALK_AC) may be done
 * where the accumulated rights are @rights. SDM vol. 3A, 4.6.1.
 */
bool access_permitted(const struct mmu_cpu *cpu, u8 rights, u32 access);

#endif
