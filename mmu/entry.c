/* SPDX-License-Identifier: MIT */
/*
 * From a guest's entry to its shadow: what an entry is before it is filled,
 * what a leaf may allow, and how a shadow follows when the guest's entry is
 * written.
 */
#include "mmu/shadow.h"

u64 spte_unfilled(const struct mmu *mmu, const struct shadow_page *sp, u64 gpte)
{
	union shadow_role role = sp->role;
	bool reserved;

	/* The processor loads PDPTEs at VM entry and refuses reserved bits. */
	if (role_is_pae_root(role))
		return SPTE_ABSENT_VALUE;
	if (!(gpte & PTE_P) && mmu_bypasses(mmu, role))
		return SPTE_ABSENT_VALUE;
	reserved = role.level > 1 || (role.paged && !role.nxe) || !role.paged ||
		   mmu->config.leaf_trap_reserved;
	return spte_trap(reserved);
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
	if (role.paged && !role.wp && !(rights & ACCESS_W)) {
		if (!(rights & ACCESS_U)) {
			rights |= ACCESS_W;
		} else if (supervisor_write) {
			rights = (rights | ACCESS_W) & ~ACCESS_U;
			if (role.smep)
				rights &= ~ACCESS_X;
		}
	}
	/* Invariant 3: W waits for D. Invariant 1: a table stays read-only. */
	if (!dirty || mmu->frames[gfn].shadowed)
		rights &= ~ACCESS_W;
	/* With NXE=0 bit 63 is reserved. */
	if (role.paged && !role.nxe)
		rights |= ACCESS_X;
	return rights;
}

void shadow_fill_leaf(struct mmu *mmu, struct shadow_page *sp, u32 slot,
		      gfn_t gfn, u8 rights, bool dirty, u32 error_code)
{
	bool supervisor_write = (error_code & (PFEC_W | PFEC_U)) == PFEC_W;

	rights = leaf_rights(mmu, sp->role, gfn, rights, dirty,
			     supervisor_write);
	spte_set_leaf(mmu, sp, slot, gfn,
		      spte_make_leaf(mmu_hfn(mmu, gfn), rights));
}

/* Does the TABLE entry in place still say what @gpte says? */
static bool still_linked(const struct mmu *mmu, const struct shadow_page *sp,
			 u32 slot, u64 gpte)
{
	const struct shadow_page *child;
	gfn_t gfn = (gpte & PTE_ADDR_MASK) >> PAGE_SHIFT;
	union shadow_role role;

	if (spte_kind(sp->spt[slot], sp->role.level) != SPTE_TABLE)
		return false;
	child = spte_child(mmu, sp, slot);
	role = child->role;
	if (gpte & PTE_PS) {
		gfn = ALIGN_DOWN(gfn, pt_span(sp->role.level));
		if (!role.direct || role.dirty != !!(gpte & PTE_D))
			return false;
	} else if (role.direct) {
		return false;
	}
	return child->gfn == gfn &&
	       role.access == (sp->role.access & pte_rights(gpte));
}

/* May a LEAF be made of @gpte without a fault that asks for it? */
static bool can_prefill(const struct mmu *mmu, const struct shadow_page *sp,
			u64 gpte)
{
	gfn_t gfn = (gpte & PTE_ADDR_MASK) >> PAGE_SHIFT;

	/* Invariants 3, 4 and 5, in this order. */
	return sp->role.level == 1 && (gpte & PTE_A) &&
	       mmu_hfn(mmu, gfn) != HFN_NONE;
}

bool shadow_sync_entry(struct mmu *mmu, struct shadow_page *sp, u32 slot,
		       u64 gpte)
{
	u8 rights = sp->role.access & pte_rights(gpte);
	bool was_leaf = spte_kind(sp->spt[slot], sp->role.level) == SPTE_LEAF;

	if (mmu->policy.update && (gpte & PTE_P) &&
	    !pte_reserved(&mmu->config, gpte, sp->role.level, sp->role.nxe)) {
		if ((gpte & PTE_A) && still_linked(mmu, sp, slot, gpte))
			return false;
		if (can_prefill(mmu, sp, gpte)) {
			shadow_fill_leaf(mmu, sp, slot,
					 (gpte & PTE_ADDR_MASK) >> PAGE_SHIFT,
					 rights, gpte & PTE_D, 0);
			mmu->stats.updates++;
			return !was_leaf;
		}
		if (shadow_link_ahead(mmu, sp, slot, gpte))
			return true;
	}
	spte_clear(mmu, sp, slot, spte_unfilled(mmu, sp, gpte));
	return false;
}
