/* SPDX-License-Identifier: MIT */
/*
 * Open tables. A kernel that forks, maps or unmaps writes many entries of a
 * page table in a row, and uses none of them meanwhile. If Umbra emulated them,
 * each write would cost an exit. So the table is opened: its shadow is taken
 * off every parent, its content is copied, and the guest may write it itself.
 * When the guest first uses an address that the table translates, the processor
 * meets a TRAP in the entry above and exits. Then the table is closed: it is
 * write-protected and compared with the copy, the shadow of each entry that has
 * changed is made true again, and the table is linked.
 *
 * An open table can't lie about absence (invariant 1), since nothing leads to
 * its shadow. So open tables and the bypass can be used together.
 */
#include "lib/string.h"
#include "mmu/page/child.h"
#include "mmu/page/link.h"
#include "mmu/page/page.h"
#include "mmu/page/reach.h"
#include "mmu/table/entry.h"
#include "mmu/table/group.h"
#include "mmu/table/open.h"
#include "mmu/table/table.h"

/* Minimum number of changes at its last closing for which a table is opened at
   its next write. */
#define CHANGES_OF_A_BURST 3

/* Returns the copy of the open table's content. */
static u64 *copy_of(const struct mmu *mmu, const struct shadow_page *sp)
{
	return mmu->copies + (u64)sp->copy * PT_ENTRIES;
}

/* Gives up the open table that was asked for longest ago: its copy is free. */
static void free_oldest_copy(struct mmu *mmu)
{
	for (u32 i = mmu->lru_last; i != LINK_NONE; i = mmu->pages[i].lru_prev)
		if (mmu->pages[i].open)
			return shadow_page_zap(mmu, &mmu->pages[i]);
}

/*
 * The order is that of invariant 6: first the shadow comes off every parent, and
 * there is a flush. The guest may write the table from the next VM entry on.
 */
static void open_table(struct mmu *mmu, struct shadow_page *sp)
{
	u64 *copy;

	if (mmu->copy_free == LINK_NONE)
		free_oldest_copy(mmu);
	shadow_unlink_parents(mmu, sp);
	sp->copy = mmu->copy_free;
	copy = copy_of(mmu, sp);
	mmu->copy_free = (u32)copy[0];
	memcpy(copy, mmu_map_gfn(mmu, sp->gfn), PAGE_SIZE);
	sp->open = true;
	mmu->frames[sp->gfn].shadowed = 0;
	frame_give_write(mmu, sp->gfn);
	mmu->stats.opened++;
	mmu_tell(mmu, MMU_EVENT_OPEN, sp->gfn, 0);
}

/*
 * Returns true if the guest has written the table that was opened last up to
 * its end. If it writes the first entry of another table now, the burst goes on
 * there: a fork or an unmapping of many pages takes one table after the other.
 */
static bool burst_has_reached_end(struct mmu *mmu)
{
	const struct shadow_page *sp = &mmu->pages[mmu->opened];
	const u64 *table, *copy;

	if (!sp->open)
		return false;
	table = mmu_map_gfn(mmu, sp->gfn);
	copy = copy_of(mmu, sp);
	return table[PT_ENTRIES - 1] != copy[PT_ENTRIES - 1];
}

/*
 * Returns true if the write of @slot looks like one of a burst: the second in a
 * row, to another entry, with nothing used in between; or any write of a table
 * that has had a burst; or the first of a burst that comes from another table.
 *
 * The rule of progress: if the last closing found no change, this write opens
 * nothing. The instruction, its stack or another operand may need the very
 * table; it would be closed again before the write, for ever. That a burst
 * comes from another table can't be said of the same write for ever: each
 * opening takes a new copy, so the end of the table opened last would have to
 * be written again, by an instruction that does not get on.
 */
static bool is_burst(struct mmu *mmu, struct shadow_page *sp, u32 slot)
{
	bool used = shadow_count_use(sp);
	u16 last = sp->last_written;

	if (slot == 0 && burst_has_reached_end(mmu))
		return true;
	if (sp->idle) {
		sp->idle = false;
		return false;
	}
	if (sp->changes >= CHANGES_OF_A_BURST)
		return true;
	sp->last_written = slot;
	return last != PT_ENTRIES && last != slot && !used;
}

