/* SPDX-License-Identifier: MIT */
/*
 * The signs of an address space that the guest takes apart. They lie in the
 * tables around the one that the guest writes: does the root in use lead to it,
 * and does it lead on to another? These functions may err: a shadow that is
 * given up too soon is made again at its next use, and a shadow that stays
 * costs an exit for each write.
 */
#include "mmu/page/child.h"
#include "mmu/page/page.h"
#include "mmu/page/reach.h"

static struct shadow_page *parent_of(const struct mmu *mmu, u32 link)
{
	return &mmu->pages[link / PT_ENTRIES];
}

/* Returns true if the guest's entry @gpte leads to the table @gfn. */
static bool names(u64 gpte, gfn_t gfn)
{
	return (gpte & PTE_P) && (gpte & PTE_ADDR_MASK) >> PAGE_SHIFT == gfn;
}

/* Maximum number of parents that root_names() looks at; page-table isolation
   makes two. */
#define PARENTS_MAX 8

/*
 * Returns true if the root in use leads, or may lead, to @sp, which is one
 * level below. With page-table isolation a process has two roots, and the
 * shadow entry of the root in use may not be filled yet; so the guest's entries
 * of that root decide. This looks at the slots by which other roots name the
 * table, since nearly all kernels use the same slot in each root.
 */
static bool root_names(const struct mmu *mmu, const struct shadow_page *sp)
{
	const struct shadow_page *root = mmu->cpu->root;
	u32 link = sp->parents;

	for (u32 i = 0; i < PARENTS_MAX; i++) {
		if (parent_of(mmu, link) == root ||
		    names(shadow_gpte(mmu, root, link % PT_ENTRIES), sp->gfn))
			return true;
		link = mmu->links[link].next;
		if (link == LINK_NONE)
			return false;
	}
	return true;
}

/* The groups of a root's slots that kernels leave to the process. */
#define PROCESS_GROUPS BITS(31, 0)

/*
 * Returns true if @sp is the other root of the process that runs. Both then
 * name a table for the process; the kernel's tables are named by all roots.
 */
static bool is_twin(const struct mmu *mmu, const struct shadow_page *sp)
{
	for (u64 used = sp->used & PROCESS_GROUPS; used; used &= used - 1) {
		u32 first = first_slot(used);

		for (u32 slot = first; slot < first + SLOTS_A_BIT; slot++) {
			u64 gpte = shadow_gpte(mmu, sp, slot);

			if ((gpte & PTE_P) &&
			    names(shadow_gpte(mmu, mmu->cpu->root, slot),
				  (gpte & PTE_ADDR_MASK) >> PAGE_SHIFT))
				return true;
		}
	}
	return false;
}

static __noinline bool is_elsewhere(const struct mmu *mmu,
				    const struct shadow_page *sp)
{
	const struct shadow_page *root = mmu->cpu->root;

	if (!root || root->role.word != mmu->cpu->role.word)
		return false;
	/* PAE paging has one shadow root, which leads to the space that runs. */
	if (root->role.mode != PAGING_4LEVEL)
		return shadow_page_is_orphan(sp);
	for (;;) {
		if (sp->role.level == PT_LEVELS)
			return !is_twin(mmu, sp);
		if (shadow_page_is_orphan(sp))
			return true;
		if (sp->role.level == PT_LEVELS - 1)
			return !root_names(mmu, sp);
		if (mmu->links[sp->parents].next != LINK_NONE)
			return false;
		sp = parent_of(mmu, sp->parents);
	}
}

bool shadow_is_elsewhere(struct mmu *mmu, const struct shadow_page *sp)
{
	struct shadow_here *here = &mmu->here;

	if (here->sp == sp && here->root == mmu->cpu->root &&
	    here->unlinked == mmu->tables_unlinked)
		return false;
	if (is_elsewhere(mmu, sp))
		return true;
	*here = (struct shadow_here){ .sp = sp,
				      .root = mmu->cpu->root,
				      .unlinked = mmu->tables_unlinked };
	return false;
}

/* Returns true if no entry of the page is TABLE or LEAF. */
static bool leads_nowhere(const struct shadow_page *sp)
{
	for (u64 used = sp->used; used; used &= used - 1) {
		u32 first = first_slot(used);

		for (u32 slot = first; slot < first + SLOTS_A_BIT; slot++)
			if (spte_kind(sp->spt[slot], sp->role.level) >=
			    SPTE_TABLE)
				return false;
	}
	return true;
}

struct shadow_page *shadow_give_up(struct mmu *mmu, struct shadow_page *sp)
{
	struct shadow_page *parent = NULL;

	if (!shadow_page_is_orphan(sp))
		parent = parent_of(mmu, sp->parents);
	mmu_tell(mmu, MMU_EVENT_UNSHADOW, sp->gfn, sp->role.level);
	shadow_page_zap(mmu, sp);
	mmu->stats.unshadowed++;
	return parent;
}

void shadow_give_up_barren(struct mmu *mmu, struct shadow_page *sp)
{
	while (sp && sp->in_use && sp->role.level > 1 &&
	       sp->role.level < top_table_level(sp->role.mode) &&
	       leads_nowhere(sp))
		sp = shadow_give_up(mmu, sp);
}
