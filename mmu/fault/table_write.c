/* SPDX-License-Identifier: MIT */
/*
 * The guest has written one of its tables: every shadow of it follows, or is
 * given up when the table looks like going out of use.
 */
#include "mmu/fault/table_write.h"
#include "mmu/page/child.h"
#include "mmu/page/link.h"
#include "mmu/page/page.h"
#include "mmu/page/reach.h"
#include "mmu/table/entry.h"

/* Number of writes in a row, with no use of an entry, until Umbra gives up. */
#define WRITES_IN_A_ROW 3

/* Returns true if both are for the same state of the processor. */
static bool roles_fit(union shadow_role a, union shadow_role b)
{
	static const union shadow_role state = {
		{ .mode = ~0, .wp = 1, .nxe = 1, .pse = 1, .smep = 1, .smap = 1 }
	};

	return !((a.word ^ b.word) & state.word);
}

/*
 * Returns true if the page serves nobody any more: nothing leads to it, so it
 * costs exits alone, or it is of another state of the processor.
 */
static bool serves_nobody(const struct mmu *mmu, const struct shadow_page *sp)
{
	return (shadow_page_is_orphan(sp) &&
		sp->role.level < top_table_level(sp->role.mode)) ||
	       (mmu->policy.cheap && !roles_fit(sp->role, mmu->cpu->role));
}

/*
 * Counts a write of the table. Returns true if there are too many in a row: the
 * guest is no longer using the frame as a table. (It is being copied for a
 * fork, torn down, or is plain memory by now.) KVM counted writes between two
 * page faults; but once faults bypass, nothing exits between the writes of a
 * table that is very much in use. The A flag of the entry that was last filled
 * tells: entries start with A=0 in the shadow, and the processor sets it when
 * the guest uses the page. @opens: the table can be opened (open.c), and need
 * not be given up.
 */
static bool too_many_writes(struct shadow_page *sp, bool opens)
{
	shadow_count_use(sp);
	return !opens && ++sp->writes > WRITES_IN_A_ROW;
}

static bool going_out_of_use(const struct mmu *mmu, struct shadow_page *sp)
{
	bool opens = mmu->policy.open && sp->role.level == 1 &&
		     mmu->frames[sp->gfn].shadowed == 1;

	return serves_nobody(mmu, sp) || too_many_writes(sp, opens);
}

/*
 * Returns true if the write that begins at byte @first of @table has left the
 * guest's entry of 64 bits there zero. The upper half alone tells nothing: a PAE
 * kernel writes an entry in two halves, the upper one first where it sets P.
 */
static bool is_clear(const struct shadow_page *sp, const void *table, u32 first)
{
	return sp->role.mode != PAGING_32BIT && first % sizeof(u64) == 0 &&
	       !gpte_read(PAGING_4LEVEL, table, first / sizeof(u64));
}

/*
 * Returns true if the write at byte @first, which is done but not followed yet
 * and has cleared an entry, tells that the guest has given up the table. It has
 * written zero over an entry that was not present: it clears the frame for
 * another use. Or the entry is of an address space that it is not running on:
 * it takes that apart.
 */
static __noinline bool is_given_up(const struct mmu *mmu,
				   const struct shadow_page *sp, u32 first)
{
	return (sp->bypasses &&
		sp->spt[first / sizeof(u64)] == SPTE_ABSENT_VALUE) ||
	       shadow_is_elsewhere(mmu, sp);
}

/* The entries of @sp follow the bytes first to last of its guest @table. */
static void sync(struct mmu *mmu, struct shadow_page *sp, const void *table,
		 u32 first, u32 last)
{
	const u64 *plain = shadow_plain_table(sp, table);
	u32 end = gpte_number(sp->role.mode, last);
	u32 done = 0;

	/* A write that straddles two entries has changed both. */
	for (u32 index = gpte_number(sp->role.mode, first); index <= end;
	     index++) {
		u32 slot = index, count = 1;

		if (!plain)
			count = shadow_slots(sp, index, &slot);
		for (; count; count--, slot++, done++)
			if (shadow_sync_entry(
				    mmu, sp, slot,
				    shadow_gpte_of(sp, plain, table, slot)))
				sp->writes = 0;
	}
	mmu->stats.table_writes += done;
	/* In 32-bit paging the table's other quadrants have other entries. */
	if (done)
		mmu_tell(mmu, MMU_EVENT_WRITE, sp->gfn,
			 done | (u64)first << 32);
}

