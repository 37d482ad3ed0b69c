/* SPDX-License-Identifier: MIT */
/* Entries that map the guest's memory; see leaf.c. */
#ifndef MMU_LEAF_H
#define MMU_LEAF_H

#include "mmu/shadow.h"

/* Returns the LEAF @spte without W if @frame is a guest table (invariant 1). */
static inline u64 leaf_hold(const struct guest_frame *frame, u64 spte)
{
	if (frame->shadowed && (spte & PTE_W))
		spte ^= PTE_W | SPTE_LEAF_HELD;
	return spte;
}

/* Returns true if a LEAF of @sp is leaf_of() the guest's entry. */
static inline bool leaf_is_plain(const struct mmu *mmu,
				 const struct shadow_page *sp)
{
	return sp->role.wp && !mmu->dirty_log_on;
}

/*
 * Returns the LEAF for the guest's entry @gpte at level 1, which has A and maps
 * the RAM of @frame. @taken and @set are the leaf_taken and
 * leaf_set of the shadow page.
 */
static inline u64 leaf_of(const struct guest_frame *frame, u64 gpte, u64 taken,
			  u64 set)
{
	/* The rights are the same bits in both entries. */
	u64 spte = frame->hfn << PAGE_SHIFT | (gpte & taken) | set;

	/* Invariant 3: W waits for D. D moves to the place of W. */
	spte &= gpte / (PTE_D / PTE_W) | ~PTE_W;
	return leaf_hold(frame, spte);
}

/* The same for a LEAF of @sp and frame @gfn that is not plain. */
u64 leaf_by_rights(const struct mmu *mmu, const struct shadow_page *sp,
		   gfn_t gfn, u64 gpte);

/*
 * Makes the LEAF of frame @gfn, which is RAM: of 4 KiB or, at level 2, of the
 * 2 MiB around it. @rights (enum access) and @dirty are the guest's.
 * @error_code is that of the access that asks for the LEAF, whose A and D are
 * set in the guest's entries; or 0 if no access asks for it.
 */
void shadow_fill_leaf(struct mmu *mmu, struct shadow_page *sp, u32 slot,
		      gfn_t gfn, u8 rights, bool dirty, u32 error_code);
/*
 * The same for the guest's entry @gpte at level 1, which has A; it gives no W
 * that a supervisor's write asks for with CR0.WP=0. mmu_map_gfn() must have
 * returned the page of @gfn.
 */
void shadow_fill_page(struct mmu *mmu, struct shadow_page *sp, u32 slot,
		      gfn_t gfn, u64 gpte);
/*
 * Returns the rights (enum access) that an entry of @sp has to give for the
 * page of @walk: the guest's, without those that the TABLE entries above carry.
 */
u8 shadow_rights(const struct shadow_page *sp, const struct guest_walk *walk);
/* Makes the MMIO entry for the page of @walk, which is no RAM. */
void shadow_fill_mmio(struct mmu *mmu, struct shadow_page *sp, u32 slot,
		      const struct guest_walk *walk);

#endif
