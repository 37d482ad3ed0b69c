/* SPDX-License-Identifier: MIT */
/*
 * The guest has written one of its tables: Umbra updates each shadow of it, or
 * gives the shadow up if the guest seems to use the table no more.
 */
#include "mmu/fault/table_write.h"
#include "mmu/page/child.h"
#include "mmu/page/link.h"
#include "mmu/page/page.h"
#include "mmu/page/reach.h"
#include "mmu/table/entry.h"

/* Maximum number of writes in a row, without a use of an entry in between. */
#define WRITES_IN_A_ROW 3

/* Returns true if both roles are for the same state of the processor. */
static bool roles_fit(union shadow_role a, union shadow_role b)
{
	static const union shadow_role state = {
		{ .mode = ~0, .wp = 1, .nxe = 1, .pse = 1, .smep = 1, .smap = 1 }
	};

	return !((a.word ^ b.word) & state.word);
}

/*
 * Returns true if nobody uses the page: no entry names it, so it only costs
 * exits, or it is for another state of the processor.
 */
static bool serves_nobody(const struct mmu *mmu, const struct shadow_page *sp)
{
	return (shadow_page_is_orphan(sp) &&
		sp->role.level < top_table_level(sp->role.mode)) ||
	       (mmu->policy.cheap && !roles_fit(sp->role, mmu->cpu->role));
}

/*
 * Counts a write of the table. Returns true if there are too many in a row: the
 * guest does not use the frame as a table at present. (It copies the table for
 * a fork, takes it apart, or uses the frame as plain memory.) KVM counted the
 * writes between two page faults; but with the bypass no fault exits between
 * the writes of a table in use. The A flag of the entry that was last filled
 * tells: entries have A=0 in the shadow at first, and the processor sets A when
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
 * Returns true if the write from byte @first of @table on has made the guest's
 * 64-bit entry there zero. A write of the upper half alone does not count: a PAE
 * kernel writes an entry in two halves, and the upper one first if it sets P.
 */
static bool is_clear(const struct shadow_page *sp, const void *table, u32 first)
{
	return sp->role.mode != PAGING_32BIT && first % sizeof(u64) == 0 &&
	       !gpte_read(PAGING_4LEVEL, table, first / sizeof(u64));
}

/*
 * Returns true if the guest has given up the table. It has cleared the entry at
 * byte @first, and the shadow has still the former entry. If that was not
 * present, the guest clears the frame for another use. If the table is not of
 * the address space in use, the guest takes its address space apart.
 */
static bool is_given_up(struct mmu *mmu, const struct shadow_page *sp,
			u32 first)
{
	return (sp->bypasses &&
		sp->spt[first / sizeof(u64)] == SPTE_ABSENT_VALUE) ||
	       shadow_is_elsewhere(mmu, sp);
}

/*
 * Returns true if the shadow is to be given up at a write from byte @first on.
 * @cleared: it has cleared the entry there.
 */
static bool stops_use(struct mmu *mmu, struct shadow_page *sp, u32 first,
		      bool cleared)
{
	/* The root in use would be made again at the next entry. */
	return sp != mmu->cpu->root &&
	       ((cleared && is_given_up(mmu, sp, first)) ||
		going_out_of_use(mmu, sp));
}

/* Counts a write of @count entries from byte @first on, and tells it. */
static void tell_writes(struct mmu *mmu, const struct shadow_page *sp,
			u64 first, u32 count)
{
	mmu->stats.table_writes += count;
	mmu_tell(mmu, MMU_EVENT_WRITE, sp->gfn, count | first << 32);
}

/* Updates the entries of @sp for bytes @first to @last of its guest @table. */
static void sync(struct mmu *mmu, struct shadow_page *sp, const void *table,
		 u32 first, u32 last)
{
	const u64 *plain = shadow_plain_table(sp, table);
	u32 end = gpte_number(sp->role.mode, last);
	u32 done = 0;

	/* A misaligned write has changed two entries. */
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
	/* In 32-bit paging a page shadows one part of the table. */
	if (done)
		tell_writes(mmu, sp, first, done);
}

/* If the guest has unlinked a table, it stops using it. */
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
 * The guest has written the whole entry at @slot of a page table, and @sp is its
 * only shadow. Most writes are such. This does the work of entries_written()
 * without its loops. Returns true if the table has no shadow any more.
 */
static __flatten bool
page_entry_written(struct mmu *mmu, struct shadow_page *sp, u32 slot, u64 gpte)
{
	u64 first = slot * sizeof(gpte);
	bool cleared = mmu->policy.cheap && !gpte;

	/* A table that can be opened has counted the write already (open.c). */
	if ((cleared && is_given_up(mmu, sp, first)) ||
	    serves_nobody(mmu, sp) ||
	    (!mmu->policy.open && too_many_writes(sp, false))) {
		give_up_page(mmu, sp, cleared);
		return true;
	}
	if (shadow_sync_page(mmu, sp, slot, gpte))
		sp->writes = 0;
	tell_writes(mmu, sp, first, 1);
	return false;
}

/*
 * The same for an upper table. If that was the last entry in use, the guest
 * takes the table apart. Next it clears the entry that names the table: then
 * nobody uses the shadow.
 */
static bool upper_entry_written(struct mmu *mmu, struct shadow_page *sp,
				u32 slot, u64 gpte)
{
	u64 first = slot * sizeof(gpte);
	bool cleared = mmu->policy.cheap && !gpte;

	if (stops_use(mmu, sp, first, cleared)) {
		give_up_page(mmu, sp, cleared);
		return true;
	}
	if (shadow_sync_entry(mmu, sp, slot, gpte))
		sp->writes = 0;
	tell_writes(mmu, sp, first, 1);
	give_up_unlinked(mmu);
	if (cleared)
		shadow_give_up_barren(mmu, sp);
	return !sp->in_use;
}

/* The same for a write of several entries, or of a table with several shadows. */
static __cold bool entries_written(struct mmu *mmu, gfn_t gfn, u32 first,
				   size_t len)
{
	struct shadow_page *sp, *next, *barren = NULL;
	const void *table;
	bool cleared;

	for (sp = shadow_page_next(mmu, gfn, NULL); sp; sp = next) {
		next = NULL;
		if (mmu->frames[gfn].shadowed > 1)
			next = shadow_page_next(mmu, gfn, sp);
		/* The frame moves if a placed root is given up. */
		table = mmu_map_gfn(mmu, gfn);
		cleared = mmu->policy.cheap && is_clear(sp, table, first);
		if (stops_use(mmu, sp, first, cleared)) {
			shadow_give_up(mmu, sp);
			continue;
		}
		if (cleared)
			barren = sp;
		sync(mmu, sp, table, first, first + len - 1);
	}
	give_up_unlinked(mmu);
	shadow_give_up_barren(mmu, barren);
	return !mmu->frames[gfn].shadowed;
}

bool mmu_entry_written(struct mmu *mmu, gpa_t gpa, u64 gpte)
{
	gfn_t gfn = gpa >> PAGE_SHIFT;
	u32 first = gpa & ~PAGE_MASK, slot = first / sizeof(gpte);
	u32 shadowed = mmu->frames[gfn].shadowed;
	struct shadow_page *sp;

	dirty_log_mark(mmu, gfn);
	if (!shadowed)
		return false;
	if (shadowed == 1) {
		sp = shadow_only_page(mmu, gfn);
		if (sp->words)
			return page_entry_written(mmu, sp, slot, gpte);
		if (sp->role.mode != PAGING_32BIT)
			return upper_entry_written(mmu, sp, slot, gpte);
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
