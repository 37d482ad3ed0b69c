/* SPDX-License-Identifier: MIT */
/*
 * Large pages: one LEAF maps 2 MiB of the guest's memory. Three conditions must
 * hold. The guest maps the 2 MiB by one entry of its own, or has no paging.
 * They are RAM in one large frame of the host. And no guest table lies in them,
 * since the frame of a table must be write-protected alone. When the guest
 * makes one of the frames a table, the LEAF is split; when the last table has
 * gone, the next fault in the region merges it again (fault.c).
 */
#include "mmu/page/child.h"
#include "mmu/page/link.h"
#include "mmu/page/page.h"
#include "mmu/table/large.h"
#include "mmu/table/leaf.h"

/* Finds out if the region is one large frame of the host. The answer holds
   until a frame moves, or mmu_frames_changed(). */
static void probe(const struct mmu *mmu, struct guest_region *region, gfn_t gfn)
{
	hfn_t first = mmu_hfn(mmu, gfn);

	region->probed = true;
	region->contiguous = first != HFN_NONE && first % LARGE_FRAMES == 0;
	for (u32 i = 1; i < LARGE_FRAMES && region->contiguous; i++)
		region->contiguous = mmu_hfn(mmu, gfn + i) == first + i;
}

bool region_is_mappable(struct mmu *mmu, gfn_t gfn)
{
	struct guest_region *region;

	if (gfn >= mmu->config.gfn_count || mmu->dirty_log_on)
		return false;
	region = region_of(mmu, gfn);
	if (!region->probed)
		probe(mmu, region, ALIGN_DOWN(gfn, LARGE_FRAMES));
	return region->contiguous && !region->shadowed;
}

/*
 * Finds or makes the page of splinters that takes the place of the LEAF at
 * @slot. Returns NULL if shadow pages are scarce, or if the guest's entry has
 * changed, so that its shadow is about to be synced.
 */
static struct shadow_page *
make_splinters(struct mmu *mmu, struct shadow_page *sp, u32 slot, gfn_t gfn)
{
	u64 gpte = sp->role.tableless ? 0 : shadow_gpte(mmu, sp, slot);
	struct shadow_key key = shadow_child(sp, slot, gpte);

	if (sp->role.private || !shadow_pages_to_spare(mmu))
		return NULL;
	if (!sp->role.tableless &&
	    ((gpte & (PTE_P | PTE_A)) != (PTE_P | PTE_A) ||
	     gpte_reserved(&sp->format, gpte, sp->role.level)))
		return NULL;
	if (!key.role.tableless || key.gfn != gfn)
		return NULL;
	return shadow_tableless_get(mmu, key.gfn, key.role);
}

/* Puts filled splinters in place of the LEAF, since each splinter that is not
   filled would fault; or nothing, if there is no page for them. */
static void split(struct mmu *mmu, struct shadow_page *sp, u32 slot)
{
	gfn_t gfn = sp->links[slot].target;
	struct shadow_page *child = make_splinters(mmu, sp, slot, gfn);

	mmu->stats.splits++;
	if (!child) {
		spte_clear(mmu, sp, slot, spte_unfilled(sp, PTE_P));
		return;
	}
	for (u32 i = 0; i < PT_ENTRIES; i++)
		if (spte_kind(child->spt[i], 1) == SPTE_TRAP)
			shadow_fill_leaf(mmu, child, i, gfn + i,
					 child->role.access, child->role.dirty,
					 0);
	child->last_filled = PT_ENTRIES;
	spte_set_table(mmu, sp, slot, child,
		       shadow_table_rights(sp, shadow_gpte(mmu, sp, slot)));
}

void region_split(struct mmu *mmu, gfn_t gfn)
{
	struct guest_region *region = region_of(mmu, gfn);

	while (region->rmap != LINK_NONE)
		split(mmu, &mmu->pages[region->rmap / PT_ENTRIES],
		      region->rmap % PT_ENTRIES);
}

void region_split_all(struct mmu *mmu)
{
	for (gfn_t gfn = 0; gfn < mmu->config.gfn_count; gfn += LARGE_FRAMES)
		region_split(mmu, gfn);
}
