/* SPDX-License-Identifier: MIT */
/*
 * The shadow of a guest table: the table is write-protected, then every entry
 * of it is sorted into ABSENT and TRAP. From then on the shadow is kept true.
 */
#include "mmu/table/table.h"
#include "mmu/page/link.h"
#include "mmu/page/page.h"
#include "mmu/table/entry.h"
#include "mmu/table/group.h"
#include "mmu/table/large.h"

/* Write-protects the guest table before Umbra reads it (invariant 1). */
static void protect_table(struct mmu *mmu, gfn_t gfn)
{
	if (!mmu_map_gfn(mmu, gfn) || mmu->frames[gfn].shadowed++)
		return;
	region_of(mmu, gfn)->shadowed++;
	if (region_of(mmu, gfn)->rmap != LINK_NONE)
		region_split(mmu, gfn);
	frame_hold_write(mmu, gfn);
	/*
	 * Even where no entry had W: one that was taken down without a flush
	 * may still be in the TLB, writable (invariants 1 and 6).
	 */
	mmu_flush(mmu);
}

/*
 * Returns the guest's entries for the eight slots from @first on: in place if
 * each of the guest's entries has one slot, else in @copy.
 */
static const u64 *group_at(const struct shadow_page *sp, const u64 *plain,
			   const void *table, u32 first, u64 *copy)
{
	if (plain)
		return plain + first;
	for (u32 i = 0; i < SLOTS_A_BIT; i++)
		copy[i] = shadow_gpte_elsewhere(sp, table, first + i);
	return copy;
}

/*
 * Returns true if the shadow of the table @gfn, of @count, may be linked ahead
 * of its use. From the rung `cheap` on the shadow must exist and be closed:
 * most tables that a new root names have no shadow, and need none.
 */
static bool may_link(const struct guest_frame *frames, gfn_t count, bool cheap,
		     gfn_t gfn)
{
	return !cheap || (gfn < count && frames[gfn].shadowed);
}

/* Links the entry @gpte, which has P and A, of a page that bypasses. */
static bool link_ahead(struct mmu *mmu, struct shadow_page *sp, u32 slot,
		       u64 gpte)
{
	struct shadow_page *child;
	struct shadow_key key;

	if (gpte_is_large(&sp->format, gpte, sp->role.level) ||
	    gpte_reserved(&sp->format, gpte, sp->role.level) ||
	    !shadow_pages_to_spare(mmu))
		return false;
	key = shadow_child(sp, slot, gpte);
	if (!mmu_map_gfn(mmu, key.gfn))
		return false;
	child = mmu->policy.cheap ? shadow_page_find(mmu, key.gfn, key.role)
				  : shadow_table_get(mmu, key.gfn, key.role);
	/* An open table is closed at its use, and this is not yet a use. */
	if (!child || child->open)
		return false;
	spte_set_table(mmu, sp, slot, child, shadow_table_rights(sp, gpte));
	return true;
}

bool shadow_link_ahead(struct mmu *mmu, struct shadow_page *sp, u32 slot,
		       u64 gpte)
{
	return sp->role.level > 1 && sp->bypasses &&
	       may_link(mmu->frames, mmu->config.gfn_count, mmu->policy.cheap,
			(gpte & PTE_ADDR_MASK) >> PAGE_SHIFT) &&
	       link_ahead(mmu, sp, slot, gpte);
}

/*
 * Umbra looks through every new table, so the loop is short. It goes from the
 * end to the beginning, so that the first group becomes bit 0.
 */
u64 table_present_groups(const u64 *table)
{
	const u64 *e = table + PT_ENTRIES;
	u64 groups = 0, all;

#pragma GCC unroll 4
	while (e != table) {
		e -= SLOTS_A_BIT;
		all = e[0] | e[1] | e[2] | e[3] | e[4] | e[5] | e[6] | e[7];
		groups = 2 * groups + (all & PTE_P);
	}
	return groups;
}

/* Returns true if entries of @sp are prepared; see prepare_group(). */
static bool prepares_entries(const struct mmu *mmu,
			     const struct shadow_page *sp)
{
	return (sp->role.level > 1 && sp->bypasses) ||
	       (mmu->policy.prefill && sp->role.level <= LARGE_LEVEL);
}

