/* SPDX-License-Identifier: MIT */
/* Entries that map the guest's memory; see leaf.c. */
#ifndef MMU_LEAF_H
#define MMU_LEAF_H

#include "mmu/shadow.h"

/*
 * Make the LEAF of @gfn, which is RAM, with the rights that the guest gives, of
 * 4 KiB or, at level 2, of the 2 MiB around it. @error_code: of the access that
 * asks for it, with A and D set as it wants; 0 if none does.
 */
void shadow_fill_leaf(struct mmu *mmu, struct shadow_page *sp, u32 slot,
		      gfn_t gfn, u8 rights, bool dirty, u32 error_code);
/*
 * The same for the entry @gpte, at level 1, that no access asks for; @gfn has
 * just been mapped.
 */
void shadow_fill_page(struct mmu *mmu, struct shadow_page *sp, u32 slot,
		      gfn_t gfn, u64 gpte);
/*
 * The rights that an entry of @sp has to give for the page of @walk: those of
 * the guest's entries which no TABLE on the way carries.
 */
u8 shadow_rights(const struct shadow_page *sp, const struct guest_walk *walk);
/* The MMIO entry for a page that is no RAM. */
void shadow_fill_mmio(struct mmu *mmu, struct shadow_page *sp, u32 slot,
		      const struct guest_walk *walk);

#endif
