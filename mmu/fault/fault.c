/* SPDX-License-Identifier: MIT */
/*
 * A page fault has exited. The guest's tables decide. If they forbid the
 * access, the fault is the guest's own: inject it. If they permit it, it is an
 * access to a device or to a shadowed table: emulate it; or the shadow is not
 * filled yet: fill it, and resume the guest.
 */
#include "mmu/fault/entry_fault.h"
#include "mmu/filter.h"
#include "mmu/role.h"
#include "mmu/table/entry.h"
#include "mmu/table/large.h"
#include "mmu/table/leaf.h"
#include "mmu/table/open.h"
#include "mmu/table/root.h"
#include "mmu/table/table.h"
#include "mmu/walk.h"

/* Returns the level of the LEAF for the page that @walk has found. */
static u8 leaf_level(struct mmu *mmu, const struct guest_walk *walk)
{
	if (walk->level >= LARGE_LEVEL &&
	    region_is_mappable(mmu, walk->gpa >> PAGE_SHIFT))
		return LARGE_LEVEL;
	return 1;
}

/*
 * INVLPG of any address in a page of the guest's ends all translations of the
 * page. In the software TLB Umbra must do that. So it marks the shadow pages
 * that map a part of a larger page.
 */
static __cold void mark_splinters(struct mmu_cpu *cpu,
				  const struct guest_walk *walk)
{
	struct shadow_page *sp = cpu->root;
	u8 level = walk->level;

	/* A 4 MiB page is larger than what an entry of level 2 maps. */
	if (cpu->format.mode == PAGING_32BIT && level == 2)
		level = 3;
	while (sp->role.level > 1) {
		u32 slot = pt_index(walk->gva, sp->role.level);

		if (spte_kind(sp->spt[slot], sp->role.level) != SPTE_TABLE)
			return;
		sp = spte_child(cpu->mmu, sp, slot);
		sp->splintered = MAX(sp->splintered, level);
	}
}

static void fill(struct mmu_cpu *cpu, struct shadow_page *from,
		 const struct guest_walk *walk, u32 error_code)
{
	struct mmu *mmu = cpu->mmu;
	u8 level = leaf_level(mmu, walk);
	struct shadow_page *sp = shadow_link_path(cpu, from, walk, level);

	/* The way may have made a shadow of a table that lies in the region. */
	if (level != leaf_level(mmu, walk)) {
		level = 1;
		sp = shadow_link_path(cpu, from, walk, level);
	}
	shadow_fill_leaf(mmu, sp, pt_index(walk->gva, level),
			 walk->gpa >> PAGE_SHIFT, shadow_rights(sp, walk),
			 walk->dirty, error_code);
	mmu->stats.fills++;
	mmu_tell(mmu, MMU_EVENT_FILL, walk->gpa >> PAGE_SHIFT, walk->gva);
	if (level == LARGE_LEVEL)
		mmu->stats.large_fills++;
	else
		shadow_prefetch(mmu, sp, walk);
	if (sp->role.private)
		mark_splinters(cpu, walk);
}

/*
 * The fault is the guest's. If a TRAP above the entry that decides has caused
 * the exit, the tables between them are not linked, and the next fault near
 * this address would exit, too. So link them, if the guest has A=1 in all
 * entries on the way (invariant 3). Without the bypass that fault exits in any
 * case.
 */
static void link_for_bypass(struct mmu_cpu *cpu, struct shadow_page *from,
			    const struct guest_walk *walk)
{
	if (!mmu_bypasses(cpu->mmu, cpu->role))
		return;
	for (u8 level = walk->first; level > walk->level; level--)
		if (!(walk->pte[level] & PTE_A))
			return;
	shadow_link_path(cpu, from, walk, walk->level);
}

static void count_fault(struct mmu_stats *stats, u32 error_code)
{
	if (!(error_code & PFEC_P))
		stats->faults_not_present++;
	else if (error_code & (PFEC_RSVD | PFEC_PK))
		stats->faults_trap++;
	else /* also a fetch through a TRAP with a key: NX denies it */
		stats->faults_protection++;
}

/* The walk's result for an access that needs no walk. */
static void set_found(struct guest_walk *walk, gva_t gva, gfn_t gfn)
{
	walk->gva = gva;
	walk->gpa = gfn << PAGE_SHIFT | (gva & ~PAGE_MASK);
	walk->status = WALK_OK;
}

/* Returns true if the write hits the same page of a table as the last one. */
static bool is_held_again(const struct mmu_cpu *cpu, gva_t gva, u32 access,
			  struct guest_walk *walk)
{
	const struct mmu *mmu = cpu->mmu;
	const struct held_write *held = &mmu->held;

	if (held->number != gva >> PAGE_SHIFT || held->access != access ||
	    held->root != cpu->root || held->unlinked != mmu->tables_unlinked ||
	    *held->spte != held->value ||
	    !mmu->frames[held->link->target].shadowed)
		return false;
	set_found(walk, gva, held->link->target);
	return true;
}

/*
 * Returns true if an entry that an earlier walk has made permits the access: an
 * access to a device's page, or a write to a guest table. The entry is a
 * translation, as in a TLB, so no walk is needed. (Below the rung `cheap` a
 * frame may be held though it is no table any more: there a walk gives W back.)
 */
