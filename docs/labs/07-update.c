/* SPDX-License-Identifier: MIT */
/* The skeleton of lab 7. `make lab N=7` puts it into the tree. */

/* In mmu/table/entry.c, without still_linked: */

bool shadow_sync_entry(struct mmu *mmu, struct shadow_page *sp, u32 slot,
		       u64 gpte)
{
	/* Lab 7: this takes the entry down at each write. */
	note_unlinked(mmu, sp, slot);
	spte_clear(mmu, sp, slot, spte_unfilled(sp, gpte));
	return false;
}
