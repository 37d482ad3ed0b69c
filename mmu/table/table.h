/* SPDX-License-Identifier: MIT */
/* The shadow of a guest table; see table.c. */
#ifndef MMU_TABLE_H
#define MMU_TABLE_H

#include "mmu/page/child.h"

/*
 * Finds or makes the shadow of the guest table @gfn, or a tableless page. The
 * pool must have room (shadow_make_room). The table may be open (open.h): then
 * the caller closes it before an entry leads to its shadow.
 */
struct shadow_page *shadow_table_get(struct mmu *mmu, gfn_t gfn,
				     union shadow_role role);
/*
 * Returns a bit for each group of eight entries of a guest's @table of 512: bit
 * i is 1 if one of the entries 8i to 8i+7 is present.
 */
u64 table_present_groups(const u64 *table);
/*
 * The entry @gpte of @sp's guest table leads to a table that the guest has used
 * (P and A are set). Links the shadow of that table ahead of any fault, if the
 * bypass is on and pages are to spare: a fault in a linked table goes straight
 * to the guest, and a fault in any other one has to exit. Returns true if it
 * has linked the shadow.
 */
bool shadow_link_ahead(struct mmu *mmu, struct shadow_page *sp, u32 slot,
		       u64 gpte);

#endif
