/* SPDX-License-Identifier: MIT */
/*
 * The pool of shadow pages. A page is found by (gfn, role), made when there is
 * none, and given up when the pool runs dry or the guest no longer uses the
 * table.
 */
#include "mmu/filter.h"
#include "mmu/page/page.h"
#include "mmu/page/link.h"
#include "mmu/page/place.h"
#include "mmu/role.h"

static void lru_remove(struct mmu *mmu, struct shadow_page *sp)
{
	if (sp->lru_prev != LINK_NONE)
		mmu->pages[sp->lru_prev].lru_next = sp->lru_next;
	else
		mmu->lru_first = sp->lru_next;
	if (sp->lru_next != LINK_NONE)
		mmu->pages[sp->lru_next].lru_prev = sp->lru_prev;
	else
		mmu->lru_last = sp->lru_prev;
}

static void lru_add(struct mmu *mmu, struct shadow_page *sp)
{
	u32 index = sp->number;

	sp->lru_prev = LINK_NONE;
	sp->lru_next = mmu->lru_first;
	if (sp->lru_next != LINK_NONE)
		mmu->pages[sp->lru_next].lru_prev = index;
	else
		mmu->lru_last = index;
	mmu->lru_first = index;
}

void shadow_page_reorder(struct mmu *mmu, struct shadow_page *sp)
{
	sp->epoch = mmu->epoch;
	if (mmu->lru_first == sp->number)
		return;
	lru_remove(mmu, sp);
	lru_add(mmu, sp);
}

struct shadow_page *shadow_page_new(struct mmu *mmu, gfn_t gfn,
				    union shadow_role role)
{
	struct shadow_page *sp = &mmu->pages[mmu->free];
	u32 *bucket = shadow_bucket(mmu, gfn);

	mmu->free = sp->hash_next;
	mmu->free_count--;
	sp->in_use = true;
	sp->gfn = gfn;
	shadow_page_set_role(mmu, sp, role);
	sp->parents = LINK_NONE;
	sp->splintered = 0;
	sp->used = 0;
	sp->writes = 0;
	sp->last_filled = PT_ENTRIES;
	sp->last_written = PT_ENTRIES;
	sp->idle = false;
	sp->changes = 0;
	sp->loads = 0;
	sp->born = mmu->placing.loads;
	sp->epoch = ++mmu->epoch;
	sp->hash_next = *bucket;
	*bucket = sp->number;
	lru_add(mmu, sp);
	mmu->stats.pages_made++;
	mmu->stats.pages_in_use++;
	return sp;
}

struct shadow_page *shadow_tableless_get(struct mmu *mmu, gfn_t gfn,
					 union shadow_role role)
{
	struct shadow_page *sp = shadow_page_find(mmu, gfn, role);
	u64 unfilled;

	if (sp)
		return sp;
	sp = shadow_page_new(mmu, gfn, role);
	/* Where the page has no guest table, no entry of a guest is absent. */
	unfilled = spte_unfilled(sp, PTE_P);
	for (u32 slot = 0; slot < PT_ENTRIES; slot++)
		sp->spt[slot] = unfilled;
	sp->nonzero = ~0ULL;
	return sp;
}

struct shadow_page *shadow_page_next(struct mmu *mmu, gfn_t gfn,
				     const struct shadow_page *sp)
{
	u32 i = sp ? sp->hash_next : *shadow_bucket(mmu, gfn);

	for (; i != LINK_NONE; i = mmu->pages[i].hash_next)
		if (mmu->pages[i].gfn == gfn && !mmu->pages[i].role.tableless)
			return &mmu->pages[i];
	return NULL;
}

/* The copies of open tables that are free form a list. */
void shadow_free_copy(struct mmu *mmu, u32 copy)
{
	mmu->copies[(u64)copy * PT_ENTRIES] = mmu->copy_free;
	mmu->copy_free = copy;
}

/* Minimum number of free pages for shadows that are not needed at once. */
#define SPARE_PAGES 32

bool shadow_pages_to_spare(const struct mmu *mmu)
{
	return mmu->free_count > SPARE_PAGES;
}

/*
 * The guest may write an open table already; but the table still counts in its
 * region, so that no large LEAF maps it meanwhile.
 */
static void unprotect_table(struct mmu *mmu, struct shadow_page *sp)
{
	if (sp->open)
		shadow_free_copy(mmu, sp->copy);
	/* A table that lies where there is no RAM was never protected. */
	else if (sp->gfn >= mmu->config.gfn_count ||
		 !mmu->frames[sp->gfn].shadowed ||
		 --mmu->frames[sp->gfn].shadowed)
		return;
	region_of(mmu, sp->gfn)->shadowed--;
	if (mmu->policy.cheap)
		frame_give_write(mmu, sp->gfn);
}

