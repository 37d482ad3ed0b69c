/* SPDX-License-Identifier: MIT */
/*
 * From a guest's entry to its shadow: what an entry is before it is filled,
 * what a leaf may allow, and how a shadow follows when the guest's entry is
 * written.
 */
#include "mmu/shadow.h"

/* Only the leaves of 4-level paging with NXE=1 may lack a reserved bit. */
static bool trap_is_reserved(const struct mmu *mmu, union shadow_role role)
{
	return role.level > 1 || role.mode != PAGING_4LEVEL || !role.nxe ||
	       mmu->config.leaf_trap_reserved;
}

u64 spte_unfilled(const struct mmu *mmu, const struct shadow_page *sp, u64 gpte)
{
	union shadow_role role = sp->role;

	/* The processor loads PDPTEs at VM entry and refuses reserved bits. */
	if (role_is_pae_root(role))
		return SPTE_ABSENT_VALUE;
	if (!(gpte & PTE_P) && mmu_bypasses(mmu, role))
		return SPTE_ABSENT_VALUE;
	return spte_trap(trap_is_reserved(mmu, role));
}

/*
 * What the LEAF of @gfn may allow, of the @rights that the guest's tables
 * give. @supervisor_write: the fault at hand is one, and was permitted.
 */
static u8 leaf_rights(const struct mmu *mmu, union shadow_role role, gfn_t gfn,
		      u8 rights, bool dirty, bool supervisor_write)
{
	/*
	 * CR0.WP=0 lets the supervisor write where W=0, but the processor
	 * always runs with WP=1, since guest tables are write-protected from
	 * the supervisor above all. So W is given here: for a supervisor page
	 * outright; for a user page only on a supervisor's write, and U is
	 * taken instead, till a user access faults and gives it back. Without
	 * U the processor's SMEP no longer guards the page: NX does.
	 */
	if (role.mode != PAGING_NONE && !role.wp && !(rights & ACCESS_W)) {
		if (!(rights & ACCESS_U)) {
			rights |= ACCESS_W;
		} else if (supervisor_write) {
			rights = (rights | ACCESS_W) & ~ACCESS_U;
			if (role.smep)
				rights &= ~ACCESS_X;
		}
	}
	/*
	 * Invariant 3: W waits for D. Invariant 1: a table stays read-only. (A
	 * region that has tables is not mapped by a large leaf.)
	 */
	if (!dirty || mmu->frames[gfn].shadowed || dirty_log_waits(mmu, gfn))
		rights &= ~ACCESS_W;
	/* With NXE=0 bit 63 is reserved. */
	if (!role.nxe)
		rights |= ACCESS_X;
	return rights;
}

void shadow_fill_leaf(struct mmu *mmu, struct shadow_page *sp, u32 slot,
		      gfn_t gfn, u8 rights, bool dirty, u32 error_code)
{
	bool supervisor_write = (error_code & (PFEC_W | PFEC_U)) == PFEC_W;

	rights = leaf_rights(mmu, sp->role, gfn, rights, dirty,
			     supervisor_write);
	if (sp->role.level == 1) {
		spte_set_leaf(mmu, sp, slot, gfn,
			      spte_make_leaf(mmu_hfn(mmu, gfn), rights));
		return;
	}
	gfn = ALIGN_DOWN(gfn, LARGE_FRAMES);
	spte_set_large_leaf(mmu, sp, slot, gfn,
			    spte_make_leaf(mmu_hfn(mmu, gfn), rights));
}

void shadow_fill_mmio(struct mmu *mmu, struct shadow_page *sp, u32 slot,
		      const struct guest_walk *walk)
{
	gfn_t gfn = walk->gpa >> PAGE_SHIFT;
	bool reserved = trap_is_reserved(mmu, sp->role);

	/* Frames are kept in 32 bits, beside the entry. */
	if (gfn != (u32)gfn)
		return;
	spte_set_mmio(mmu, sp, slot, gfn,
		      spte_make_mmio(reserved, walk->access[walk->level],
				     walk->dirty));
}

/* What a LEAF is made of. */
struct leaf {
	gfn_t gfn;
	u8 rights;
	bool dirty;
};

/*
 * The page that a neighbour of the entry which @walk has ended in maps, @ahead
 * entries further on, if it needs no fault to be filled: invariants 3 (A is
 * set), 4 and 5. No flag of the guest's is touched, so it can't notice.
 */