static bool is_remembered(const struct mmu_cpu *cpu,
			  const struct shadow_path *end, gva_t gva, u32 access,
			  struct guest_walk *walk)
{
	u64 spte = *end->spte;
	u8 rights = end->rights;

	if (spte_kind(spte, end->level) == SPTE_MMIO) {
		rights &= spte_mmio_rights(spte);
		if ((access & PFEC_W) && !(spte & SPTE_MMIO_D))
			return false;
	} else if ((access & PFEC_W) && spte_is_held(spte, end->level) &&
		   cpu->mmu->frames[end->link->target].shadowed) {
		rights &= spte_rights(spte) | ACCESS_W;
	} else {
		return false;
	}
	if (!access_permitted(cpu, rights, access))
		return false;
	set_found(walk, gva, end->link->target);
	return true;
}

/* The write may open the table: then the guest repeats it. */
static enum mmu_action write_to_table(struct mmu *mmu,
				      const struct guest_walk *walk)
{
	return table_open_for(mmu, walk->gpa) ? MMU_RESUME : MMU_TABLE_WRITE;
}

static enum mmu_action held(struct mmu *mmu, const struct guest_walk *walk)
{
	mmu->stats.held_hits++;
	return write_to_table(mmu, walk);
}

static enum mmu_action remembered(struct mmu *mmu,
				  const struct shadow_path *end, u32 access,
				  const struct guest_walk *walk)
{
	if (spte_is_held(*end->spte, end->level)) {
		mmu->held = (struct held_write){
			.number = walk->gva >> PAGE_SHIFT,
			.access = access,
			.spte = end->spte,
			.value = *end->spte,
			.link = end->link,
			.root = end->root,
			.unlinked = end->unlinked,
		};
		return held(mmu, walk);
	}
	mmu->stats.faults_mmio++;
	mmu->stats.mmio_hits++;
	return MMU_MMIO;
}

/*
 * Walks the guest's tables, which decide (invariant 4). The tables on the
 * shadow's way are as their shadows say, and have A=1 (invariant 3): so the
 * walk begins in the table at which this way ends. Returns the shadow of that
 * table, from which the caller links. Returns NULL after a walk from the top:
 * if the way ends in a page that shadows no table, or if the caller may have to
 * give up a page of the way, to make room.
 */
static struct shadow_page *walk_on(struct mmu_cpu *cpu,
				   const struct shadow_path *end, gva_t gva,
				   u32 access, struct guest_walk *walk)
{
	struct shadow_page *sp;
	struct walk_start start;

	cpu->mmu->stats.walks_fault++;
	if (!end || end->sp->role.tableless ||
	    cpu->mmu->free_count < PT_LEVELS) {
		guest_walk(cpu, gva, access, NULL, walk);
		return NULL;
	}
	sp = end->sp;
	start.table = sp->gfn;
	start.level = end->level;
	start.rights = end->rights & sp->role.access;
	guest_walk(cpu, gva, access, &start, walk);
	return sp;
}

static __cold enum mmu_action access_to_mmio(struct mmu_cpu *cpu,
					     struct shadow_page *from,
					     const struct guest_walk *walk)
{
	struct mmu *mmu = cpu->mmu;
	struct shadow_page *sp;

	mmu->stats.faults_mmio++;
	if (mmu->policy.nowalk) {
		sp = shadow_link_path(cpu, from, walk, 1);
		shadow_fill_mmio(mmu, sp, pt_index(walk->gva, 1), walk);
		if (sp->role.private)
			mark_splinters(cpu, walk);
	}
	return MMU_MMIO;
}

/* Answers the fault by a walk, and fills the shadow. */
static __noinline enum mmu_action answer_by_walk(struct mmu_cpu *cpu,
						 const struct shadow_path *end,
						 gva_t gva, u32 error_code,
						 struct guest_walk *walk)
{
	struct mmu *mmu = cpu->mmu;
	struct shadow_page *from = walk_on(cpu, end, gva, error_code, walk);
	gfn_t gfn;

	if (walk->status != WALK_OK) {
		filter_injected(cpu, error_code);
		link_for_bypass(cpu, from, walk);
		return MMU_INJECT;
	}
	gfn = walk->gpa >> PAGE_SHIFT;
	if (!mmu_map_gfn(mmu, gfn))
		return access_to_mmio(cpu, from, walk);
	if (error_code & PFEC_W) {
		if (no_entry_allows(cpu, walk))
			return MMU_TABLE_WRITE;
		if (mmu->frames[gfn].shadowed)
			return write_to_table(mmu, walk);
		dirty_log_mark(mmu, gfn);
	}
	fill(cpu, from, walk, error_code);
	return MMU_RESUME;
}

enum mmu_action mmu_page_fault(struct mmu_cpu *cpu, gva_t gva, u32 error_code,
			       struct guest_walk *walk)
{
	struct mmu *mmu = cpu->mmu;
	const struct shadow_path *end = NULL;
	enum mmu_action action;

	count_fault(&mmu->stats, error_code);
	if (mmu->policy.nowalk && cpu->root) {
		if (is_held_again(cpu, gva, error_code, walk))
			return held(mmu, walk);
		end = shadow_path_of(cpu, gva);
		if (is_remembered(cpu, end, gva, error_code, walk))
			return remembered(mmu, end, error_code, walk);
		if (entry_fault(cpu, end, gva, error_code, walk, &action))
			return action;
	}
	return answer_by_walk(cpu, end, gva, error_code, walk);
}
