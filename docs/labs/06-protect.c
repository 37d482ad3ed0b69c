/* SPDX-License-Identifier: MIT */
/* The skeleton of lab 6. `make lab N=6` puts it into the tree. */

/* In mmu/page/link.c: */

void frame_hold_write(struct mmu *mmu, gfn_t gfn)
{
	/* Lab 6, step 1: all entries on the frame's list lose W. */
}

/* In mmu/table/table.c: */

static void protect_table(struct mmu *mmu, gfn_t gfn)
{
	if (!mmu_map_gfn(mmu, gfn) || mmu->frames[gfn].shadowed++)
		return;
	region_of(mmu, gfn)->shadowed++;
	region_split(mmu, gfn);
	/* Lab 6, step 2: from here on no write to the frame is unseen. */
}

/* In mmu/fault/table_write.c: */

static void sync(struct mmu *mmu, struct shadow_page *sp, const void *table,
		 u32 first, u32 last)
{
	/* Lab 6, step 3: shadow_sync_entry() for each entry that has changed. */
}

bool mmu_unshadow(struct mmu_cpu *cpu, gfn_t gfn)
{
	/* Lab 6, step 4: give up all shadows of the frame. */
	return false;
}