static bool neighbour(const struct mmu *mmu, const struct shadow_page *sp,
		      const struct guest_walk *walk, s32 ahead,
		      struct leaf *leaf)
{
	struct gpt_format format = role_format(mmu, sp->role);
	const void *table;
	u64 gpte;

	if (walk->level > 1) {
		/* Another part of the same large page. */
		leaf->gfn = (walk->gpa >> PAGE_SHIFT) + ahead;
		leaf->rights = walk->access[walk->level];
		leaf->dirty = walk->dirty;
		return mmu_hfn(mmu, leaf->gfn) != HFN_NONE;
	}
	table = mmu_map_gfn(mmu, walk->table[1]);
	if (!table)
		return false;
	gpte = gpte_read(format.mode, table,
			 gpte_index(format.mode, walk->gva, 1) + ahead);
	leaf->gfn = gpte_gfn(&format, gpte, 1);
	leaf->rights = walk->access[2] & gpte_rights(&format, gpte);
	leaf->dirty = gpte & PTE_D;
	return (gpte & PTE_P) && (gpte & PTE_A) &&
	       !gpte_reserved(&format, gpte, 1) &&
	       mmu_hfn(mmu, leaf->gfn) != HFN_NONE;
}

void shadow_prefetch(struct mmu *mmu, struct shadow_page *sp,
		     const struct guest_walk *walk)
{
	u32 window = mmu->policy.prefetch;
	u32 here = pt_index(walk->gva, 1);
	u32 first = ALIGN_DOWN(here, window);
	struct leaf leaf;

	for (u32 slot = first; slot < first + window; slot++) {
		if (slot == here || spte_kind(sp->spt[slot], 1) != SPTE_TRAP ||
		    !neighbour(mmu, sp, walk, (s32)(slot - here), &leaf))
			continue;
		shadow_fill_leaf(mmu, sp, slot, leaf.gfn, leaf.rights,
				 leaf.dirty, 0);
		mmu->stats.prefetches++;
	}
	/* What tells of the table's use is the entry that faulted. */
	sp->last_filled = here;
}

/* Does the TABLE entry in place still say what @gpte says? */
static bool still_linked(const struct mmu *mmu, const struct shadow_page *sp,
			 u32 slot, u64 gpte)
{
	const struct shadow_page *child;
	struct shadow_key key;

	if (spte_kind(sp->spt[slot], sp->role.level) != SPTE_TABLE)
		return false;
	child = spte_child(mmu, sp, slot);
	key = shadow_child(mmu, sp, slot, gpte);
	return child->gfn == key.gfn && child->role.word == key.role.word;
}

/* Make a LEAF of @gpte, which has A, without a fault that asks for it. */
static bool prefill(struct mmu *mmu, struct shadow_page *sp, u32 slot,
		    const struct gpt_format *format, u64 gpte)
{
	u8 rights = sp->role.access & gpte_rights(format, gpte);
	gfn_t gfn = gpte_gfn(format, gpte, sp->role.level);

	if (sp->role.level > 1) {
		if (!gpte_is_large(format, gpte, sp->role.level) ||
		    sp->role.level != LARGE_LEVEL)
			return false;
		gfn = shadow_child(mmu, sp, slot, gpte).gfn;
		if (!region_is_mappable(mmu, gfn))
			return false;
	} else if (mmu_hfn(mmu, gfn) == HFN_NONE) {
		return false;
	}
	shadow_fill_leaf(mmu, sp, slot, gfn, rights, gpte & PTE_D, 0);
	mmu->stats.updates++;
	return true;
}

bool shadow_sync_entry(struct mmu *mmu, struct shadow_page *sp, u32 slot,
		       u64 gpte)
{
	struct gpt_format format = role_format(mmu, sp->role);
	bool was_leaf = spte_kind(sp->spt[slot], sp->role.level) == SPTE_LEAF;

	/* Invariants 3, 4 and 5 (in prefill). */
	if (mmu->policy.update && (gpte & PTE_P) && (gpte & PTE_A) &&
	    !gpte_reserved(&format, gpte, sp->role.level)) {
		if (still_linked(mmu, sp, slot, gpte))
			return false;
		if (prefill(mmu, sp, slot, &format, gpte))
			return !was_leaf;
		if (shadow_link_ahead(mmu, sp, slot, gpte))
			return true;
	}
	spte_clear(mmu, sp, slot, spte_unfilled(mmu, sp, gpte));
	return false;
}
