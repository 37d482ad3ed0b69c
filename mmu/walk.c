/* SPDX-License-Identifier: MIT */
/*
 * The walk of the guest's own tables, as the processor would do it (SDM vol.
 * 3A, 4.3 to 4.5 translation, 4.6 rights, 4.7 faults, 4.8 accessed and dirty).
 */
#include "mmu/shadow.h"
#include "mmu/walk.h"

bool access_permitted(const struct mmu_cpu *cpu, u8 rights, u32 access)
{
	bool user = access & PFEC_U, fetch = access & PFEC_I;

	if (cpu->format.mode == PAGING_NONE)
		return true;
	if (user && !(rights & ACCESS_U))
		return false;
	if (fetch && !(rights & ACCESS_X))
		return false;
	if (!user && (rights & ACCESS_U)) {
		if (fetch && (cpu->cr4 & CR4_SMEP))
			return false;
		if (!fetch && (cpu->cr4 & CR4_SMAP) && !(access & WALK_AC))
			return false;
	}
	if ((access & PFEC_W) && !(rights & ACCESS_W))
		return !user && !(cpu->cr0 & CR0_WP);
	return true;
}

void walk_fails(const struct mmu_cpu *cpu, struct guest_walk *walk,
		enum walk_status status, u32 access)
{
	walk->status = status;
	walk->error_code = access & (PFEC_W | PFEC_U);
	if (status != WALK_NOT_PRESENT)
		walk->error_code |= PFEC_P;
	if (status == WALK_RESERVED)
		walk->error_code |= PFEC_RSVD;
	/* I/D exists only with NXE, of PAE tables, or SMEP (SDM vol. 3A, 4.7). */
	if (cpu->format.nxe || (cpu->cr4 & CR4_SMEP))
		walk->error_code |= access & PFEC_I;
}

/* Reads entry @index of the guest's @table: all ones if there is no RAM. */
static u64 read_entry(const struct mmu *mmu, enum paging_mode mode, gfn_t table,
		      u32 index)
{
	const void *entries = mmu_map_gfn(mmu, table);

	if (entries)
		return gpte_read(mode, entries, index);
	return mode == PAGING_32BIT ? (u32)~0U : ~0ULL;
}

