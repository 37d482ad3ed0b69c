/* SPDX-License-Identifier: MIT */
/* The skeleton of lab 8. `make lab N=8` puts it into the tree. */

/* In mmu/role.c: */

bool mmu_bypasses(const struct mmu *mmu, union shadow_role role)
{
	/* Lab 8, step 3: where the trick is allowed. */
	return false;
}

static u64 unfilled(const struct mmu *mmu, union shadow_role role, bool present)
{
	/* The processor loads PDPTEs at VM entry and refuses reserved bits. */
	if (role_is_pae_root(role))
		return SPTE_ABSENT_VALUE;
	/* Lab 8, step 1: the guest's own absence, or Umbra's? */
	return spte_trap(spte_trap_is_present(mmu, role));
}

/* In mmu/filter.c: */

struct mmu_filter mmu_filter(const struct mmu_cpu *cpu)
{
	struct mmu_filter filter = {
		.intercept = true,
		.invlpg = mmu_needs_invlpg(cpu->mmu),
	};

	filter.pge_owned = !filter.invlpg && cpu->role.mode == PAGING_4LEVEL;

	/* Lab 8, step 2: mask = match = 0 makes all page faults exit. */
	if (filters_by_user(cpu)) {
		filter.intercept = false;
		filter.mask = PFEC_U | PFEC_RSVD;
		filter.match = PFEC_U;
	}
	return filter;
}
