/* SPDX-License-Identifier: MIT */
/* The skeleton of lab 9. `make lab N=9` puts it into the tree. */

/* In mmu/table/entry.c, without page_beside, part_beside: */

void shadow_prefetch(struct mmu *mmu, struct shadow_page *sp,
		     const struct guest_walk *walk)
{
	/* Lab 9: fill the neighbours of the entry that has faulted. */
}
