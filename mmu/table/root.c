/* SPDX-License-Identifier: MIT */
/*
 * The root of the shadow, the way down from it, and what a change of the
 * virtual processor's state does to both.
 */
#include "lib/string.h"
#include "mmu/page/link.h"
#include "mmu/page/page.h"
#include "mmu/page/place.h"
#include "mmu/role.h"
#include "mmu/table/open.h"
#include "mmu/table/root.h"
#include "mmu/table/table.h"

struct shadow_key root_child(const struct mmu_cpu *cpu, u32 index)
{
	struct shadow_key key = { .role = cpu->role };

	key.role.level--;
	key.role.tableless = false;
	if (key.role.mode == PAGING_PAE) {
		key.gfn = (cpu->pdpte[index] & PTE_ADDR_MASK) >> PAGE_SHIFT;
	} else {
		key.gfn = cpu->top_gfn;
		key.role.quadrant = index;
	}
	return key;
}

/*
 * Links the root to the page directories of the guest's PDPTEs. A PDPTE that is
 * absent afterwards is absent in the guest, too (invariant 1), since this links
 * all that are present.
 */
static void link_pdptes(struct mmu_cpu *cpu, struct shadow_page *root)
{
	struct mmu *mmu = cpu->mmu;

	for (u32 i = 0; i < PAE_PDPTES; i++) {
		struct shadow_key key = root_child(cpu, i);

		if (root->role.mode == PAGING_PAE && !(cpu->pdpte[i] & PTE_P))
			spte_clear(mmu, root, i, SPTE_ABSENT_VALUE);
		else
			spte_set_table(mmu, root, i,
				       shadow_table_get(mmu, key.gfn, key.role),
				       ACCESS_ALL);
	}
}

/*
 * Makes a root, or completes one of PDPTEs: these are registers, and each load
 * may change them. May give up pages.
 */
static __noinline struct shadow_page *make_root(struct mmu_cpu *cpu)
{
	struct mmu *mmu = cpu->mmu;
	union shadow_role role = cpu->role;
	struct shadow_page *root;

	shadow_make_room(mmu, PAE_ROOT_PAGES);
	root = shadow_table_get(mmu, role.tableless ? 0 : cpu->top_gfn, role);
	if (role_needs_pdptes(role))
		link_pdptes(cpu, root);
	return root;
}

/*
 * Finds the shadow root for the processor's state, where cpu->root is NULL.
 * Most often there is one that is complete.
 */
static __forceinline struct shadow_page *find_root(struct mmu_cpu *cpu)
{
	struct mmu *mmu = cpu->mmu;
	struct shadow_page *root = NULL;

	if (!cpu->role.tableless)
		root = shadow_page_find(mmu, cpu->top_gfn, cpu->role);
	if (!root)
		root = make_root(cpu);
	cpu->root = root;
	mmu->stats.roots++;
	mmu_tell(mmu, MMU_EVENT_ROOT, cpu->top_gfn, cpu->cr3);
	return root;
}

/* The key of a page of the software TLB: it stands for an address, whichever
   tables of the guest lead to it. */
static struct shadow_key private_child(const struct shadow_page *sp, gva_t gva)
{
	struct shadow_key child = { .role = sp->role };

	child.role.level--;
	child.gfn = (gva & BITS(47, 0)) >>
		    (PAGE_SHIFT + 9 * (sp->role.level - 1));
	return child;
}

static struct shadow_key next_on_path(struct mmu_cpu *cpu,
				      const struct shadow_page *sp,
				      const struct guest_walk *walk)
{
	u8 level = sp->role.level;
	u32 slot = pt_index(walk->gva, level);

	if (sp->role.private)
		return private_child(sp, walk->gva);
	if (role_is_pae_root(sp->role) && sp->role.mode != PAGING_NONE)
		return root_child(cpu, slot);
	return shadow_child(sp, slot,
			    sp->role.tableless ? 0 : walk->pte[level]);
}

static struct shadow_page *root_with_room(struct mmu_cpu *cpu)
{
	shadow_make_room(cpu->mmu, PT_LEVELS);
	/* shadow_make_room() may have given up the root. */
	if (!cpu->root)
		shadow_make_room(cpu->mmu, PT_LEVELS + PAE_ROOT_PAGES);
	return cpu->root ? cpu->root : find_root(cpu);
}

/*
 * Returns the page that a TABLE at @slot already names, or NULL. The guest's
 * entry asks for the same page, since the shadow is kept true to it. But the
 * guest's D of a large page may have been set meanwhile, so NULL is returned
 * for a tableless page, too: the caller looks it up.
 */
static struct shadow_page *linked(struct mmu *mmu, const struct shadow_page *sp,
				  u32 slot)
{
	struct shadow_page *child;

	if (spte_kind(sp->spt[slot], sp->role.level) != SPTE_TABLE)
		return NULL;
	child = spte_child(mmu, sp, slot);
	if (child->role.tableless)
		return NULL;
	shadow_page_touch(mmu, child);
	return child;
}

/*
 * A root has been linked to @child at @slot. With page-table isolation the
 * process has another root, which is placed and is used soon, and names the
 * same table: it is linked there, too, so that the next use saves an exit.
 * (Invariants 3 and 4: where the guest's entry there has A, and is valid.)
 */
