/* SPDX-License-Identifier: MIT */
/*
 * A page fault has exited. The guest's tables decide whose it is: the guest's
 * own (inject it), an access to a device or to a shadowed table (emulate it),
 * or the shadow's alone, which has not yet been filled (fill and resume).
 */
#include "mmu/shadow.h"

/* The shadow page below @sp on the way to @walk's address. */
static struct shadow_page *next_page(struct mmu *mmu, struct shadow_page *sp,
				     const struct guest_walk *walk)
{
	union shadow_role role = sp->role;
	u8 level = sp->role.level;
	gfn_t gfn;

	role.level = level - 1;
	if (level > walk->level) {
		role.access = walk->access[level];
		gfn = walk->table[level - 1];
	} else {
		/* Inside a large page there is no table: map it piecemeal. */
		role.direct = true;
		role.access = walk->access[walk->level];
		role.dirty = walk->dirty;
		gfn = ALIGN_DOWN(walk->gpa >> PAGE_SHIFT, pt_span(level));
	}
	return shadow_page_get(mmu, gfn, role);
}

struct shadow_page *shadow_link_path(struct mmu_vcpu *vcpu,
				     const struct guest_walk *walk, u8 level)
{
	struct mmu *mmu = vcpu->mmu;
	struct shadow_page *sp;

	shadow_make_room(mmu, PT_LEVELS);
	for (sp = vcpu_root(vcpu); sp->role.level > level;) {
		u32 slot = pt_index(walk->gva, sp->role.level);
		struct shadow_page *child = next_page(mmu, sp, walk);

		spte_set_table(mmu, sp, slot, child);
		sp = child;
	}
	return sp;
}

static void fill(struct mmu_vcpu *vcpu, const struct guest_walk *walk,
		 u32 error_code)
{
	struct mmu *mmu = vcpu->mmu;
	struct shadow_page *sp = shadow_link_path(vcpu, walk, 1);

	shadow_fill_leaf(mmu, sp, pt_index(walk->gva, 1),
			 walk->gpa >> PAGE_SHIFT, walk->access[walk->level],
			 walk->dirty, error_code);
	mmu->stats.fills++;
}

/*
 * The fault is the guest's. If it came here by a TRAP above the entry that
 * decided it, the tables in between were not linked, and the next fault beside
 * it would exit, too: link them, so that it won't. Without the bypass it would
 * in any case. (Invariant 3: A must be set all the way down.)
 */
static void link_for_bypass(struct mmu_vcpu *vcpu,
			    const struct guest_walk *walk)
{
	if (!mmu_bypasses(vcpu->mmu, vcpu_role(vcpu)))
		return;
	for (u8 level = PT_LEVELS; level > walk->level; level--)
		if (!(walk->pte[level] & PTE_A))
			return;
	shadow_link_path(vcpu, walk, walk->level);
}

static void count_fault(struct mmu_stats *stats, u32 error_code)
{
	if (!(error_code & PFEC_P))
		stats->faults_not_present++;
	else if (error_code & PFEC_RSVD)
		stats->faults_trap++;
	else
		stats->faults_protection++;
}

/*
 * With CR0.WP=0 a supervisor's write to a read-only user page is shadowed by
 * taking U, and for SMEP's sake X (see leaf_rights). With NXE=0 there is no X
 * to take: such a write is emulated.
 */
static bool no_entry_allows(const struct mmu_vcpu *vcpu,
			    const struct guest_walk *walk)
{
	union shadow_role role = vcpu_role(vcpu);

	return role.paged && !role.wp && role.smep && !role.nxe &&
	       (walk->access[walk->level] & (ACCESS_W | ACCESS_U)) == ACCESS_U;
}

enum mmu_action mmu_page_fault(struct mmu_vcpu *vcpu, gva_t gva, u32 error_code,
			       struct guest_walk *walk)
{
	struct mmu *mmu = vcpu->mmu;
	gfn_t gfn;

	count_fault(&mmu->stats, error_code);
	if (!mmu_walk(vcpu, gva, error_code, WALK_FOR_FAULT, walk)) {
		if (walk->status == WALK_NOT_PRESENT)
			mmu->stats.injected_not_present++;
		else
			mmu->stats.injected_other++;
		link_for_bypass(vcpu, walk);
		return MMU_INJECT;
	}
	gfn = walk->gpa >> PAGE_SHIFT;
	if (mmu_hfn(mmu, gfn) == HFN_NONE) {
		mmu->stats.faults_mmio++;
		return MMU_MMIO;
	}
	if ((error_code & PFEC_W) &&
	    (mmu->frames[gfn].shadowed || no_entry_allows(vcpu, walk)))
		return MMU_TABLE_WRITE;
	fill(vcpu, walk, error_code);
	return MMU_RESUME;
}
