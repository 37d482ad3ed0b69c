/* SPDX-License-Identifier: MIT */
/*
 * The shadow page that an entry leads to.
 *
 * A shadow table has 512 entries of 8 bytes. A guest's table has the same,
 * except in 32-bit paging: there it has 1,024 entries of 4 bytes, and an entry
 * of a page directory spans 4 MiB, where a shadow's entry spans 2 MiB. The
 * shadow of such a table consists of several pages, its quadrants: a page
 * directory has four, a page table has two. An entry of a page directory takes
 * two slots, one for each half of its 4 MiB.
 */
#include "mmu/page/child.h"

/* Number of a 32-bit table's 1,024 entries that one quadrant shadows. */
static u32 quadrant_entries(const struct shadow_page *sp)
{
	return sp->role.level == 1 ? PT_ENTRIES : PT_ENTRIES / 2;
}

/* For a table of 32-bit paging, or one that lies where there is no RAM. */
u64 shadow_gpte_elsewhere(const struct shadow_page *sp, const void *table,
			  u32 slot)
{
	u32 index = slot;

	if (sp->role.mode != PAGING_32BIT)
		return ~0ULL;
	if (sp->role.level > 1)
		index /= 2;
	index += sp->role.quadrant * quadrant_entries(sp);
	return table ? gpte_read(sp->role.mode, table, index) : (u32)~0U;
}

const void *shadow_guest_table(const struct mmu *mmu,
			       const struct shadow_page *sp)
{
	if (sp->open)
		return mmu->copies + (u64)sp->copy * PT_ENTRIES;
	return mmu_map_gfn(mmu, sp->gfn);
}

u64 shadow_gpte(const struct mmu *mmu, const struct shadow_page *sp, u32 slot)
{
	return shadow_gpte_in(sp, shadow_guest_table(mmu, sp), slot);
}

u8 shadow_table_rights(const struct shadow_page *sp, u64 gpte)
{
	if (sp->role.tableless || !sp->carries_rights)
		return ACCESS_ALL;
	return gpte_rights(&sp->format, gpte);
}

u32 shadow_slots(const struct shadow_page *sp, u32 index, u32 *first)
{
	*first = index;
	if (sp->role.mode != PAGING_32BIT)
		return 1;
	if (index / quadrant_entries(sp) != sp->role.quadrant)
		return 0;
	*first = index % quadrant_entries(sp);
	if (sp->role.level == 1)
		return 1;
	*first *= 2;
	return 2;
}

struct shadow_key shadow_child(const struct shadow_page *sp, u32 slot, u64 gpte)
{
	const struct gpt_format *format = &sp->format;
	struct shadow_key child = { .role = sp->role };
	u8 level = sp->role.level;
	u32 half = sp->role.mode == PAGING_32BIT ? slot % 2 : 0;
	bool large;

	child.role.level = level - 1;
	child.role.quadrant = 0;
	if (sp->role.tableless) {
		child.gfn = sp->gfn + slot * pt_span(level);
		return child;
	}
	large = gpte_is_large(format, gpte, level);
	/* The entry of a large page is a leaf: its parts have its rights. */
	if (large || !sp->carries_rights)
		child.role.access &= gpte_rights(format, gpte);
	child.gfn = gpte_gfn(format, gpte, level);
	if (large) {
		/* Inside a large page there is no table: map it piecemeal. */
		child.role.tableless = true;
		child.role.dirty = !!(gpte & PTE_D);
		child.gfn += half * pt_span(level);
	} else {
		child.role.quadrant = half;
	}
	return child;
}