/*
 * Few tables of an address space that does not run are used again. An orphan
 * tells nothing: its parent may have been given up alone. A burst comes from
 * the table that was opened last only once, so this one takes its place (a free
 * page is not open).
 */
static __noinline bool open_or_give_up(struct mmu *mmu, struct shadow_page *sp)
{
	mmu->opened = sp->number;
	if (!shadow_page_is_orphan(sp) && shadow_is_elsewhere(mmu, sp))
		shadow_give_up_barren(mmu, shadow_give_up(mmu, sp));
	else
		open_table(mmu, sp);
	return true;
}

bool table_open_for(struct mmu *mmu, gpa_t gpa)
{
	gfn_t gfn = gpa >> PAGE_SHIFT;
	u32 slot = (gpa & ~PAGE_MASK) / sizeof(u64);
	struct shadow_page *sp;

	/* A frame that is several tables at once stays closed. */
	if (!mmu->policy.open || mmu->frames[gfn].shadowed != 1)
		return false;
	sp = shadow_only_page(mmu, gfn);
	if (!sp->words) {
		if (sp->role.level != 1)
			return false;
		slot = gpte_number(sp->role.mode, gpa & ~PAGE_MASK);
	}
	return is_burst(mmu, sp, slot) && open_or_give_up(mmu, sp);
}

/* Returns true if one of eight words of a table differs from its copy. */
static bool group_differs(const u64 *a, const u64 *b)
{
	return (a[0] ^ b[0]) | (a[1] ^ b[1]) | (a[2] ^ b[2]) | (a[3] ^ b[3]) |
	       (a[4] ^ b[4]) | (a[5] ^ b[5]) | (a[6] ^ b[6]) | (a[7] ^ b[7]);
}

/* Syncs the slots of entry @index of a 32-bit table, if the entry has changed.
   Returns the number of these slots. */
static u32 mend(struct mmu *mmu, struct shadow_page *sp, const void *table,
		const void *copy, u32 index)
{
	u32 slot, count;

	if (gpte_read(PAGING_32BIT, table, index) ==
	    gpte_read(PAGING_32BIT, copy, index))
		return 0;
	count = shadow_slots(sp, index, &slot);
	for (u32 i = 0; i < count; i++)
		shadow_sync_entry(mmu, sp, slot + i,
				  shadow_gpte_in(sp, table, slot + i));
	return count;
}

/* The same for the sixteen entries of eight words from word @first on. */
static u32 mend_group(struct mmu *mmu, struct shadow_page *sp, const u64 *table,
		      const u64 *copy, u32 first)
{
	u32 changes = 0;

	for (u32 index = 2 * first; index < 2 * (first + SLOTS_A_BIT); index++)
		changes += mend(mmu, sp, table, copy, index);
	return changes;
}

/* Invariant 6: protect, flush, and only then compare. */
void table_close(struct mmu *mmu, struct shadow_page *sp)
{
	const u64 *copy = copy_of(mmu, sp);
	const u64 *table = mmu_map_gfn(mmu, sp->gfn);
	bool plain = shadow_plain_table(sp, table);
	u64 groups = ~0ULL;
	u32 changes = 0;

	mmu->frames[sp->gfn].shadowed = 1;
	frame_hold_write(mmu, sp->gfn);
	mmu_flush(mmu);
	sp->open = false;
	/*
	 * A group of the shadow that is all ABSENT is right if no entry of the
	 * guest's group is present. This is cheaper to find out than to compare
	 * the group with the copy.
	 */
	if (~sp->nonzero && plain)
		groups = sp->nonzero | table_present_groups(table);
	for (; groups; groups &= groups - 1) {
		u32 i = first_slot(groups);

		if (!group_differs(table + i, copy + i))
			continue;
		if (plain)
			changes += shadow_mend_group(mmu, sp, i, table + i,
						     copy + i);
		else
			changes += mend_group(mmu, sp, table, copy, i);
	}
	shadow_free_copy(mmu, sp->copy);
	sp->changes = changes;
	sp->idle = changes == 0;
	sp->last_written = PT_ENTRIES;
	sp->last_filled = PT_ENTRIES;
	mmu->stats.closed++;
	mmu->stats.mended += changes;
	mmu_tell(mmu, MMU_EVENT_CLOSE, sp->gfn, changes);
}
