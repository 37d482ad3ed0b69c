/* SPDX-License-Identifier: MIT */
/* The skeleton of lab 7. `make lab N=7` puts it into the tree. */

/* In mmu/table/entry.c, without still_linked, fill_used_page: */

__flatten bool shadow_sync_page(struct mmu *mmu, struct shadow_page *sp,
				u32 slot, u64 gpte)
{
	/* Lab 7: this takes the entry down at each write; so does the next. */
	spte_clear_page(mmu, sp, slot, spte_unfilled(sp, gpte));
	return false;
}

bool shadow_sync_entry(struct mmu *mmu, struct shadow_page *sp, u32 slot,
		       u64 gpte)
{
	if (sp->role.level == 1)
		return shadow_sync_page(mmu, sp, slot, gpte);
	note_unlinked(mmu, sp, slot);
	spte_clear(mmu, sp, slot, spte_unfilled(sp, gpte));
	return false;
}
