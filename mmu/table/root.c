/* SPDX-License-Identifier: MIT */
/*
 * The root of the shadow, the way down from it, and what a change of the
 * virtual processor's state does to both.
 */
#include "lib/string.h"
#include "mmu/page/link.h"
#include "mmu/page/page.h"
#include "mmu/page/place.h"
#include "mmu/table/root.h"
#include "mmu/table/table.h"

struct shadow_key root_child(const struct mmu_vcpu *vcpu, u32 index)
{
	struct shadow_key key = { .role = vcpu->role };

	key.role.level--;
	key.role.direct = false;
	if (key.role.mode == PAGING_PAE) {
		key.gfn = (vcpu->pdpte[index] & PTE_ADDR_MASK) >> PAGE_SHIFT;
	} else {
		key.gfn = vcpu->top_gfn;
		key.role.quadrant = index;
	}
	return key;
}

/*
 * The guest's PDPTEs become the root's. Their absence is the guest's own
 * (invariant 1), as all that are present are linked now.
 */
static void link_pdptes(struct mmu_vcpu *vcpu, struct shadow_page *root)
{
	struct mmu *mmu = vcpu->mmu;

	for (u32 i = 0; i < PAE_PDPTES; i++) {
		struct shadow_key key = root_child(vcpu, i);

		if (root->role.mode == PAGING_PAE && !(vcpu->pdpte[i] & PTE_P))
			spte_clear(mmu, root, i, SPTE_ABSENT_VALUE);
		else
			spte_set_table(mmu, root, i,
				       shadow_table_get(mmu, key.gfn, key.role),
				       ACCESS_ALL);
	}
}

struct shadow_page *vcpu_root(struct mmu_vcpu *vcpu)
{
	struct mmu *mmu = vcpu->mmu;
	union shadow_role role = vcpu->role;
	gfn_t gfn = 0;

	if (!vcpu->root) {
		if (!role.direct)
			gfn = vcpu->top_gfn;
		vcpu->root = shadow_table_get(mmu, gfn, role);
		if (role_needs_pdptes(role))
			link_pdptes(vcpu, vcpu->root);
		vcpu->root_is_new = true;
		mmu->stats.roots++;
		mmu_tell(mmu, MMU_EVENT_ROOT, vcpu->top_gfn, vcpu->cr3);
	}
	return vcpu->root;
}

/* A page of the software TLB is for an address, whatever tables lead there. */
static struct shadow_key private_child(const struct shadow_page *sp, gva_t gva)
{
	struct shadow_key child = { .role = sp->role };

	child.role.level--;
	child.gfn = (gva & BITS(47, 0)) >>
		    (PAGE_SHIFT + 9 * (sp->role.level - 1));
	return child;
}

static struct shadow_key next_on_path(struct mmu_vcpu *vcpu,
				      const struct shadow_page *sp,
				      const struct guest_walk *walk)
{
	u8 level = sp->role.level;
	u32 slot = pt_index(walk->gva, level);

	if (sp->role.private)
		return private_child(sp, walk->gva);
	if (role_is_pae_root(sp->role) && sp->role.mode != PAGING_NONE)
		return root_child(vcpu, slot);
	return shadow_child(sp, slot, sp->role.direct ? 0 : walk->pte[level]);
}

static struct shadow_page *root_with_room(struct mmu_vcpu *vcpu)
{
	shadow_make_room(vcpu->mmu, PT_LEVELS);
	/* That may have taken the root. */
	if (!vcpu->root)
		shadow_make_room(vcpu->mmu, PT_LEVELS + PAE_ROOT_PAGES);
	return vcpu_root(vcpu);
}

/*
 * The page that a TABLE already names. What it names is what the guest's entry
 * says, since both tables are synced; but a large page's D may have been set
 * meanwhile, so a direct page is looked up.
 */
static struct shadow_page *linked(struct mmu *mmu, const struct shadow_page *sp,
				  u32 slot)
{
	struct shadow_page *child;

	if (spte_kind(sp->spt[slot], sp->role.level) != SPTE_TABLE)
		return NULL;
	child = spte_child(mmu, sp, slot);
	if (child->role.direct)
		return NULL;
	shadow_page_touch(mmu, child);
	return child;
}