static void link_in_other_roots(struct mmu *mmu, struct shadow_page *child,
				u32 slot)
{
	for (u32 i = 0; i < mmu->config.targets; i++) {
		struct shadow_page *root = mmu->placing.slots[i];
		struct shadow_key key;
		u64 gpte;

		if (!root)
			continue;
		gpte = shadow_gpte(mmu, root, slot);
		if ((gpte & (PTE_P | PTE_A)) != (PTE_P | PTE_A))
			continue;
		key = shadow_child(root, slot, gpte);
		if (key.gfn == child->gfn &&
		    key.role.word == child->role.word &&
		    !gpte_reserved(&root->format, gpte, root->role.level))
			spte_set_table(mmu, root, slot, child,
				       shadow_table_rights(root, gpte));
	}
}

struct shadow_page *shadow_link_path(struct mmu_cpu *cpu,
				     struct shadow_page *from,
				     const struct guest_walk *walk, u8 level)
{
	struct mmu *mmu = cpu->mmu;
	struct shadow_page *sp = from;

	if (from)
		shadow_page_touch(mmu, from);
	else
		sp = root_with_room(cpu);
	while (sp->role.level > level) {
		u32 slot = pt_index(walk->gva, sp->role.level);
		struct shadow_page *child = linked(mmu, sp, slot);
		struct shadow_key key;

		if (!child) {
			key = next_on_path(cpu, sp, walk);
			child = shadow_table_get(mmu, key.gfn, key.role);
			if (child->open)
				table_close(mmu, child);
			spte_set_table(mmu, sp, slot, child,
				       shadow_table_rights(
					       sp, walk->pte[sp->role.level]));
			if (sp->role.level == PT_LEVELS)
				link_in_other_roots(mmu, child, slot);
		}
		sp = child;
	}
	return sp;
}

hpa_t mmu_root(struct mmu_cpu *cpu)
{
	struct shadow_page *root = cpu->root;

	if (!root) {
		root = find_root(cpu);
		place_root(cpu, root);
	}
	if (cpu->cr3_store_exits == root->placed) {
		cpu->cr3_store_exits = !root->placed;
		cpu->targets_are_new = true;
	}
	cpu->root_hpa = shadow_page_hpa(cpu->mmu, root);
	return cpu->root_hpa;
}

void mmu_set_cr3(struct mmu_cpu *cpu, u64 cr3)
{
	cpu->cr3 = cr3;
	mmu_derive_top(cpu);
	mmu_forget_root(cpu);
	/* The software TLB forgets all that the processor's TLB would forget. */
	if (cpu->role.private)
		shadow_flush_private(cpu->mmu);
	mmu_flush(cpu->mmu);
}

void mmu_set_state(struct mmu_cpu *cpu, u64 cr0, u64 cr3, u64 cr4, u64 efer,
		   const u64 *pdpte)
{
	union shadow_role was = cpu->role;

	cpu->cr3 = cr3;
	if (pdpte)
		memcpy(cpu->pdpte, pdpte, sizeof(cpu->pdpte));
	/* A load of CR3 with its PDPTEs changes none of these. */
	if (cr0 != cpu->cr0 || cr4 != cpu->cr4 || efer != cpu->efer) {
		cpu->cr0 = cr0;
		cpu->cr4 = cr4;
		cpu->efer = efer;
		mmu_derive_state(cpu);
	}
	if (was.word == cpu->role.word)
		return mmu_set_cr3(cpu, cr3);
	mmu_forget_root(cpu);
	/* Invariant 9: placed roots have the current role. */
	place_give_up_all(cpu->mmu);
	/*
	 * The software TLB serves one role. And a frame may be a table of
	 * 32-bit paging now and have a shadow as a table of 64-bit entries. A
	 * walk sets A and D in the former without a look at the latter, where
	 * these bits are address bits.
	 */
	if (!cpu->mmu->policy.cache ||
	    (was.mode == PAGING_32BIT) != (cpu->role.mode == PAGING_32BIT))
		shadow_zap_all(cpu->mmu);
	mmu_flush(cpu->mmu);
}

__cold bool mmu_read_pdptes(struct mmu *mmu, u64 cr3, u64 pdpte[PAE_PDPTES])
{
	u64 reserved = PDPTE_RESERVED | BITS(63, mmu->config.maxphyaddr);
	size_t size = PAE_PDPTES * sizeof(pdpte[0]);

	/* CR3 has 32 bits here. Bits 31:5 are the address (table 4-7). */
	mmu_read(mmu, (u32)cr3 & ~(size - 1), pdpte, size);
	for (u32 i = 0; i < PAE_PDPTES; i++)
		if ((pdpte[i] & PTE_P) && (pdpte[i] & reserved))
			return false;
	return true;
}

bool mmu_needs_invlpg(const struct mmu *mmu)
{
	return !mmu->policy.cache;
}

void mmu_invlpg(struct mmu_cpu *cpu, gva_t gva)
{
	struct mmu *mmu = cpu->mmu;
	struct shadow_page *sp = cpu->root;

	/* Where tables are cached they are synced: nothing here is stale. */
	if (mmu->policy.cache || !sp || cpu->format.mode == PAGING_NONE)
		return;
	for (;;) {
		u32 slot = pt_index(gva, sp->role.level);

		/* The page holds a piece of a guest page that is larger. */
		if (sp->splintered > sp->role.level) {
			shadow_page_zap(mmu, sp);
			break;
		}
		if (spte_kind(sp->spt[slot], sp->role.level) != SPTE_TABLE) {
			spte_clear(mmu, sp, slot, spte_unfilled(sp, PTE_P));
			break;
		}
		sp = spte_child(mmu, sp, slot);
	}
	/*
	 * The processor has not executed the instruction, so Umbra flushes the
	 * address. Upper entries of private tables need no flush here:
	 * spte_clear() has flushed them when they changed.
	 */
	mmu_flush_address(mmu, gva);
}
