/* SPDX-License-Identifier: MIT */
/* From a guest's entry to its shadow; see entry.c. */
#ifndef MMU_ENTRY_H
#define MMU_ENTRY_H

#include "mmu/shadow.h"

/*
 * Returns true if no entry of a table is to be prefetched: each to which the
 * guest gave A was filled when the table was shadowed, or at the write. (A few
 * have got A by a walk of Umbra's; these are filled by a fault of their own.)
 */
static inline bool shadow_is_prefilled(const struct mmu *mmu,
				       const struct shadow_page *sp)
{
	return mmu->policy.prefill && mmu->policy.update && !sp->role.tableless;
}

/*
 * Fills the entries of @sp, at level 1, in the window (mmu_policy.prefetch)
 * around the address of @walk, where the guest's entry has P and A.
 */
void shadow_prefetch(struct mmu *mmu, struct shadow_page *sp,
		     const struct guest_walk *walk);
/*
 * The table of @sp, above level 1, has just been shadowed. Fills the entry at
 * @slot if it maps memory; its P and A must be set (invariant 3).
 */
void shadow_prefill(struct mmu *mmu, struct shadow_page *sp, u32 slot,
		    u64 gpte);
/*
 * The guest has written its entry, which is @gpte now: makes the shadow at
 * @slot true again. Returns true if the shadow leads somewhere now and led
 * nowhere before.
 */
bool shadow_sync_entry(struct mmu *mmu, struct shadow_page *sp, u32 slot,
		       u64 gpte);
/* The same for a page of level 1. */
bool shadow_sync_page(struct mmu *mmu, struct shadow_page *sp, u32 slot,
		      u64 gpte);

#endif
