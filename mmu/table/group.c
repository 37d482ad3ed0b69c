/* SPDX-License-Identifier: MIT */
/*
 * Eight entries of a page table at once. When a table is shadowed or closed, up
 * to 512 entries are filled one after the other. So this loop reads first
 * all that does not change from one entry to the next: the compiler can't know
 * that a store to an entry changes nothing of it.
 */
#include "mmu/filter.h"
#include "mmu/page/link.h"
#include "mmu/table/group.h"
#include "mmu/table/leaf.h"

/* The parts of a page that are the same for all its entries. */
struct group {
	const struct shadow_page *sp;
	u64 taken, set; /* for leaf_of() */
	u64 judged; /* the bits that tell if an entry may be filled */
	struct guest_frame *frames;
	gfn_t frame_count;
	u64 withheld; /* by any entry of the group: leaf_withholds() */
};

/* Invariants 3 and 4: no access asks for the LEAF, so A is set, and no reserved
   bit. */
#define MAY_BE_FILLED (PTE_P | PTE_A)

static __forceinline struct group group_of(const struct mmu *mmu,
					   const struct shadow_page *sp)
{
	return (struct group){
		.sp = sp,
		.taken = sp->leaf_taken,
		.set = sp->leaf_set,
		.judged = MAY_BE_FILLED | sp->format.reserved,
		.frames = mmu->frames,
		.frame_count = mmu->config.gfn_count,
	};
}

static __forceinline void next_place(struct spte_place *at)
{
	at->spte++;
	at->link++;
	at->id++;
}

/*
 * Makes the entry @at a LEAF if the guest has used its entry @gpte, and this
 * maps RAM (invariant 5). Returns false if not.
 */
static __forceinline bool fill(struct mmu *mmu, struct group *group,
			       const struct spte_place *at, u64 gpte,
			       bool plain, bool listed)
{
	gfn_t gfn = (gpte & PTE_ADDR_MASK) >> PAGE_SHIFT;
	struct guest_frame *frame;
	u64 spte;

	if ((gpte & group->judged) != MAY_BE_FILLED ||
	    gfn >= group->frame_count)
		return false;
	frame = &group->frames[gfn];
	if (!frame->page && !mmu_ask_gfn(mmu, gfn))
		return false;
	spte = plain ? leaf_of(frame, gpte, group->taken, group->set)
		     : leaf_by_rights(mmu, group->sp, gfn, gpte);
	group->withheld |= leaf_withholds(gpte, spte);
	spte_put_page(mmu, at, gfn, frame, spte, listed);
	return true;
}

static __forceinline void note_withheld(struct mmu *mmu, struct shadow_page *sp,
					const struct group *group)
{
	if (group->withheld & PTE_W)
		filter_withhold(mmu, sp);
}

static __forceinline u32 prefill(struct mmu *mmu, struct shadow_page *sp,
				 u32 first, const u64 *gptes, bool plain)
{
	struct spte_place at = spte_place_of(sp, first);
	struct group group = group_of(mmu, sp);
	u32 filled = 0;

	for (u32 i = 0; i < SLOTS_A_BIT; i++, next_place(&at))
		filled += fill(mmu, &group, &at, gptes[i], plain, false);
	note_withheld(mmu, sp, &group);
	return filled;
}

void shadow_prefill_group(struct mmu *mmu, struct shadow_page *sp, u32 first,
			  const u64 *gptes)
{
	u32 filled;

	/* Two loops, so that the first one need not ask at each entry. */
	if (leaf_is_plain(mmu, sp))
		filled = prefill(mmu, sp, first, gptes, true);
	else
		filled = prefill(mmu, sp, first, gptes, false);
	if (filled)
		shadow_note_use(sp, first);
	mmu->stats.prefills += filled;
}

__noinline u32 shadow_mend_group(struct mmu *mmu, struct shadow_page *sp,
				 u32 first, const u64 *gptes, const u64 *copy)
{
	struct spte_place at = spte_place_of(sp, first);
	struct group group = group_of(mmu, sp);
	bool plain = leaf_is_plain(mmu, sp), update = mmu->policy.update;
	const u64 unfilled[] = { sp->unfilled[0], sp->unfilled[1] };
	u32 changes = 0, filled = 0;
	u64 values = 0;

	for (u32 i = 0; i < SLOTS_A_BIT; i++, next_place(&at)) {
		if (gptes[i] == copy[i])
			continue;
		changes++;
		if (update && fill(mmu, &group, &at, gptes[i], plain, true)) {
			filled++;
		} else {
			u64 value = unfilled[gptes[i] & PTE_P];

			spte_drop_page(mmu, &at, value);
			values |= value;
		}
	}
	if (values)
		shadow_note_value(sp, first);
	if (filled)
		shadow_note_use(sp, first);
	note_withheld(mmu, sp, &group);
	mmu->stats.updates += filled;
	return changes;
}