void shadow_unlink_parents(struct mmu *mmu, struct shadow_page *sp)
{
	while (!shadow_page_is_orphan(sp)) {
		struct shadow_page *parent =
			&mmu->pages[sp->parents / PT_ENTRIES];

		/*
		 * The entry is linked, so the guest's entry is present, and
		 * TRAP takes its place. But a PDPTE can't be TRAP, so a root
		 * that needs all its PDPTEs must be looked up again before the
		 * processor uses it.
		 */
		if (role_needs_pdptes(parent->role))
			mmu_forget_root(mmu->cpu);
		/* The entry's A goes with it. */
		shadow_count_use(parent);
		spte_clear(mmu, parent, sp->parents % PT_ENTRIES,
			   spte_unfilled(parent, PTE_P));
	}
}

static void for_each_used(struct mmu *mmu, struct shadow_page *sp, u64 used,
			  void (*visit)(struct mmu *mmu, struct shadow_page *sp,
					u32 slot))
{
	for (; used; used &= used - 1) {
		u32 first = first_slot(used);

		for (u32 slot = first; slot < first + SLOTS_A_BIT; slot++)
			visit(mmu, sp, slot);
	}
}

/*
 * Umbra can't flush a page of the software TLB that no parent leads to. So the
 * pages below are given up with it.
 */
static void give_up_private(struct mmu *mmu, struct shadow_page *sp, u32 slot)
{
	enum spte_kind kind = spte_kind(sp->spt[slot], sp->role.level);
	struct shadow_page *child = NULL;

	if (kind < SPTE_TABLE)
		return;
	if (kind == SPTE_TABLE)
		child = spte_child(mmu, sp, slot);
	spte_clear(mmu, sp, slot, SPTE_ABSENT_VALUE);
	if (child)
		shadow_page_zap(mmu, child);
}

/*
 * The order is that of invariant 6: the page comes off every parent, then its
 * own entries come off their lists, then there is a flush. The guest may write
 * the frame, and the page may serve another table, only after the flush, from
 * the next VM entry on.
 */
void shadow_page_zap(struct mmu *mmu, struct shadow_page *sp)
{
	u32 *link = shadow_bucket(mmu, sp->gfn);

	shadow_unlink_parents(mmu, sp);
	if (sp->role.private)
		for_each_used(mmu, sp, sp->used, give_up_private);
	else
		spte_forget_all(mmu, sp);
	if (sp->placed)
		place_leave(mmu, sp);
	while (*link != sp->number)
		link = &mmu->pages[*link].hash_next;
	*link = sp->hash_next;
	lru_remove(mmu, sp);
	if (!sp->role.tableless)
		unprotect_table(mmu, sp);
	if (mmu->cpu->root == sp)
		mmu_forget_root(mmu->cpu);
	filter_forget(mmu, sp);
	sp->in_use = sp->open = false;
	mmu->tables_unlinked++;
	sp->hash_next = mmu->free;
	mmu->free = sp->number;
	mmu->free_count++;
	mmu->stats.pages_in_use--;
	mmu_flush(mmu);
}

void shadow_make_room(struct mmu *mmu, u32 count)
{
	while (mmu->free_count < count) {
		struct shadow_page *sp = &mmu->pages[mmu->lru_last];

		mmu_tell(mmu, MMU_EVENT_RECLAIM, sp->gfn, sp->role.level);
		shadow_page_zap(mmu, sp);
		mmu->stats.reclaimed++;
	}
}

void shadow_zap_all(struct mmu *mmu)
{
	while (mmu->lru_last != LINK_NONE)
		shadow_page_zap(mmu, &mmu->pages[mmu->lru_last]);
}

static void forget_leaf(struct mmu *mmu, struct shadow_page *sp, u32 slot)
{
	enum spte_kind kind = spte_kind(sp->spt[slot], sp->role.level);

	if (kind == SPTE_TABLE)
		shadow_note_use(sp, slot);
	else if (kind == SPTE_LEAF || kind == SPTE_MMIO)
		spte_clear(mmu, sp, slot, spte_unfilled(sp, PTE_P));
}

/*
 * The tables of the software TLB stand for addresses, not for guest tables, and
 * give all rights; so only their leaves have to be forgotten. Code that fills a
 * leaf asks for its page first. So the loop may end at the first page that no
 * code has asked for since the last flush: no page behind it has leaves.
 */
void shadow_flush_private(struct mmu *mmu)
{
	for (u32 i = mmu->lru_first; i != LINK_NONE;
	     i = mmu->pages[i].lru_next) {
		struct shadow_page *sp = &mmu->pages[i];

		u64 used = sp->used;

		if ((s32)(sp->epoch - mmu->flushed) < 0)
			break;
		sp->used = 0;
		for_each_used(mmu, sp, used, forget_leaf);
		sp->splintered = 0;
	}
	mmu->flushed = ++mmu->epoch;
}
