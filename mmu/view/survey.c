/* SPDX-License-Identifier: MIT */
#include "lib/string.h"
#include "mmu/page/child.h"
#include "mmu/view/survey.h"
#include "mmu/view/view.h"

static u32 count_parents(const struct mmu *mmu, const struct shadow_page *sp)
{
	u32 count = 0;

	for (u32 id = sp->parents; id != LINK_NONE; id = mmu->links[id].next)
		count++;
	return count;
}

bool mmu_survey_page(const struct mmu_cpu *cpu, u32 *cursor,
		     struct mmu_page_survey *page)
{
	const struct mmu *mmu = cpu->mmu;
	const struct shadow_page *sp;

	*cursor = *cursor == SURVEY_START ? mmu->lru_first
					  : mmu->pages[*cursor].lru_next;
	if (*cursor == LINK_NONE)
		return false;
	sp = &mmu->pages[*cursor];
	*page = (struct mmu_page_survey){
		.number = *cursor,
		.gfn = sp->gfn,
		.role = sp->role,
		.root = sp == cpu->root,
		.open = sp->open,
		.placed = sp->placed,
		.parents = count_parents(mmu, sp),
	};
	for (u32 slot = 0; slot < PT_ENTRIES; slot++)
		page->entries[spte_kind(sp->spt[slot], sp->role.level)]++;
	return true;
}

static enum mmu_write explain_write(const struct mmu *mmu,
				    const struct shadow_page *sp, u32 slot,
				    gfn_t gfn)
{
	u64 spte = sp->spt[slot];

	if (spte & PTE_W)
		return WRITE_GIVEN;
	if (spte_is_held(spte, sp->role.level))
		return WRITE_HELD;
	if (dirty_log_waits(mmu, gfn))
		return WRITE_LOGGED;
	/*
	 * A private page keeps no D of the guest's, and no D is set without the
	 * right to write.
	 */
	if (sp->role.private ||
	    (sp->role.wp && !(sp->role.access & ACCESS_W)) ||
	    (sp->role.wp && !sp->role.tableless &&
	     !(gpte_rights(&sp->format, shadow_gpte(mmu, sp, slot)) & ACCESS_W)))
		return WRITE_DENIED;
	if (sp->role.tableless ? sp->role.dirty
			       : shadow_gpte(mmu, sp, slot) & PTE_D)
		return WRITE_DENIED;
	return WRITE_CLEAN;
}

bool mmu_survey_mapping(const struct mmu *mmu, gfn_t gfn, u32 *cursor,
			struct mmu_mapping *mapping)
{
	const struct shadow_page *sp;
	bool small = true;

	if (gfn >= mmu->config.gfn_count)
		return false;
	if (*cursor == SURVEY_START) {
		*cursor = mmu->frames[gfn].rmap;
	} else {
		small = mmu->pages[*cursor / PT_ENTRIES].role.level == 1;
		*cursor = mmu->links[*cursor].next;
	}
	if (*cursor == LINK_NONE && small)
		*cursor = region_of(mmu, gfn)->rmap;
	if (*cursor == LINK_NONE)
		return false;
	sp = &mmu->pages[*cursor / PT_ENTRIES];
	*mapping = (struct mmu_mapping){
		.page = *cursor / PT_ENTRIES,
		.slot = *cursor % PT_ENTRIES,
		.gfn = sp->gfn,
		.level = sp->role.level,
		.spte = sp->spt[*cursor % PT_ENTRIES],
		.write = explain_write(mmu, sp, *cursor % PT_ENTRIES, gfn),
	};
	return true;
}

bool mmu_survey_is_ram(const struct mmu *mmu, gfn_t gfn)
{
	return mmu_hfn(mmu, gfn) != HFN_NONE;
}

/* Returns the number of bytes from @view's address on with the same answers. */
static u64 bytes_alike(const struct mmu_cpu *cpu, const struct mmu_view *view)
{
	const struct guest_walk *guest = &view->guest;
	u64 size = guest->level == LEVEL_UNPAGED
			   ? 4 * GIB
			   : BIT(gpte_shift(cpu->format.mode, guest->level));

	if (guest->status == WALK_OK && view->shadow_top)
		size = MIN(size, pt_span(view->shadow_level) * PAGE_SIZE);
	return size - (guest->gva & (size - 1));
}

/* Returns @gva, or the end of the hole of 4-level paging if @gva is its start;
   0 at the end of the addresses. */
static gva_t next_address(const struct mmu_cpu *cpu, gva_t gva)
{
	if (cpu->format.mode == PAGING_4LEVEL)
		return gva == BIT(47) ? -BIT(47) : gva;
	return (u32)gva;
}

bool mmu_survey_range(const struct mmu_cpu *cpu, gva_t *gva, u32 *looks,
		      struct mmu_range *range)
{
	struct mmu_view view;
	u64 size;

	memset(range, 0, sizeof(*range));
	for (; *looks; (*looks)--) {
		const struct guest_walk *guest = &view.guest;
		bool mapped;
		u8 access;

		mmu_view(cpu, *gva, &view);
		mapped = guest->status == WALK_OK;
		access = mapped ? guest->access[guest->level] : 0;
		if (range->bytes && (!mapped || access != range->access ||
				     *gva != range->start + range->bytes))
			break;
		size = bytes_alike(cpu, &view);
		if (mapped && !range->bytes) {
			range->start = *gva;
			range->access = access;
		}
		if (mapped)
			range->bytes += size;
		if (mapped && view.shadow_top &&
		    view.kind[view.shadow_level] == SPTE_LEAF)
			range->shadowed += size;
		*gva = next_address(cpu, *gva + size);
		if (!*gva)
			*looks = 1;
	}
	return range->bytes;
}
