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
/*
 * Returns the page of guest frame @gfn and @role, and marks it as the one asked
 * for last; or NULL if there is none.
 */
struct shadow_page *shadow_page_find(struct mmu *mmu, gfn_t gfn,
				     union shadow_role role);
/* Marks the page as the one asked for last. */
void shadow_page_touch(struct mmu *mmu, struct shadow_page *sp);
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
