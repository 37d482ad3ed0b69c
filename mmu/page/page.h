/* SPDX-License-Identifier: MIT */
/* The pool of shadow pages; see page.c. */
#ifndef MMU_PAGE_H
#define MMU_PAGE_H

#include "mmu/shadow.h"

/*
 * Gives up shadow pages, the one asked for longest ago first, until @count are
 * free. May give up the root: then mmu_cpu.root is NULL.
 */
void shadow_make_room(struct mmu *mmu, u32 count);
/* Returns true if more pages are free than one fault may need. */
bool shadow_pages_to_spare(const struct mmu *mmu);

/* Returns the head of the list of pages that has those of guest frame @gfn. */
static inline u32 *shadow_bucket(const struct mmu *mmu, gfn_t gfn)
{
	/* Fibonacci hashing (Knuth, TAOCP vol. 3, 6.4): neighbours spread. */
	return &mmu->hash[(u32)((gfn * 0x9e3779b97f4a7c15ULL) >> 32) &
			  mmu->hash_mask];
}

/*
 * Marks the page as the one asked for last. The list is in the order of epochs.
 * Pages that were asked for in the same one are in no order: so most calls, for
 * a page that was asked for just before, change nothing.
 */
void shadow_page_reorder(struct mmu *mmu, struct shadow_page *sp);
static inline void shadow_page_touch(struct mmu *mmu, struct shadow_page *sp)
{
	if (sp->epoch != mmu->epoch)
		shadow_page_reorder(mmu, sp);
}

/*
 * Returns the page of guest frame @gfn and @role, and marks it as the one asked
 * for last; or NULL if there is none. Each load of CR3 looks for its root.
 */
static inline struct shadow_page *shadow_page_find(struct mmu *mmu, gfn_t gfn,
						   union shadow_role role)
{
	u32 i = *shadow_bucket(mmu, gfn);

	for (; i != LINK_NONE; i = mmu->pages[i].hash_next) {
		struct shadow_page *sp = &mmu->pages[i];

		if (sp->gfn != gfn || sp->role.word != role.word)
			continue;
		shadow_page_touch(mmu, sp);
		return sp;
	}
	return NULL;
}

/*
 * Takes a page from the pool, which must not be empty, for @gfn and @role. Its
 * entries are undefined, and it is on no parent.
 */
struct shadow_page *shadow_page_new(struct mmu *mmu, gfn_t gfn,
				    union shadow_role role);
/*
 * Finds or makes a page that has no guest table behind it. The entries of a new
 * one are TRAP. The pool must not be empty.
 */
struct shadow_page *shadow_tableless_get(struct mmu *mmu, gfn_t gfn,
					 union shadow_role role);
/*
 * Returns the next page after @sp that shadows the guest table @gfn, or NULL;
 * @sp is NULL for the first one.
 */
struct shadow_page *shadow_page_next(struct mmu *mmu, gfn_t gfn,
				     const struct shadow_page *sp);

/*
 * Returns the only page of the table @gfn, whose frame's count of shadows must
 * be 1. The page is closed, since an open one is given up when the table gets
 * another page. Most writes hit the same table as the write before them, so the
 * page is remembered in mmu->written.
 */
static inline struct shadow_page *shadow_only_page(struct mmu *mmu, gfn_t gfn)
{
	struct shadow_page *sp = mmu->written;

	if (sp->gfn != gfn || !sp->in_use || sp->role.tableless)
		sp = mmu->written = shadow_page_next(mmu, gfn, NULL);
	return sp;
}

/* Takes the page off every parent: each entry that leads to it becomes TRAP.
   Flushes (invariant 6). */
void shadow_unlink_parents(struct mmu *mmu, struct shadow_page *sp);
/* Puts copy number @copy of an open table on the list of free copies. */
void shadow_free_copy(struct mmu *mmu, u32 copy);
/*
 * Gives up the page: unlinks it from its parents, takes its entries off their
 * lists, gives the guest's table back to the guest, flushes, and frees the page.
 */
void shadow_page_zap(struct mmu *mmu, struct shadow_page *sp);
void shadow_zap_all(struct mmu *mmu);
/* Forgets all that the pages map, which must all be private and of one role. */
void shadow_flush_private(struct mmu *mmu);

#endif