/* A page that the guest has unlinked is a table no more, or not for long. */
static void give_up_unlinked(struct mmu *mmu)
{
	while (mmu->unlinked_count) {
		u32 index = mmu->unlinked[--mmu->unlinked_count];
		struct shadow_page *sp = &mmu->pages[index];

		if (!sp->in_use || !shadow_page_is_orphan(sp) ||
		    sp->role.level >= top_table_level(sp->role.mode))
			continue;
		shadow_give_up(mmu, sp);
	}
}

static __noinline void give_up_page(struct mmu *mmu, struct shadow_page *sp,
				    bool cleared)
{
	struct shadow_page *parent = shadow_give_up(mmu, sp);

	if (cleared)
		shadow_give_up_barren(mmu, parent);
}

/*
 * The guest has written the whole entry at @slot of a page table, and @sp is
 * its only shadow. Most writes are such. This does what entries_written() would
 * do, without the loops.
 */
static __flatten bool
page_entry_written(struct mmu *mmu, struct shadow_page *sp, u32 slot, u64 gpte)
{
	u64 first = slot * sizeof(gpte);
	bool cleared = mmu->policy.cheap && !gpte;

	if ((cleared && is_given_up(mmu, sp, first)) ||
	    serves_nobody(mmu, sp) || too_many_writes(sp, mmu->policy.open)) {
		give_up_page(mmu, sp, cleared);
		return true;
	}
	if (shadow_sync_page(mmu, sp, slot, gpte))
		sp->writes = 0;
	mmu->stats.table_writes++;
	mmu_tell(mmu, MMU_EVENT_WRITE, sp->gfn, 1 | first << 32);
	return false;
}

/* The write may hit several entries, of a table that has several shadows. */
static __cold bool entries_written(struct mmu *mmu, gfn_t gfn, u32 first,
				   size_t len)
{
	struct shadow_page *sp, *next, *parent, *barren = NULL;
	const void *table;
	bool cleared;

	for (sp = shadow_page_next(mmu, gfn, NULL); sp; sp = next) {
		next = NULL;
		if (mmu->frames[gfn].shadowed > 1)
			next = shadow_page_next(mmu, gfn, sp);
		/* To give up a placed root moves the frame. */
		table = mmu_map_gfn(mmu, gfn);
		cleared = mmu->policy.cheap && is_clear(sp, table, first);
		/* The root in use would be made again at once. */
		if (sp != mmu->cpu->root &&
		    ((cleared && is_given_up(mmu, sp, first)) ||
		     going_out_of_use(mmu, sp))) {
			parent = shadow_give_up(mmu, sp);
			if (cleared)
				barren = parent;
			continue;
		}
		if (cleared)
			barren = sp;
		sync(mmu, sp, table, first, first + len - 1);
	}
	give_up_unlinked(mmu);
	/*
	 * If that was the last entry in use, the guest takes the table apart,
	 * and next the entry that names it: then the shadow serves nobody.
	 */
	shadow_give_up_barren(mmu, barren);
	return !mmu->frames[gfn].shadowed;
}

bool mmu_entry_written(struct mmu *mmu, gpa_t gpa, u64 gpte)
{
	gfn_t gfn = gpa >> PAGE_SHIFT;
	u32 first = gpa & ~PAGE_MASK, shadowed = mmu->frames[gfn].shadowed;
	struct shadow_page *sp;

	dirty_log_mark(mmu, gfn);
	if (!shadowed)
		return false;
	if (shadowed == 1) {
		sp = shadow_only_page(mmu, gfn);
		if (sp->role.level == 1 && sp->role.mode != PAGING_32BIT)
			return page_entry_written(mmu, sp, first / sizeof(gpte),
						  gpte);
	}
	return entries_written(mmu, gfn, first, sizeof(gpte));
}

bool mmu_written(struct mmu *mmu, gpa_t gpa, size_t len)
{
	gfn_t gfn = gpa >> PAGE_SHIFT;
	u32 first = gpa & ~PAGE_MASK;

	if (len == sizeof(u64) && first % sizeof(u64) == 0)
		return mmu_entry_written(mmu, gpa,
					 gpte_read(PAGING_4LEVEL,
						   mmu_map_gfn(mmu, gfn),
						   first / sizeof(u64)));
	dirty_log_mark(mmu, gfn);
	if (!mmu->frames[gfn].shadowed)
		return false;
	return entries_written(mmu, gfn, first, len);
}

bool mmu_unshadow(struct mmu_cpu *cpu, gfn_t gfn)
{
	struct mmu *mmu = cpu->mmu;
	struct shadow_page *sp;
	bool any = false;

	while ((sp = shadow_page_next(mmu, gfn, NULL))) {
		shadow_give_up(mmu, sp);
		any = true;
	}
	return any;
}