/* Replaces the entry, of 32 or 64 bits by the mode, if it is still @old. */
static bool exchange_entry(struct mmu *mmu, enum paging_mode mode, gfn_t table,
			   u32 index, u64 old, u64 new)
{
	void *entries = mmu_map_gfn(mmu, table);
	u32 old_32 = old;
	bool done;

	if (!entries)
		return false;
	if (mode == PAGING_32BIT)
		done = __atomic_compare_exchange_n(
			(u32 *)entries + index, &old_32, new, false,
			__ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
	else
		done = __atomic_compare_exchange_n((u64 *)entries + index, &old,
						   new, false, __ATOMIC_SEQ_CST,
						   __ATOMIC_SEQ_CST);
	if (done)
		dirty_log_mark(mmu, table);
	return done;
}

/*
 * Sets A at every level of the walk, and D in the leaf for a write (invariant
 * 3): each by a compare-exchange with the entry that the walk has read. Returns
 * false if an entry has changed since: the walk must be done again.
 */
static bool set_accessed_dirty(const struct mmu_cpu *cpu,
			       struct guest_walk *walk, bool write)
{
	enum paging_mode mode = cpu->format.mode;

	for (u8 level = walk->first; level >= walk->level; level--) {
		u64 old = walk->pte[level];
		u64 new = old | PTE_A;

		if (level == walk->level && write)
			new |= PTE_D;
		if (new == old)
			continue;
		if (!exchange_entry(cpu->mmu, mode, walk->table[level],
				    gpte_index(mode, walk->gva, level), old,
				    new))
			return false;
		walk->pte[level] = new;
	}
	return true;
}

/*
 * Finds the first table in memory. Returns its level, or 0 if the walk has
 * ended at a PDPTE with P=0. The PDPTEs are in registers, have no A, and their
 * reserved bits were checked when CR3 was loaded; those in memory may be others
 * by now.
 */
static u8 begin(const struct mmu_cpu *cpu, const struct walk_start *start,
		struct guest_walk *walk, u32 access)
{
	enum paging_mode mode = cpu->format.mode;
	u64 pdpte = cpu->pdpte[gpte_index(PAGING_PAE, walk->gva, 3) &
			       (PAE_PDPTES - 1)];

	if (start) {
		walk->table[start->level] = start->table;
		return start->level;
	}
	if (mode != PAGING_PAE) {
		walk->table[paging_top_level(mode)] = cpu->top_gfn;
		return paging_top_level(mode);
	}
	walk->level = 3;
	walk->pte[3] = pdpte;
	if (!(pdpte & PTE_P)) {
		walk_fails(cpu, walk, WALK_NOT_PRESENT, access);
		return 0;
	}
	walk->table[2] = (pdpte & PTE_ADDR_MASK) >> PAGE_SHIFT;
	return 2;
}

/* Goes down to the leaf; sets level, table, pte, access and status of @walk. */
static void descend(const struct mmu_cpu *cpu, struct guest_walk *walk,
		    u32 access)
{
	struct gpt_format format = cpu->format;
	u8 rights = walk->above;

	for (u8 level = walk->first; level; level--) {
		u64 pte = read_entry(cpu->mmu, format.mode, walk->table[level],
				     gpte_index(format.mode, walk->gva, level));

		walk->level = level;
		walk->pte[level] = pte;
		if (!(pte & PTE_P))
			return walk_fails(cpu, walk, WALK_NOT_PRESENT, access);
		if (gpte_reserved(&format, pte, level))
			return walk_fails(cpu, walk, WALK_RESERVED, access);
		rights &= gpte_rights(&format, pte);
		walk->access[level] = rights;
		if (level > 1 && !gpte_is_large(&format, pte, level)) {
			walk->table[level - 1] = gpte_gfn(&format, pte, level);
			continue;
		}
		if (!access_permitted(cpu, rights, access))
			return walk_fails(cpu, walk, WALK_DENIED, access);
		walk->status = WALK_OK;
		return;
	}
}

static void walk_unpaged(struct guest_walk *walk)
{
	walk->status = WALK_OK;
	walk->level = LEVEL_UNPAGED;
	walk->access[LEVEL_UNPAGED] = ACCESS_ALL;
	walk->dirty = true;
	walk->gpa = (u32)walk->gva;
}

static void look(const struct mmu_cpu *cpu, gva_t gva, u32 access,
		 const struct walk_start *start, struct guest_walk *walk)
{
	struct gpt_format format = cpu->format;
	u64 pte, size;

	walk->gva = gva;
	walk->error_code = 0;
	if (format.mode == PAGING_NONE)
		return walk_unpaged(walk);
	walk->first = begin(cpu, start, walk, access);
	walk->above = start ? start->rights : ACCESS_ALL;
	descend(cpu, walk, access);
	if (walk->status != WALK_OK)
		return;
	pte = walk->pte[walk->level];
	size = 1ULL << gpte_shift(format.mode, walk->level);
	walk->gpa = (gpte_gfn(&format, pte, walk->level) << PAGE_SHIFT) |
		    (gva & (size - 1));
}

void guest_walk_look(const struct mmu_cpu *cpu, gva_t gva, u32 access,
		     struct guest_walk *walk)
{
	look(cpu, gva, access, NULL, walk);
}

void guest_walk(const struct mmu_cpu *cpu, gva_t gva, u32 access,
		const struct walk_start *start, struct guest_walk *walk)
{
	do {
		look(cpu, gva, access, start, walk);
		if (walk->status != WALK_OK || walk->level == LEVEL_UNPAGED)
			return;
	} while (!set_accessed_dirty(cpu, walk, access & PFEC_W));
	walk->dirty = walk->pte[walk->level] & PTE_D;
}
