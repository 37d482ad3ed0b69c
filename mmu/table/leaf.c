/* SPDX-License-Identifier: MIT */
/* Entries that map the guest's memory, and what they may allow. */
#include "mmu/filter.h"
#include "mmu/page/link.h"
#include "mmu/page/page.h"
#include "mmu/role.h"
#include "mmu/table/leaf.h"

/*
 * Returns the rights that the LEAF of @gfn may have, out of the @rights that
 * the guest's tables give. @supervisor_write: a supervisor's write has faulted,
 * and the guest's tables permit it.
 */
static u8 leaf_rights(const struct mmu *mmu, union shadow_role role, gfn_t gfn,
		      u8 rights, bool dirty, bool supervisor_write)
{
	/*
	 * CR0.WP=0 lets the supervisor write where W=0, but the processor
	 * always runs with WP=1, since guest tables are write-protected from
	 * the supervisor above all. So W is given here: for a supervisor page
	 * outright; for a user page only on a supervisor's write, and U is
	 * taken instead, until a user access faults and gives it back. Without
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
	/* Invariant 3: W waits for D. */
	if (!dirty || dirty_log_waits(mmu, gfn))
		rights &= ~ACCESS_W;
	/* With NXE=0 bit 63 is reserved. */
	if (!role.nxe)
		rights |= ACCESS_X;
	return rights;
}

static void set_large_leaf(struct mmu *mmu, struct shadow_page *sp, u32 slot,
			   gfn_t gfn, u64 spte)
{
	struct shadow_page *splinters = NULL;

	if (spte_kind(sp->spt[slot], sp->role.level) == SPTE_TABLE)
		splinters = spte_child(mmu, sp, slot);
	spte_set_large(mmu, sp, slot, gfn, spte | PTE_PS);
	/* The LEAF has replaced the splinters: they go if nothing else leads
	 * there. */
	if (splinters && shadow_page_is_orphan(splinters) &&
	    splinters->role.tableless)
		shadow_page_zap(mmu, splinters);
}

/*
 * Returns a LEAF of 4 KiB, without W if the frame is a guest table (invariant
 * 1). No large LEAF maps a region that has tables.
 */
static u64 make_page(const struct mmu *mmu, gfn_t gfn, u8 rights)
{
	u64 spte = spte_make_leaf(mmu_hfn(mmu, gfn), rights);

	return leaf_hold(&mmu->frames[gfn], spte);
}

/* With CR0.WP=0, or while the dirty log is on. */
__cold u64 leaf_by_rights(const struct mmu *mmu, const struct shadow_page *sp,
			  gfn_t gfn, u64 gpte)
{
	u8 rights = sp->role.access & gpte_rights(&sp->format, gpte);

	rights = leaf_rights(mmu, sp->role, gfn, rights, gpte & PTE_D, false);
	return make_page(mmu, gfn, rights);
}

void shadow_fill_page(struct mmu *mmu, struct shadow_page *sp, u32 slot,
		      gfn_t gfn, u64 gpte)
{
	u64 spte = leaf_is_plain(mmu, sp)
			   ? leaf_of(&mmu->frames[gfn], gpte, sp->leaf_taken,
				     sp->leaf_set)
			   : leaf_by_rights(mmu, sp, gfn, gpte);

	if (leaf_withholds(gpte, spte) & PTE_W)
		filter_withhold(mmu, sp);
	spte_set_page(mmu, sp, slot, gfn, spte);
}

void shadow_fill_leaf(struct mmu *mmu, struct shadow_page *sp, u32 slot,
		      gfn_t gfn, u8 rights, bool dirty, u32 error_code)
{
	bool supervisor_write = (error_code & (PFEC_W | PFEC_U)) == PFEC_W;
	u8 given = leaf_rights(mmu, sp->role, gfn, rights, dirty,
			       supervisor_write);
	bool large = sp->role.level > 1;
	u64 spte;

	if (large)
		gfn = ALIGN_DOWN(gfn, LARGE_FRAMES);
	spte = large ? spte_make_leaf(mmu_hfn(mmu, gfn), given)
		     : make_page(mmu, gfn, given);
	if ((rights & ACCESS_U) && (rights & ACCESS_W) && !(spte & PTE_W))
		filter_withhold(mmu, sp);
	if (large)
		set_large_leaf(mmu, sp, slot, gfn, spte);
	else
		spte_set_page(mmu, sp, slot, gfn, spte);
}

u8 shadow_rights(const struct shadow_page *sp, const struct guest_walk *walk)
{
	if (sp->role.private)
		return walk->access[walk->level];
	if (sp->role.tableless)
		return sp->role.access;
	return sp->role.access &
	       gpte_rights(&sp->format, walk->pte[walk->level]);
}

void shadow_fill_mmio(struct mmu *mmu, struct shadow_page *sp, u32 slot,
		      const struct guest_walk *walk)
{
	gfn_t gfn = walk->gpa >> PAGE_SHIFT;
	bool present = spte_trap_is_present(mmu, sp->role);

	/* Frames are kept in 32 bits, beside the entry. */
	if (gfn != (u32)gfn)
		return;
	spte_set_mmio(
		mmu, sp, slot, gfn,
		spte_make_mmio(present, shadow_rights(sp, walk), walk->dirty));
}
