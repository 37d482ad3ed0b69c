/* SPDX-License-Identifier: MIT */
/* The pool of shadow pages; see page.c. */
#ifndef MMU_PAGE_H
#define MMU_PAGE_H

#include "mmu/shadow.h"

/* Free shadow pages until @count can be made. */
void shadow_make_room(struct mmu *mmu, u32 count);
/* Returns true if there are more than those that a fault may need. */
bool shadow_pages_to_spare(const struct mmu *mmu);
/* The page of this key, now the most recent one; NULL: there is none. */
struct shadow_page *shadow_page_find(struct mmu *mmu, gfn_t gfn,
				     union shadow_role role);
/* The page has been asked for: it is the most recent one. */
void shadow_page_touch(struct mmu *mmu, struct shadow_page *sp);
/* A new page from the pool, which is not empty. Its entries are undefined. */
struct shadow_page *shadow_page_new(struct mmu *mmu, gfn_t gfn,
				    union shadow_role role);
/* Find or make a page with no guest table behind: its entries are unfilled. */
struct shadow_page *shadow_tableless_get(struct mmu *mmu, gfn_t gfn,
					 union shadow_role role);
/* The next page after @sp (first: NULL) made of @gfn as a table. */
struct shadow_page *shadow_page_next(struct mmu *mmu, gfn_t gfn,
				     const struct shadow_page *sp);

/*
 * The only page of the table @gfn: its frame's count of shadows is 1. The page
 * is closed, since an open one is given up when the table gets another page.
 * Most writes hit the same table as the write before, so its page is kept.
 */
static inline struct shadow_page *shadow_only_page(struct mmu *mmu, gfn_t gfn)
{
	struct shadow_page *sp = mmu->written;

	if (sp->gfn != gfn || !sp->in_use || sp->role.tableless)
		sp = mmu->written = shadow_page_next(mmu, gfn, NULL);
	return sp;
}

/* Take it off every parent: what leads to it becomes TRAP. Flushes. */
void shadow_unlink_parents(struct mmu *mmu, struct shadow_page *sp);
/* The copy of an open table is of no more use. */
void shadow_free_copy(struct mmu *mmu, u32 copy);
/* Give up the page: it is off its parents, and free. */
void shadow_page_zap(struct mmu *mmu, struct shadow_page *sp);
void shadow_zap_all(struct mmu *mmu);
/* All pages are private, of one role: forget what they map. */
void shadow_flush_private(struct mmu *mmu);

#endif
