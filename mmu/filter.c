/* SPDX-License-Identifier: MIT */
/*
 * The filter of page-fault exits: which faults go straight to the guest (SDM
 * vol. 3C, 25.2). The processor knows one condition on the error code, so there
 * is a choice.
 *
 * The first filter is the bypass: faults with P=0 pass. A copy on write has
 * P=1: it exits, and all that Umbra does is to inject it. The second filter
 * lets all faults of the user pass, but those by a reserved bit (TRAP, MMIO).
 * Then the faults with P=0 of the guest's kernel exit in vain. Neither is
 * better at all times. So Umbra counts the faults that have exited in vain, and
 * takes the other filter after some of them.
 *
 * The second filter is right only if the shadow denies the user nothing that
 * the guest's tables permit (invariant 1). But an entry withholds W while the
 * guest's D is 0, while its frame is a guest table, or for the dirty log. A
 * page with such an entry is marked, and while one is, the first filter holds.
 * The mark stays until the page is given up: the processor may know the entry
 * without W after Umbra has given W back, and the giving up flushes (invariant
 * 6).
 */
#include "mmu/filter.h"
#include "mmu/role.h"

/* Number of faults that exit in vain, by the filter in use, before the other one
   is taken. A fault that passes is not seen, so the second one gets more. */
#define FAULTS_BY_PRESENCE 2
#define FAULTS_BY_USER 4

/* Returns true if the second filter is right now, and preferred. */
static bool filters_by_user(const struct mmu_cpu *cpu)
{
	const struct mmu *mmu = cpu->mmu;

	return cpu->prefers_user && !mmu->withholding && mmu->policy.denied &&
	       mmu->config.user_filter_works && cpu->role.wp &&
	       mmu_bypasses(mmu, cpu->role);
}

/* The run loop asks for the filter again. */
static void renew(struct mmu_cpu *cpu)
{
	cpu->root_is_new = cpu->state_is_new = true;
}

void filter_withhold(struct mmu *mmu, struct shadow_page *sp)
{
	/* With CR0.WP=0, or unpaged, the second filter does not hold, and the
	   change of that flushes. */
	if (sp->withholds || !sp->role.wp)
		return;
	sp->withholds = true;
	if (!mmu->withholding++ && mmu->cpu->prefers_user)
		renew(mmu->cpu);
}

void filter_forget(struct mmu *mmu, struct shadow_page *sp)
{
	if (!sp->withholds)
		return;
	sp->withholds = false;
	if (!--mmu->withholding && mmu->cpu->prefers_user)
		renew(mmu->cpu);
}

void filter_injected(struct mmu_cpu *cpu, u32 error_code)
{
	u32 bits = error_code & (PFEC_P | PFEC_U | PFEC_RSVD);

	if (bits != (cpu->prefers_user ? 0 : PFEC_P | PFEC_U) ||
	    ++cpu->in_vain <
		    (cpu->prefers_user ? FAULTS_BY_USER : FAULTS_BY_PRESENCE))
		return;
	cpu->in_vain = 0;
	cpu->prefers_user = !cpu->prefers_user;
	renew(cpu);
}

/*
 * With exception-bitmap bit 14 set, a page fault exits if and only if
 * (error code & mask) == match; with the bit clear, if and only if that is not
 * so.
 */
struct mmu_filter mmu_filter(const struct mmu_cpu *cpu)
{
	struct mmu_filter filter = {
		.intercept = true,
		.invlpg = mmu_needs_invlpg(cpu->mmu),
	};

	/*
	 * A change of CR4.PGE flushes, as INVLPG does; the processor does so by
	 * itself. With PAE paging it loads the PDPTEs, too, and the shadow of
	 * 32-bit and unpaged guests is PAE (SDM vol. 3A, 4.4.1).
	 */
	filter.pge_owned = !filter.invlpg && cpu->role.mode == PAGING_4LEVEL;

	/* mask = match = 0: all of them exit. */
	if (mmu_bypasses(cpu->mmu, cpu->role))
		filter.mask = filter.match = PFEC_P;
	if (filters_by_user(cpu)) {
		filter.intercept = false;
		filter.mask = PFEC_U | PFEC_RSVD;
		filter.match = PFEC_U;
	}
	return filter;
}
