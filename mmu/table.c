/* SPDX-License-Identifier: MIT */
/*
 * The shadow of a guest table: the table is write-protected, then every entry
 * of it is sorted into ABSENT and TRAP. From then on the shadow is kept true.
 */
#include "mmu/table.h"
#include "mmu/entry.h"
#include "mmu/large.h"
#include "mmu/link.h"
#include "mmu/open.h"
#include "mmu/page.h"

/* Write-protect the guest table before anyone looks at it (invariant 1). */
static void protect_table(struct mmu *mmu, gfn_t gfn)
{
	if (!mmu_map_gfn(mmu, gfn) || mmu->frames[gfn].shadowed++)
		return;
	region_of(mmu, gfn)->shadowed++;
	region_split(mmu, gfn);
	frame_hold_write(mmu, gfn);
	/*
	 * Even where no entry had W: one that was taken down without a flush
	 * may still be in the TLB, writable (invariants 1 and 6).
	 */
	mmu_flush(mmu);
}

/* The guest's entries for the eight slots from @first on, ORed together. */
static u64 group(const struct shadow_page *sp, const void *table, u32 first)
{
	const u64 *e = table;
	u64 all = 0;

	if (table && sp->role.mode != PAGING_32BIT) {
		e += first;
		return e[0] | e[1] | e[2] | e[3] | e[4] | e[5] | e[6] | e[7];
	}
	for (u32 i = 0; i < SLOTS_A_BIT; i++)
		all |= shadow_gpte_in(sp, table, first + i);
	return all;
}

/*
 * Sort the whole guest table into ABSENT and TRAP, at whatever level it is.
 * The frame is write-protected first, so no entry can change unseen between
 * the look at it and the first use of its shadow (invariant 1). Most of a table
 * is empty; a group of eight that is all zero, and is to be, is left alone.
 */
static void classify(struct mmu *mmu, struct shadow_page *sp)
{
	u64 present = spte_unfilled(mmu, sp, PTE_P);
	u64 not_present = spte_unfilled(mmu, sp, 0);
	const void *table = mmu_map_gfn(mmu, sp->gfn);

	for (u32 first = 0; first < PT_ENTRIES; first += SLOTS_A_BIT) {
		u64 bit = BIT(first / SLOTS_A_BIT);

		if ((group(sp, table, first) & PTE_P) || not_present) {
			sp->nonzero |= bit;
		} else {
			if (!(sp->nonzero & bit))
				continue;
			sp->nonzero &= ~bit;
		}
		for (u32 slot = first; slot < first + SLOTS_A_BIT; slot++)
			sp->spt[slot] = shadow_gpte_in(sp, table, slot) & PTE_P
						? present
						: not_present;
	}
}

/* Returns true if the frame is RAM and a table that is shadowed and closed. */
static bool is_shadowed(const struct mmu *mmu, gfn_t gfn)
{
	return gfn < mmu->config.gfn_count && mmu->frames[gfn].shadowed;
}

/*
 * Links the entry @gpte, which has P and A, of a page that bypasses. From the
 * rung `cheap` on only to a shadow that exists: most tables that a new root
 * names have none, and need none.
 */
static bool link_ahead(struct mmu *mmu, struct shadow_page *sp, u32 slot,
		       const struct gpt_format *format, u64 gpte)
{
	struct shadow_page *child;
	struct shadow_key key;

	if (gpte_is_large(format, gpte, sp->role.level) ||
	    (mmu->policy.cheap &&
	     !is_shadowed(mmu, gpte_gfn(format, gpte, sp->role.level))) ||
	    gpte_reserved(format, gpte, sp->role.level) ||
	    !shadow_pages_to_spare(mmu))
		return false;
	key = shadow_child(mmu, sp, slot, gpte);
	if (!mmu_map_gfn(mmu, key.gfn))
		return false;
	child = mmu->policy.cheap ? shadow_page_find(mmu, key.gfn, key.role)
				  : shadow_table_get(mmu, key.gfn, key.role);
	if (!child)
		return false;
	spte_set_table(mmu, sp, slot, child,
		       shadow_table_rights(mmu, sp, gpte));
	return true;
}

bool shadow_link_ahead(struct mmu *mmu, struct shadow_page *sp, u32 slot,
		       u64 gpte)
{
	struct gpt_format format = role_format(mmu, sp->role);

	return sp->role.level > 1 && mmu_bypasses(mmu, sp->role) &&
	       link_ahead(mmu, sp, slot, &format, gpte);
}

/*
 * Follow the entries that the guest has used already (invariant 3: A is set):
 * to the next tables, if that saves the guest's faults an exit, and to its
 * memory. All entries outside of the groups in @sp->nonzero are not present.
 */
static void follow_used(struct mmu *mmu, struct shadow_page *sp)
{
	bool ahead = sp->role.level > 1 && mmu_bypasses(mmu, sp->role);
	struct gpt_format format = role_format(mmu, sp->role);
	const void *table = mmu_map_gfn(mmu, sp->gfn);

	if (!table || !(ahead || mmu->policy.prefill))
		return;
	for (u64 groups = sp->nonzero; groups; groups &= groups - 1) {
		u32 first = (u32)__builtin_ctzll(groups) * SLOTS_A_BIT;

		for (u32 slot = first; slot < first + SLOTS_A_BIT; slot++) {
			u64 gpte = shadow_gpte_in(sp, table, slot);

			if ((gpte & (PTE_P | PTE_A)) != (PTE_P | PTE_A))
				continue;
			if (ahead && link_ahead(mmu, sp, slot, &format, gpte))
				continue;
			if (mmu->policy.prefill)
				shadow_prefill(mmu, sp, slot, &format, gpte);
		}
	}
	/* No guest has used these yet, so none tells of the table's use. */
	sp->last_filled = PT_ENTRIES;
}

struct shadow_page *shadow_table_get(struct mmu *mmu, gfn_t gfn,
				     union shadow_role role)
{
	struct shadow_page *sp;

	if (role.direct)
		return shadow_page_direct(mmu, gfn, role);
	sp = shadow_page_find(mmu, gfn, role);
	if (sp) {
		if (sp->open)
			table_close(mmu, sp);
		return sp;
	}
	table_give_up_open(mmu, gfn);
	sp = shadow_page_new(mmu, gfn, role);
	protect_table(mmu, gfn);
	classify(mmu, sp);
	follow_used(mmu, sp);
	return sp;
}
