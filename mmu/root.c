/* SPDX-License-Identifier: MIT */
/*
 * What the shadow depends on in the virtual processor's state: the role of its
 * pages, its root, and the filter on page-fault exits.
 */
#include "mmu/shadow.h"

union shadow_role vcpu_role(const struct mmu_vcpu *vcpu)
{
	bool paged = vcpu->cr0 & CR0_PG;
	union shadow_role role = {
		.level = paged ? PT_LEVELS : UNPAGED_ROOT_LEVEL,
		.direct = !paged,
		.access = ACCESS_ALL,
		.paged = paged,
	};

	if (paged) {
		role.wp = !!(vcpu->cr0 & CR0_WP);
		role.nxe = !!(vcpu->efer & EFER_NXE);
		role.smep = !!(vcpu->cr4 & CR4_SMEP);
	}
	return role;
}

struct shadow_page *vcpu_root(struct mmu_vcpu *vcpu)
{
	struct mmu *mmu = vcpu->mmu;
	union shadow_role role = vcpu_role(vcpu);
	gfn_t gfn = 0;

	if (!vcpu->root) {
		if (!role.direct)
			gfn = (vcpu->cr3 & PTE_ADDR_MASK) >> PAGE_SHIFT;
		vcpu->root = shadow_page_get(mmu, gfn, role);
		vcpu->root_is_new = true;
		mmu->stats.roots++;
	}
	return vcpu->root;
}

hpa_t mmu_root(struct mmu_vcpu *vcpu)
{
	if (!vcpu->root)
		shadow_make_room(vcpu->mmu, 1);
	return shadow_page_hpa(vcpu->mmu, vcpu_root(vcpu));
}

void mmu_set_state(struct mmu_vcpu *vcpu, u64 cr0, u64 cr3, u64 cr4, u64 efer)
{
	vcpu->cr0 = cr0;
	vcpu->cr3 = cr3;
	vcpu->cr4 = cr4;
	vcpu->efer = efer;
	vcpu->root = NULL;
	mmu_flush(vcpu->mmu);
}

bool mmu_bypasses(const struct mmu *mmu, union shadow_role role)
{
	/*
	 * An unpaged guest has no page faults of its own, and the PDPTEs of
	 * its root can't be TRAP: all of its faults are Umbra's.
	 */
	return mmu->policy.bypass && mmu->config.filter_works && role.paged &&
	       (!role.nxe || mmu->config.leaf_trap_reserved);
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
