/* SPDX-License-Identifier: MIT */
/* The role of a shadow page: all that it depends on besides its guest table. */
#ifndef MMU_SHADOW_ROLE_H
#define MMU_SHADOW_ROLE_H

#include "mmu/paging.h"

/*
 * A guest table has a shadow page for each role in which it is used, since an
 * entry that was made for one role would be wrong for another.
 */
union shadow_role {
	struct {
		u32 level : 3; /* 1: its entries are leaves */
		u32 mode : 2; /* enum paging_mode: the format of the table */
		u32 quadrant : 2; /* of a 32-bit table: number of its part */
		u32 tableless : 1; /* the page shadows no guest table: it maps
				      a large page in pieces, serves an unpaged
				      guest, is a root of PDPTEs (which are
				      registers), or is private */
		u32 private : 1; /* of the software TLB (mmu_policy.cache) */
		u32 access : 3; /* rights that the levels above give */
		u32 dirty : 1; /* if tableless: D of the large page */
		u32 wp : 1; /* CR0.WP */
		u32 nxe : 1; /* EFER.NXE, where the mode has XD */
		u32 pse : 1; /* CR4.PSE, where the mode depends on it */
		u32 smep : 1; /* CR4.SMEP */
		u32 smap : 1; /* CR4.SMAP */
	};
	u32 word;
};

/*
 * Guests without 4-level paging run on PAE tables of Umbra's. The root is of
 * level 3. The processor reads four of its entries, the PDPTEs, when it loads
 * CR3; they can't be TRAP. A paged guest has all four linked whenever the root
 * is looked up (root.c). All faults of an unpaged guest exit, so its PDPTEs are
 * linked when they are needed.
 */
#define PAE_ROOT_LEVEL 3
#define PAE_ROOT_PAGES (1 + PAE_PDPTES)

static inline bool role_is_pae_root(union shadow_role role)
{
	return role.mode != PAGING_4LEVEL && role.level == PAE_ROOT_LEVEL;
}

/* Returns true for a root whose PDPTEs must all be linked before an entry. */
static inline bool role_needs_pdptes(union shadow_role role)
{
	return role_is_pae_root(role) && role.mode != PAGING_NONE &&
	       !role.private;
}

/* Returns the level of the topmost guest table that has a shadow of its own. */
static inline u8 top_table_level(enum paging_mode mode)
{
	return mode == PAGING_4LEVEL ? 4 : 2;
}

#endif