struct shadow_page *shadow_link_path(struct mmu_vcpu *vcpu,
				     const struct guest_walk *walk, u8 level)
{
	struct mmu *mmu = vcpu->mmu;
	struct shadow_page *sp = root_with_room(vcpu);

	while (sp->role.level > level) {
		u32 slot = pt_index(walk->gva, sp->role.level);
		struct shadow_page *child = linked(mmu, sp, slot);
		struct shadow_key key;

		if (!child) {
			key = next_on_path(vcpu, sp, walk);
			child = shadow_table_get(mmu, key.gfn, key.role);
			spte_set_table(mmu, sp, slot, child,
				       shadow_table_rights(
					       sp, walk->pte[sp->role.level]));
		}
		sp = child;
	}
	return sp;
}

hpa_t mmu_root(struct mmu_vcpu *vcpu)
{
	if (!vcpu->root) {
		shadow_make_room(vcpu->mmu, PAE_ROOT_PAGES);
		vcpu_root(vcpu);
		place_root(vcpu);
	}
	return shadow_page_hpa(vcpu->mmu, vcpu->root);
}

void mmu_set_state(struct mmu_vcpu *vcpu, u64 cr0, u64 cr3, u64 cr4, u64 efer,
		   const u64 *pdpte)
{
	union shadow_role was = vcpu->role;

	vcpu->cr0 = cr0;
	vcpu->cr3 = cr3;
	vcpu->cr4 = cr4;
	vcpu->efer = efer;
	if (pdpte)
		memcpy(vcpu->pdpte, pdpte, sizeof(vcpu->pdpte));
	mmu_derive_state(vcpu);
	vcpu->root = NULL;
	/* Invariant 9: placed roots are for the role at hand. */
	if (was.word != vcpu->role.word)
		place_give_up_all(vcpu->mmu);
	/*
	 * A software TLB forgets all that the processor's would. And where a
	 * frame is a table to 32-bit paging and has been one of 64-bit entries,
	 * the A and D flags of the former, which walks set unseen, are address
	 * bits of the latter.
	 */
	if (was.private && was.word == vcpu->role.word)
		shadow_flush_private(vcpu->mmu);
	else if (!vcpu->mmu->policy.cache ||
		 (was.mode == PAGING_32BIT) !=
			 (vcpu->role.mode == PAGING_32BIT))
		shadow_zap_all(vcpu->mmu);
	mmu_flush(vcpu->mmu);
}

bool mmu_read_pdptes(struct mmu *mmu, u64 cr3, u64 pdpte[PAE_PDPTES])
{
	u64 reserved = PDPTE_RESERVED | BITS(63, mmu->config.maxphyaddr);
	size_t size = PAE_PDPTES * sizeof(pdpte[0]);

	/* CR3 has 32 bits here, of which 31:5 are the address (table 4-7). */
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

void mmu_invlpg(struct mmu_vcpu *vcpu, gva_t gva)
{
	struct mmu *mmu = vcpu->mmu;
	struct shadow_page *sp = vcpu->root;

	/* Where tables are cached they are synced: nothing here is stale. */
	if (mmu->policy.cache || !sp || vcpu->format.mode == PAGING_NONE)
		return;
	for (;;) {
		u32 slot = pt_index(gva, sp->role.level);

		/* It holds a piece of a guest page that is larger than it. */
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
	 * The processor has not executed the instruction. Private tables are
	 * for addresses: an upper entry that has changed was flushed then.
	 */
	mmu_flush_address(mmu, gva);
}

/*
 * With exception-bitmap bit 14 set, a page fault exits if and only if
 * (error code & mask) == match; SDM vol. 3C, 25.2.
 */
struct mmu_filter mmu_filter(const struct mmu_vcpu *vcpu)
{
	struct mmu_filter filter = {
		.intercept = true,
		.invlpg = mmu_needs_invlpg(vcpu->mmu),
	};

	/*
	 * A change of CR4.PGE flushes, as INVLPG does; the processor does so by
	 * itself. With PAE paging it loads the PDPTEs, too, and the shadow of
	 * 32-bit and unpaged guests is PAE (SDM vol. 3A, 4.4.1).
	 */
	filter.pge_owned = !filter.invlpg && vcpu->role.mode == PAGING_4LEVEL;

	/* mask = match = 0: all of them exit. */
	if (mmu_bypasses(vcpu->mmu, vcpu->role))
		filter.mask = filter.match = PFEC_P;
	return filter;
}
