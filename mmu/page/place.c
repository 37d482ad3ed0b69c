/* SPDX-License-Identifier: MIT */
/*
 * Placed roots. A MOV to CR3 does not exit if its operand is one of the
 * CR3-target values (SDM vol. 3C, 24.6.7 and 25.1.3); but then the processor
 * loads the guest's value. So Umbra places the shadow root that the guest
 * loads, if a slot is free or the guest loads it often: the shadow root lies at
 * the host frame that has the number of the guest's frame. The guest's frame
 * usually lies there; it is moved to a reserved frame, and moved back when the
 * root is given up. Thus CR3 has the same value for the guest and for the
 * processor, and MOV from CR3 need not exit either.
 *
 * Invariant 9: a placed root lies at the host frame with its guest frame's
 * number, no LEAF maps that frame, and the root has the current role. Its guest
 * table has level 4, so it is never open, and no large LEAF maps the region in
 * which it lies.
 */
#include "lib/string.h"
#include "mmu/page/link.h"
#include "mmu/page/page.h"
#include "mmu/page/place.h"

/*
 * The choice of roots. A root takes a free slot at its first load: few roots
 * are loaded only once, since with page-table isolation each way to user mode
 * and back loads two. A root takes another root's slot if it is hot and the
 * other one is cold. To move two frames costs as much as a few exits, so five
 * or eight equally hot spaces, which take turns in the slots, are better off
 * than without slots. But many processes live for a moment, and never get hot:
 * so a young root gets a slot sooner, once in its life. All these are numbers
 * of loads of CR3 that have exited.
 */
#define PLACE_WINDOW 64 /* the loads among which a root's own are counted */
#define PLACE_HOT 8 /* its own loads in one window, from which on it is hot */
#define PLACE_YOUNG 3 /* the same in the first window of its life */
#define PLACE_COLD 32 /* the loads since an exit last found it in use */

/* Number of a free slot, or PLACE_NOWHERE. */
static __noinline int free_slot(struct mmu *mmu)
{
	for (u32 i = 0; i < mmu->config.targets; i++)
		if (!mmu->placing.slots[i])
			return (int)i;
	mmu->placing.full = true;
	return PLACE_NOWHERE;
}

/* Number of the slot whose root is cold for the longest time, of @loads or
   more, or PLACE_NOWHERE. */
static int coldest_slot(const struct mmu *mmu, u32 loads)
{
	const struct placing *placing = &mmu->placing;
	u32 longest = loads - 1;
	int n = PLACE_NOWHERE;

	for (u32 i = 0; i < mmu->config.targets; i++) {
		u32 age = placing->loads - placing->slots[i]->seen;

		if (age <= longest)
			continue;
		longest = age;
		n = (int)i;
	}
	return n;
}

int place_count_load(struct mmu *mmu, struct shadow_page *sp)
{
	u32 window = mmu->placing.loads++ / PLACE_WINDOW;
	u32 life = mmu->placing.loads - sp->born;

	if (sp->window != window) {
		sp->window = window;
		sp->loads = 0;
	}
	sp->loads++;
	if (!mmu->placing.full) {
		int n = free_slot(mmu);

		if (n != PLACE_NOWHERE)
			return n;
	}
	if (sp->loads >= PLACE_HOT)
		return coldest_slot(mmu, PLACE_COLD);
	/* A root that was in use meanwhile keeps its slot. */
	if (sp->loads >= PLACE_YOUNG && life <= PLACE_WINDOW)
		return coldest_slot(mmu, life + 1);
	return PLACE_NOWHERE;
}

/*
 * Puts host frame @hfn behind guest frame @gfn: moves the content, rewrites the
 * p2m and every LEAF, and flushes (invariants 6 and 9). The region must be
 * probed again, since it may be in one piece now, or no longer.
 */
static void move_frame(struct mmu *mmu, gfn_t gfn, hfn_t hfn)
{
	mmu->config.ops->move_frame(mmu->config.ctx, gfn, hfn);
	mmu->frames[gfn].page = NULL;
	region_of(mmu, gfn)->probed = false;
	frame_set_hfn(mmu, gfn, hfn);
	mmu_flush(mmu);
}

/* The memory of the pool that belongs to the shadow page. */
static u64 *pool_table(const struct mmu *mmu, const struct shadow_page *sp)
{
	return &mmu->tables[(u64)sp->number * PT_ENTRIES];
}

static void place_in_slot(struct mmu *mmu, struct shadow_page *sp, u32 n)
{
	u64 *frame;

	move_frame(mmu, sp->gfn, mmu->placing.reserve + n);
	frame = mmu->config.ops->map(mmu->config.ctx, sp->gfn);
	memcpy(frame, sp->spt, PAGE_SIZE);
	sp->spt = frame;
	sp->placed = true;
	mmu->placing.slots[n] = sp;
	mmu->cpu->targets_are_new = true;
	sp->seen = mmu->placing.loads;
	mmu->stats.placed++;
	mmu_tell(mmu, MMU_EVENT_PLACE, sp->gfn, n);
}

