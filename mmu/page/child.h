/* SPDX-License-Identifier: MIT */
/* The shadow page that an entry leads to; see child.c. */
#ifndef MMU_CHILD_H
#define MMU_CHILD_H

#include "mmu/shadow.h"

/* A shadow page by its key. */
struct shadow_key {
	gfn_t gfn;
	union shadow_role role;
};

/*
 * The guest table as the page has it: where Umbra sees it, or NULL: no RAM. Of
 * an open one, its copy.
 */
const void *shadow_guest_table(const struct mmu *mmu,
			       const struct shadow_page *sp);
/* The rights of a TABLE entry of @sp, for the guest's entry @gpte. */
u8 shadow_table_rights(const struct shadow_page *sp, u64 gpte);
/*
 * The entry of the guest's table that @slot of @sp shadows. Where there is no
 * RAM, all ones. The second takes the table as mmu_map_gfn() has returned it.
 */
u64 shadow_gpte(const struct mmu *mmu, const struct shadow_page *sp, u32 slot);
u64 shadow_gpte_elsewhere(const struct shadow_page *sp, const void *table,
			  u32 slot);

/* @table if each of its 512 entries has a slot; else NULL: see above. */
static inline const u64 *shadow_plain_table(const struct shadow_page *sp,
					    const void *table)
{
	return sp->role.mode == PAGING_32BIT ? NULL : table;
}

/* For a loop over many slots; @plain is shadow_plain_table(). */
static inline u64 shadow_gpte_of(const struct shadow_page *sp, const u64 *plain,
				 const void *table, u32 slot)
{
	if (plain)
		return gpte_read(PAGING_4LEVEL, plain, slot);
	return shadow_gpte_elsewhere(sp, table, slot);
}

static inline u64 shadow_gpte_in(const struct shadow_page *sp,
				 const void *table, u32 slot)
{
	return shadow_gpte_of(sp, shadow_plain_table(sp, table), table, slot);
}

/* The slots of @sp that shadow entry @index: [first, first+count). */
u32 shadow_slots(const struct shadow_page *sp, u32 index, u32 *first);
/*
 * The page that @slot of @sp, not a root of PDPTEs nor private, leads to if the
 * guest's entry is @gpte: a guest table's, or a tableless one.
 */
struct shadow_key shadow_child(const struct shadow_page *sp, u32 slot,
			       u64 gpte);

#endif
