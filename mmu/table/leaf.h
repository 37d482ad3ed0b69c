/* SPDX-License-Identifier: MIT */
/* Entries that map the guest's memory; see leaf.c. */
#ifndef MMU_LEAF_H
#define MMU_LEAF_H

#include "mmu/shadow.h"

/*
 * Makes the LEAF of frame @gfn, which is RAM: of 4 KiB or, at level 2, of the
 * 2 MiB around it. @rights (enum access) and @dirty are the guest's.
 * @error_code is that of the access that asks for the LEAF, whose A and D are
 * set in the guest's entries; or 0 if no access asks for it.
 */
void shadow_fill_leaf(struct mmu *mmu, struct shadow_page *sp, u32 slot,
		      gfn_t gfn, u8 rights, bool dirty, u32 error_code);
/*
 * The same for the guest's entry @gpte at level 1, where no access asks for it.
 * mmu_map_gfn() must have returned the page of @gfn.
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
