/* SPDX-License-Identifier: MIT */
/*
 * The walk of the guest's own tables, as the processor would do it (SDM vol.
 * 3A, 4.5.4 translation, 4.6 rights, 4.7 faults, 4.8 accessed and dirty).
 */
#include "mmu/shadow.h"

/*
 * Reserved bits of 4-level paging (SDM vol. 3A, 4.5.4): the address bits above
 * MAXPHYADDR at every level, XD without NXE, PS in a PML4E (and in a PDPTE
 * where there are no 1 GiB pages), and in an entry that maps a large page the
 * address bits below its size, but for bit 12, which is PAT.
 */
bool pte_reserved(const struct mmu_config *config, u64 pte, u8 level, bool nxe)
{
	u64 reserved = 0;

	if (config->maxphyaddr < 52)
		reserved |= BITS(51, config->maxphyaddr);
	if (!nxe)
		reserved |= PTE_NX;
	if (level == 4 || (level == 3 && !config->gigabyte_pages))
		reserved |= PTE_PS;
	else if (level > 1 && (pte & PTE_PS))
		reserved |= (pt_span(level) << PAGE_SHIFT) - PAGE_SIZE -
			    PTE_PAT_LARGE;
	return pte & reserved;
}

u8 pte_rights(u64 pte)
{
	return (pte & PTE_W ? ACCESS_W : 0) | (pte & PTE_U ? ACCESS_U : 0) |
	       (pte & PTE_NX ? 0 : ACCESS_X);
}

/*
 * May an access of kind @access (W, U, I/D of an error code) be done where the
 * accumulated rights are @rights? SDM vol. 3A, 4.6.1.
 */
static bool permitted(const struct mmu_vcpu *vcpu, u8 rights, u32 access)
{
	bool user = access & PFEC_U;

	if (user && !(rights & ACCESS_U))
		return false;
	if ((access & PFEC_I) && !(rights & ACCESS_X))
		return false;
	if ((access & PFEC_I) && !user && (rights & ACCESS_U) &&
	    (vcpu->cr4 & CR4_SMEP))
		return false;
	if ((access & PFEC_W) && !(rights & ACCESS_W))
		return !user && !(vcpu->cr0 & CR0_WP);
	return true;
}

static void walk_fails(const struct mmu_vcpu *vcpu, struct guest_walk *walk,
		       enum walk_status status, u32 access)
{
	walk->status = status;
	walk->error_code = access & (PFEC_W | PFEC_U);
	if (status != WALK_NOT_PRESENT)
		walk->error_code |= PFEC_P;
	if (status == WALK_RESERVED)
		walk->error_code |= PFEC_RSVD;
	/* I/D exists only with NXE or SMEP (SDM vol. 3A, 4.7). */
	if ((vcpu->efer & EFER_NXE) || (vcpu->cr4 & CR4_SMEP))
		walk->error_code |= access & PFEC_I;
}

/* A guest's table entry in memory, or NULL where there is no RAM. */
static u64 *table_entry(const struct mmu *mmu, gfn_t table, u32 index)
{
	u64 *entries = mmu_map_gfn(mmu, table);

	return entries ? &entries[index] : NULL;
}

/*
 * Set A at every level, and D in the leaf for a write (invariant 3), each by
 * a compare-exchange against what the walk has read. Returns false when an
 * entry has changed since: the walk is to be done again.
 */
static bool set_accessed_dirty(const struct mmu *mmu, struct guest_walk *walk,
			       bool write)
{
	for (u8 level = PT_LEVELS; level >= walk->level; level--) {
		u64 old = walk->pte[level];
		u64 new = old | PTE_A;
		u64 *entry;

		if (level == walk->level && write)
			new |= PTE_D;
		if (new == old)
			continue;
		entry = table_entry(mmu, walk->table[level],
				    pt_index(walk->gva, level));
		if (!entry || !__atomic_compare_exchange_n(
				      entry, &old, new, false, __ATOMIC_SEQ_CST,
				      __ATOMIC_SEQ_CST))
			return false;
		walk->pte[level] = new;
	}
	return true;
}

/* Down the tables to the leaf; sets level, table, pte, access and status. */
static void descend(const struct mmu_vcpu *vcpu, struct guest_walk *walk,
		    u32 access)
{
	const struct mmu *mmu = vcpu->mmu;
	bool nxe = vcpu->efer & EFER_NXE;
	gfn_t table = (vcpu->cr3 & PTE_ADDR_MASK) >> PAGE_SHIFT;
	u8 rights = ACCESS_ALL;

	for (u8 level = PT_LEVELS;; level--) {
		u64 *entry =
			table_entry(mmu, table, pt_index(walk->gva, level));
		/* Where nothing answers, the bus reads all ones. */
		u64 pte = entry ? __atomic_load_n(entry, __ATOMIC_RELAXED)
				: ~0ULL;

		walk->level = level;
		walk->table[level] = table;
		walk->pte[level] = pte;
		if (!(pte & PTE_P))
			return walk_fails(vcpu, walk, WALK_NOT_PRESENT, access);
		if (pte_reserved(&mmu->config, pte, level, nxe))
			return walk_fails(vcpu, walk, WALK_RESERVED, access);
		rights &= pte_rights(pte);
		walk->access[level] = rights;
		if (level == 1 || (pte & PTE_PS))
			break;
		table = (pte & PTE_ADDR_MASK) >> PAGE_SHIFT;
	}
	if (!permitted(vcpu, rights, access))
		return walk_fails(vcpu, walk, WALK_DENIED, access);
	walk->status = WALK_OK;
}

void guest_walk(const struct mmu_vcpu *vcpu, gva_t gva, u32 access,
		struct guest_walk *walk)
{
	u64 offset_mask;

	walk->gva = gva;
	walk->error_code = 0;
	if (!(vcpu->cr0 & CR0_PG)) {
		walk->status = WALK_OK;
		walk->level = LEVEL_UNPAGED;
		walk->access[LEVEL_UNPAGED] = ACCESS_ALL;
		walk->dirty = true;
		walk->gpa = (u32)gva;
		return;
	}
	do {
		descend(vcpu, walk, access);
		if (walk->status != WALK_OK)
			return;
	} while (!set_accessed_dirty(vcpu->mmu, walk, access & PFEC_W));

	offset_mask = (pt_span(walk->level) << PAGE_SHIFT) - 1;
	walk->dirty = walk->pte[walk->level] & PTE_D;
	walk->gpa = (walk->pte[walk->level] & PTE_ADDR_MASK & ~offset_mask) |
		    (gva & offset_mask);
}
