/* SPDX-License-Identifier: MIT */
/*
 * A fault whose way through the shadow ends in the shadow of a page table. The
 * guest's tables above are as their shadows say, and have A=1 (invariant 3). So
 * one entry of the guest's decides (invariant 4). Most faults that exit are
 * such: this file does the work of a walk and a fill in one piece.
 */
#include "mmu/fault/entry_fault.h"
#include "mmu/filter.h"
#include "mmu/page/page.h"
#include "mmu/table/entry.h"
#include "mmu/table/leaf.h"
#include "mmu/walk.h"

/*
 * Returns true if the page shadows a page table of 64-bit entries, and a LEAF
 * has the rights of the guest's entry.
 */
static bool is_plain(const struct mmu *mmu, const struct shadow_page *sp)
{
	static const union shadow_role looked_at = {
		{ .level = ~0, .mode = ~0, .tableless = 1, .wp = 1 }
	};
	static const union shadow_role pae = {
		{ .level = 1, .mode = PAGING_PAE, .wp = 1 }
	};
	static const union shadow_role four_level = {
		{ .level = 1, .mode = PAGING_4LEVEL, .wp = 1 }
	};
	u32 role = sp->role.word & looked_at.word;

	return (role == four_level.word || role == pae.word) &&
	       !mmu->dirty_log_on;
}

/* Returns true if a LEAF of the frame may allow @access. */
static bool is_mappable(const struct mmu *mmu, gfn_t gfn, u32 access)
{
	return mmu_map_gfn(mmu, gfn) &&
	       !((access & PFEC_W) && mmu->frames[gfn].shadowed);
}

/* Sets A and D. Returns false if the entry is not @gpte any more. */
static bool set_flags(u64 *entry, u64 gpte, u64 wanted)
{
	return (gpte & wanted) == wanted ||
	       __atomic_compare_exchange_n(entry, &gpte, gpte | wanted, false,
					   __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
}

static void fill(struct mmu *mmu, struct shadow_page *sp, u64 gpte,
		 struct guest_walk *walk)
{
	gfn_t gfn = gpte_gfn(&sp->format, gpte, 1);

	shadow_fill_page(mmu, sp, pt_index(walk->gva, 1), gfn, gpte);
	mmu->stats.fills++;
	mmu_tell(mmu, MMU_EVENT_FILL, gfn, walk->gva);
	walk->status = WALK_OK;
	walk->gpa = gfn << PAGE_SHIFT | (walk->gva & ~PAGE_MASK);
	if (shadow_is_prefilled(mmu, sp))
		return;
	walk->level = 1;
	walk->table[1] = sp->gfn;
	shadow_prefetch(mmu, sp, walk);
}

static enum walk_status judge(const struct mmu_cpu *cpu,
			      const struct shadow_page *sp, u64 gpte, u8 above,
			      u32 access)
{
	u8 rights = above & sp->role.access & gpte_rights(&sp->format, gpte);

	if (!(gpte & PTE_P))
		return WALK_NOT_PRESENT;
	if (gpte_reserved(&sp->format, gpte, 1))
		return WALK_RESERVED;
	return access_permitted(cpu, rights, access) ? WALK_OK : WALK_DENIED;
}

/*
 * The guest copies a page on a write, most often, if its tables deny the write.
 * It will change one entry and use it at once: no burst begins, even if the
 * table had one before (open.c).
 */
static void note_denied(struct shadow_page *sp, u32 access)
{
	if (access & PFEC_W)
		sp->changes = 0;
}

bool entry_fault(struct mmu_cpu *cpu, const struct shadow_path *end, gva_t gva,
		 u32 access, struct guest_walk *walk, enum mmu_action *action)
{
	u64 wanted = PTE_A | (access & PFEC_W ? PTE_D : 0);
	struct shadow_page *sp = end->sp;
	struct mmu *mmu = cpu->mmu;
	enum walk_status status;
	u64 *entry, gpte;

	if (!is_plain(mmu, sp) || !mmu_map_gfn(mmu, sp->gfn))
		return false;
	entry = (u64 *)mmu_map_gfn(mmu, sp->gfn) + pt_index(gva, 1);
	do {
		gpte = gpte_read(PAGING_4LEVEL, entry, 0);
		status = judge(cpu, sp, gpte, end->rights, access);
		if (status != WALK_OK)
			break;
		if (!is_mappable(mmu, gpte_gfn(&sp->format, gpte, 1), access))
			return false;
	} while (!set_flags(entry, gpte, wanted));
	mmu->stats.walks_fault++;
	shadow_page_touch(mmu, sp);
	walk->gva = gva;
	if (status == WALK_OK) {
		fill(mmu, sp, gpte | wanted, walk);
		*action = MMU_RESUME;
	} else {
		walk_fails(cpu, walk, status, access);
		note_denied(sp, access);
		filter_injected(cpu, access);
		*action = MMU_INJECT;
	}
	return true;
}