/*
 * The guest has used some of the eight entries from slot @first on, which are
 * above level 1 (invariant 3: A is set). Links the tables that these name ahead
 * of their use, or fills an entry with the large page that it maps. The
 * kernel's root names some 70 tables, and nearly all have no shadow: the loop
 * is short for these.
 */
static void prepare_group(struct mmu *mmu, struct shadow_page *sp, u32 first,
			  const u64 *gptes)
{
	bool fills = mmu->policy.prefill && sp->role.level == LARGE_LEVEL;
	const struct guest_frame *frames = mmu->frames;
	gfn_t count = mmu->config.gfn_count;
	bool cheap = mmu->policy.cheap, links = sp->bypasses;

	for (u32 i = 0; i < SLOTS_A_BIT; i++) {
		u64 gpte = gptes[i];
		gfn_t gfn = (gpte & PTE_ADDR_MASK) >> PAGE_SHIFT;

		if ((gpte & (PTE_P | PTE_A)) != (PTE_P | PTE_A))
			continue;
		if (links && may_link(frames, count, cheap, gfn) &&
		    link_ahead(mmu, sp, first + i, gpte))
			continue;
		if (fills)
			shadow_prefill(mmu, sp, first + i, gpte);
	}
}

/*
 * Sorts the whole guest table into ABSENT and TRAP, at any level, and prepares
 * the entries that the guest has used: links the next tables, if that saves the
 * guest's faults an exit, and fills the entries that map memory.
 * The frame is write-protected already, so no entry can change unseen between
 * this look at it and the first use of its shadow (invariant 1). Most of a
 * table is empty: a group of eight shadow entries that is zero and is to be
 * zero is left alone.
 */
static void classify(struct mmu *mmu, struct shadow_page *sp)
{
	const void *table = mmu_map_gfn(mmu, sp->gfn);
	const u64 *plain = shadow_plain_table(sp, table);
	u64 used = prepares_entries(mmu, sp) && table ? PTE_A : 0;
	bool bypasses = spte_unfilled(sp, 0) == SPTE_ABSENT_VALUE;
	u64 copy[SLOTS_A_BIT], groups = ~0ULL;

	if (plain && bypasses)
		groups = table_present_groups(plain);
	for (u64 left = groups | sp->nonzero; left; left &= left - 1) {
		u32 first = first_slot(left);
		const u64 *gptes = group_at(sp, plain, table, first, copy);
		u64 *spt = sp->spt + first, all = 0;

#pragma GCC unroll 8
		for (u32 i = 0; i < SLOTS_A_BIT; i++) {
			spt[i] = spte_unfilled(sp, gptes[i]);
			all |= gptes[i];
		}
		if (bypasses && !(all & PTE_P))
			groups &= ~BIT(first / SLOTS_A_BIT);
		if (!(all & used))
			continue;
		if (sp->role.level == 1)
			shadow_prefill_group(mmu, sp, first, gptes);
		else
			prepare_group(mmu, sp, first, gptes);
	}
	sp->nonzero = groups;
	/* The guest has not used these entries yet, so none of them tells
	   whether it uses the table. */
	sp->last_filled = PT_ENTRIES;
}

/* Gives up the open shadow of @gfn: a frame that is two tables stays closed. */
static void give_up_open(struct mmu *mmu, gfn_t gfn)
{
	struct shadow_page *sp = shadow_page_next(mmu, gfn, NULL);

	if (sp && sp->open)
		shadow_page_zap(mmu, sp);
}

static __noinline struct shadow_page *make_shadow(struct mmu *mmu, gfn_t gfn,
						  union shadow_role role)
{
	struct shadow_page *sp;

	give_up_open(mmu, gfn);
	sp = shadow_page_new(mmu, gfn, role);
	protect_table(mmu, gfn);
	classify(mmu, sp);
	return sp;
}

struct shadow_page *shadow_table_get(struct mmu *mmu, gfn_t gfn,
				     union shadow_role role)
{
	struct shadow_page *sp;

	if (role.tableless)
		return shadow_tableless_get(mmu, gfn, role);
	sp = shadow_page_find(mmu, gfn, role);
	return sp ? sp : make_shadow(mmu, gfn, role);
}
