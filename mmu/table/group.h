/* SPDX-License-Identifier: MIT */
/* Eight entries of a page table at once; see group.c. */
#ifndef MMU_GROUP_H
#define MMU_GROUP_H

#include "mmu/shadow.h"

/*
 * The table of @sp, a page of level 1, has just been shadowed, and its entries
 * are on no list yet. Fills those of the eight slots from @first on whose guest
 * entry in @gptes has P and A.
 */
void shadow_prefill_group(struct mmu *mmu, struct shadow_page *sp, u32 first,
			  const u64 *gptes);
/*
 * The table of @sp, a page of level 1, is being closed. Makes the eight slots
 * from @first on true again whose guest entries, in @gptes, differ from those
 * in @copy. Returns the number of these slots.
 */
u32 shadow_mend_group(struct mmu *mmu, struct shadow_page *sp, u32 first,
		      const u64 *gptes, const u64 *copy);

#endif
