/* SPDX-License-Identifier: MIT */
/* The shadow page that an entry leads to; see child.c. */
#ifndef MMU_CHILD_H
#define MMU_CHILD_H

#include "mmu/shadow.h"

/* The key by which a shadow page is found. */
struct shadow_key {
	gfn_t gfn;
	union shadow_role role;
};

/*
 * Returns the address at which Umbra reads the guest table of @sp (of an open
 * table, that of its copy), or NULL if the table lies where there is no RAM.
 */
const void *shadow_guest_table(const struct mmu *mmu,
			       const struct shadow_page *sp);
/* The rights (enum access) of a TABLE of @sp, for the guest's entry @gpte. */
u8 shadow_table_rights(const struct shadow_page *sp, u64 gpte);
/*
 * Return the entry of the guest's table that @slot of @sp shadows; all ones
 * where there is no RAM. The second one serves the tables that have no
 * shadow_plain_table(); @table is as mmu_map_gfn() has returned it.
 */
u64 shadow_gpte(const struct mmu *mmu, const struct shadow_page *sp, u32 slot);
u64 shadow_gpte_elsewhere(const struct shadow_page *sp, const void *table,
			  u32 slot);

/* Returns @table if each of its 512 entries has one slot of its own, or NULL. */
static inline const u64 *shadow_plain_table(const struct shadow_page *sp,
					    const void *table)
{
	return sp->role.mode == PAGING_32BIT ? NULL : table;
}

/* The same as shadow_gpte() for a loop over many slots of one table. */
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

/*
 * Returns the number of slots of @sp that shadow the guest's entry @index (0, 1
 * or 2); @first receives the first of them.
 */
u32 shadow_slots(const struct shadow_page *sp, u32 index, u32 *first);
/*
 * Returns the key of the page that @slot of @sp leads to if the guest's entry is
 * @gpte: the shadow of a guest table, or a tableless page. @sp must not be a
 * root of PDPTEs nor private.
 */
struct shadow_key shadow_child(const struct shadow_page *sp, u32 slot,
			       u64 gpte);

#endif
