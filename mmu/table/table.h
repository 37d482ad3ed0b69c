/* SPDX-License-Identifier: MIT */
/* The shadow of a guest table; see table.c. */
#ifndef MMU_TABLE_H
#define MMU_TABLE_H

#include "mmu/page/child.h"

/*
 * Find or make the shadow of a guest table, or a tableless page. There is room
 * for it: shadow_make_room has been called. It may be open (open.h): then it is
 * to be closed before anything leads to it.
 */
struct shadow_page *shadow_table_get(struct mmu *mmu, gfn_t gfn,
				     union shadow_role role);
/*
 * Which groups of eight entries of a guest's table of 512 have one that is
 * present: bit i is for the entries from 8i on.
 */
u64 table_present_groups(const u64 *table);
/*
 * The entry @gpte of @sp's guest table leads to a table that the guest has used
 * (P and A are set): link its shadow ahead of any fault, if pages are left.
 * With the bypass on this pays: a fault in a table that is linked goes to the
 * guest, one in a table that is not has to exit to find out. Returns true if it
 * did.
 */
bool shadow_link_ahead(struct mmu *mmu, struct shadow_page *sp, u32 slot,
		       u64 gpte);

#endif