void place_leave(struct mmu *mmu, struct shadow_page *sp)
{
	sp->spt = pool_table(mmu, sp);
	sp->placed = false;
	for (u32 i = 0; i < mmu->config.targets; i++)
		if (mmu->placing.slots[i] == sp)
			mmu->placing.slots[i] = NULL;
	mmu->placing.full = false;
	move_frame(mmu, sp->gfn, sp->gfn);
	/* The run loop must tell the processor the new targets and root. */
	mmu->cpu->root_is_new = mmu->cpu->targets_are_new = true;
}

/*
 * Moves the placed root @sp, with its entries, back to the pool. The entries
 * that have been 0 all the time are 0 there.
 */
static void place_give_up(struct mmu *mmu, struct shadow_page *sp)
{
	u64 *table = pool_table(mmu, sp);

	for (u64 left = sp->nonzero; left; left &= left - 1) {
		u32 first = first_slot(left);

		memcpy(table + first, sp->spt + first,
		       SLOTS_A_BIT * sizeof(*table));
	}
	place_leave(mmu, sp);
}

void place_give_up_all(struct mmu *mmu)
{
	for (u32 i = 0; i < mmu->config.targets; i++)
		if (mmu->placing.slots[i])
			place_give_up(mmu, mmu->placing.slots[i]);
}

/*
 * Returns true if the root can be placed: the guest's CR3 has no flags, its
 * frame is at its own address, and it uses 4-level paging (with PAE paging the
 * processor would have to load the guest's PDPTEs).
 */
static bool can_be_placed(const struct mmu_cpu *cpu,
			  const struct shadow_page *sp)
{
	return sp->role.mode == PAGING_4LEVEL && !sp->role.tableless &&
	       cpu->cr3 == sp->gfn << PAGE_SHIFT &&
	       mmu_hfn(cpu->mmu, sp->gfn) == sp->gfn;
}

static __noinline void place_if_possible(struct mmu_cpu *cpu,
					 struct shadow_page *sp, u32 n)
{
	struct mmu *mmu = cpu->mmu;

	if (!can_be_placed(cpu, sp))
		return;
	if (mmu->placing.slots[n])
		place_give_up(mmu, mmu->placing.slots[n]);
	place_in_slot(mmu, sp, n);
}

/* A placed root is loaded with an exit: the guest has loaded it with flags. */
static __noinline void leave_if_needed(const struct mmu_cpu *cpu,
				       struct shadow_page *sp)
{
	if (cpu->cr3 != shadow_page_hpa(cpu->mmu, sp))
		place_give_up(cpu->mmu, sp);
}

void place_root(struct mmu_cpu *cpu, struct shadow_page *sp)
{
	struct mmu *mmu = cpu->mmu;
	int n;

	if (sp->placed)
		return leave_if_needed(cpu, sp);
	if (!mmu->policy.targets || !mmu->config.targets)
		return;
	/* Most loads offer no slot: so the root is looked at second. */
	n = place_count_load(mmu, sp);
	if (n != PLACE_NOWHERE)
		place_if_possible(cpu, sp, (u32)n);
}

struct mmu_targets mmu_targets(const struct mmu_cpu *cpu)
{
	const struct mmu *mmu = cpu->mmu;
	struct mmu_targets targets = { .cr3_store_exits =
					       cpu->cr3_store_exits };

	for (u32 i = 0; i < mmu->config.targets; i++)
		if (mmu->placing.slots[i])
			targets.value[targets.count++] =
				shadow_page_hpa(mmu, mmu->placing.slots[i]);
	return targets;
}

/* The guest has loaded the root of slot @n. */
static void load_target(struct mmu_cpu *cpu, u32 n)
{
	struct placing *placing = &cpu->mmu->placing;
	struct shadow_page *sp = placing->slots[n];

	mmu_tell(cpu->mmu, MMU_EVENT_TARGET, sp->gfn, n);
	/* MOV from CR3 need not exit any more. */
	if (!cpu->root->placed)
		cpu->root_is_new = true;
	cpu->root = sp;
	/* All else is the same: a target has the current role. */
	cpu->top_gfn = sp->gfn;
	cpu->cr3 = cpu->root_hpa = sp->gfn << PAGE_SHIFT;
	sp->seen = placing->loads;
	placing->before_last = placing->last;
	placing->last = n;
	shadow_page_touch(cpu->mmu, sp);
}

/* Invariant 9 tells the address of a placed root. */
static bool is_at(const struct shadow_page *sp, hpa_t hpa)
{
	return sp && sp->gfn << PAGE_SHIFT == hpa;
}

static __noinline void find_target(struct mmu_cpu *cpu, u64 cr3)
{
	const struct mmu *mmu = cpu->mmu;
	struct shadow_page *const *slots = mmu->placing.slots;
	u32 n = mmu->placing.before_last;

	/* With page-table isolation two roots take turns. */
	if (is_at(slots[n], cr3))
		return load_target(cpu, n);
	for (n = 0; n < mmu->config.targets; n++)
		if (is_at(slots[n], cr3))
			return load_target(cpu, n);
}

void mmu_exited(struct mmu_cpu *cpu, u64 cr3)
{
	if (cr3 == cpu->root_hpa)
		cpu->root->seen = cpu->mmu->placing.loads;
	else
		find_target(cpu, cr3);
}
