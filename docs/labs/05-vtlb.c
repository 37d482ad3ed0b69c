/* SPDX-License-Identifier: MIT */
/* The skeleton of lab 5. `make lab N=5` puts it into the tree. */

/* In mmu/table/root.c: */

static struct shadow_key private_child(const struct shadow_page *sp, gva_t gva)
{
	struct shadow_key child = { .role = sp->role };

	child.role.level--;
	/* Lab 5, step 1: child.gfn, another one for each range of addresses. */
	return child;
}

void mmu_invlpg(struct mmu_cpu *cpu, gva_t gva)
{
	struct mmu *mmu = cpu->mmu;

	/* Where tables are cached they are synced: nothing here is stale. */
	if (mmu->policy.cache || !cpu->root || cpu->format.mode == PAGING_NONE)
		return;
	/* Lab 5, steps 2 to 4: the shadow forgets the page of @gva. */
}
