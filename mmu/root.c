/* SPDX-License-Identifier: MIT */
/*
 * What the shadow depends on in the virtual processor's state: the role of its
 * pages, its root, and the filter on page-fault exits.
 */
#include "lib/string.h"
#include "mmu/shadow.h"

union shadow_role vcpu_role(const struct mmu_vcpu *vcpu)
{
	enum paging_mode mode = vcpu_mode(vcpu);
	bool cache = vcpu->mmu->policy.cache, paged = mode != PAGING_NONE;
	union shadow_role role = {
		.level = mode == PAGING_4LEVEL ? PT_LEVELS : PAE_ROOT_LEVEL,
		.mode = mode,
		.direct = mode != PAGING_4LEVEL || !cache,
		.private = paged && !cache,
		.access = ACCESS_ALL,
		.dirty = !paged,
	};

	if (paged) {
		role.wp = !!(vcpu->cr0 & CR0_WP);
		role.nxe = vcpu_nxe(vcpu);
		role.pse = mode == PAGING_32BIT && (vcpu->cr4 & CR4_PSE);
		role.smep = !!(vcpu->cr4 & CR4_SMEP);
		role.smap = !!(vcpu->cr4 & CR4_SMAP);
	}
	return role;
}

struct shadow_key root_child(const struct mmu_vcpu *vcpu, u32 index)
{
	struct shadow_key key = { .role = vcpu_role(vcpu) };

	key.role.level--;
	key.role.direct = false;
	if (key.role.mode == PAGING_PAE) {
		key.gfn = (vcpu->pdpte[index] & PTE_ADDR_MASK) >> PAGE_SHIFT;
	} else {
		key.gfn = vcpu_cr3_gfn(vcpu);
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
				       shadow_page_get(mmu, key.gfn, key.role));
	}
}

struct shadow_page *vcpu_root(struct mmu_vcpu *vcpu)
{
	struct mmu *mmu = vcpu->mmu;
	union shadow_role role = vcpu_role(vcpu);
	gfn_t gfn = 0;

	if (!vcpu->root) {
		if (!role.direct)
			gfn = vcpu_cr3_gfn(vcpu);
		vcpu->root = shadow_page_get(mmu, gfn, role);
		if (role_needs_pdptes(role))
			link_pdptes(vcpu, vcpu->root);
		vcpu->root_is_new = true;
		mmu->stats.roots++;
	}
	return vcpu->root;
}

hpa_t mmu_root(struct mmu_vcpu *vcpu)
{
	if (!vcpu->root)
		shadow_make_room(vcpu->mmu, PAE_ROOT_PAGES);
	return shadow_page_hpa(vcpu->mmu, vcpu_root(vcpu));
}

void mmu_set_state(struct mmu_vcpu *vcpu, u64 cr0, u64 cr3, u64 cr4, u64 efer,
		   const u64 *pdpte)
{
	bool was_32bit = vcpu_mode(vcpu) == PAGING_32BIT;
	union shadow_role role = vcpu_role(vcpu);

	vcpu->cr0 = cr0;
	vcpu->cr3 = cr3;
	vcpu->cr4 = cr4;
	vcpu->efer = efer;
	if (pdpte)
		memcpy(vcpu->pdpte, pdpte, sizeof(vcpu->pdpte));
	vcpu->root = NULL;
	/*
	 * What is a TLB forgets all that the processor's would. And where a
	 * frame is a table to 32-bit paging and has been one of 64-bit entries,
	 * the A and D flags of the former, which walks set unseen, are address
	 * bits of the latter.
	 */
	if (role.private && role.word == vcpu_role(vcpu).word)
		shadow_flush_private(vcpu->mmu);
	else if (!vcpu->mmu->policy.cache ||
		 was_32bit != (vcpu_mode(vcpu) == PAGING_32BIT))
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
	if (mmu->policy.cache || !sp || vcpu_mode(vcpu) == PAGING_NONE)
		return;
	for (;;) {
		u32 slot = pt_index(gva, sp->role.level);

		/* It holds a piece of a guest page that is larger than it. */
		if (sp->splintered > sp->role.level) {
			shadow_page_zap(mmu, sp);
			break;
		}
		if (spte_kind(sp->spt[slot], sp->role.level) != SPTE_TABLE) {
			spte_clear(mmu, sp, slot,
				   spte_unfilled(mmu, sp, PTE_P));
			break;
		}
		sp = spte_child(mmu, sp, slot);
	}
	/* The processor has not executed the instruction. */
	mmu_flush(mmu);
}

bool mmu_bypasses(const struct mmu *mmu, union shadow_role role)
{
	/*
	 * An unpaged guest has no page faults of its own, and the PDPTEs of
	 * its root can't be TRAP: all of its faults are Umbra's. So are those
	 * of a guest whose tables are not cached: nothing tells that what was
	 * absent is so still.
	 */
	return mmu->policy.bypass && mmu->policy.cache &&
	       mmu->config.filter_works && role.mode != PAGING_NONE &&
	       (role.mode != PAGING_4LEVEL || !role.nxe ||
		mmu->config.leaf_trap_reserved);
}

/*
 * With exception-bitmap bit 14 set, a page fault exits if and only if
 * (error code & mask) == match; SDM vol. 3C, 25.2.
 */
struct mmu_filter mmu_filter(const struct mmu_vcpu *vcpu)
{
	struct mmu_filter filter = { .intercept = true };

	/* mask = match = 0: all of them exit. */
	if (mmu_bypasses(vcpu->mmu, vcpu_role(vcpu)))
		filter.mask = filter.match = PFEC_P;
	return filter;
}
