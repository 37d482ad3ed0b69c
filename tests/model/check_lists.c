/* SPDX-License-Identifier: MIT */
/* The lists and counts of the shadow MMU, checked from the outside. */
#include "tests/model/model.h"

/*
 * Checks that every entry of a list is of this level and kind, and has the
 * target; returns their number.
 */
static u32 check_list(struct model *m, u32 head, u32 target, int level,
		      enum spte_kind kind)
{
	u32 prev = LINK_NONE, count = 0;

	for (u32 id = head; id != LINK_NONE; id = m->mmu->links[id].next) {
		const struct shadow_page *sp = &m->mmu->pages[id / PT_ENTRIES];
		const struct spte_link *link = &m->mmu->links[id];

		if (!sp->in_use || link->prev != prev ||
		    link->target != target ||
		    (kind == SPTE_LEAF && sp->role.level != level) ||
		    spte_kind(sp->spt[id % PT_ENTRIES], sp->role.level) != kind)
			model_fail(m, "list of %s %#x: entry %u is wrong",
				   kind == SPTE_LEAF ? "frame" : "page", target,
				   id);
		prev = id;
		count++;
	}
	return count;
}

/*
 * Counts the shadow pages of each frame as a table: closed ones, and open ones.
 */
static void count_shadows(const struct model *m, u16 *shadows, u16 *open)
{
	for (u32 i = 0; i < m->config.shadow_pages; i++) {
		const struct shadow_page *sp = &m->mmu->pages[i];

		if (!sp->in_use || sp->role.tableless ||
		    sp->gfn >= WORLD_GFN_COUNT)
			continue;
		if (sp->open)
			open[sp->gfn]++;
		else
			shadows[sp->gfn]++;
	}
}

static u32 check_frames(struct model *m)
{
	u16 shadows[WORLD_GFN_COUNT] = { 0 }, open[WORLD_GFN_COUNT] = { 0 };
	u16 shadowed[(WORLD_GFN_COUNT + 511) / 512] = { 0 };
	u32 listed = 0;

	count_shadows(m, shadows, open);
	for (gfn_t gfn = 0; gfn < WORLD_GFN_COUNT; gfn++) {
		const struct guest_frame *frame = &m->mmu->frames[gfn];

		if (world_frame(gfn) < 0)
			shadows[gfn] = 0;
		if (frame->shadowed != shadows[gfn])
			model_fail(m, "frame %#lx: shadowed %u, not %u", gfn,
				   frame->shadowed, shadows[gfn]);
		/* An open table counts in its region: no large leaf there. */
		if (open[gfn] > 1 || (open[gfn] && shadows[gfn]))
			model_fail(m, "frame %#lx: open, and another", gfn);
		shadowed[gfn / 512] += frame->shadowed || open[gfn];
		listed += check_list(m, frame->rmap, gfn, 1, SPTE_LEAF);
	}
	for (u32 i = 0; i < ARRAY_SIZE(shadowed); i++) {
		const struct guest_region *region = &m->mmu->regions[i];

		if (region->shadowed != shadowed[i])
			model_fail(m, "region %u: %u tables, not %u", i,
				   region->shadowed, shadowed[i]);
		if (region->shadowed && region->rmap != LINK_NONE)
			model_fail(m, "region %u has tables and a LEAF", i);
		listed += check_list(m, region->rmap, 512 * i, 2, SPTE_LEAF);
	}
	return listed;
}

static void check_pool(struct model *m)
{
	u32 used = 0, unused = 0, prev = LINK_NONE;

	for (u32 i = m->mmu->lru_first; i != LINK_NONE;
	     i = m->mmu->pages[i].lru_next) {
		if (!m->mmu->pages[i].in_use ||
		    m->mmu->pages[i].lru_prev != prev)
			model_fail(m, "LRU list: page %u is wrong", i);
		prev = i;
		used++;
	}
	if (m->mmu->lru_last != prev)
		model_fail(m, "LRU list: its end is wrong");
	for (u32 i = m->mmu->free; i != LINK_NONE;
	     i = m->mmu->pages[i].hash_next) {
		if (m->mmu->pages[i].in_use)
			model_fail(m, "free list: page %u is in use", i);
		unused++;
	}
	if (used != m->mmu->stats.pages_in_use ||
	    unused != m->mmu->free_count ||
	    used + unused != m->config.shadow_pages)
		model_fail(m, "%u pages in use, %u free, of %u", used, unused,
			   m->config.shadow_pages);
}

/* The copy of a table is in use if the table is open; otherwise it is free. */
static void check_copies(struct model *m)
{
	u32 copies = 0;

	for (u32 i = 0; i < m->config.shadow_pages; i++)
		copies += m->mmu->pages[i].in_use && m->mmu->pages[i].open;
	for (u32 i = m->mmu->copy_free;
	     i != LINK_NONE && copies <= m->mmu->copy_count;
	     i = (u32)m->mmu->copies[(u64)i * PT_ENTRIES])
		copies++;
	if (copies != m->mmu->copy_count)
		model_fail(m, "%u copies, of %u", copies, m->mmu->copy_count);
}

void model_check_lists(struct model *m, u32 entries)
{
	u32 listed = 0;

	for (u32 i = 0; i < m->config.shadow_pages; i++)
		if (m->mmu->pages[i].in_use)
			listed += check_list(m, m->mmu->pages[i].parents, i, 0,
					     SPTE_TABLE);
	listed += check_frames(m);
	if (listed != entries)
		model_fail(m, "%u entries, but %u on lists", entries, listed);
	check_pool(m);
	check_copies(m);
}
