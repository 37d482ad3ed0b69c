/* SPDX-License-Identifier: MIT */
/* The page-fault filter that the state and the policy allow: docs/mmu.md. */
#include "tests/model/access.h"

/* All faults must exit, or those with P=1. */
static bool bypass_is_expected(const struct model *m)
{
	const struct mmu_policy *policy = mmu_policy(m->mmu);
	enum reference_mode mode = reference_mode(&m->ref);
	bool leaf_depends = mode == MODE_4LEVEL && (m->ref.efer & EFER_NXE);

	return policy->cache && policy->bypass && mode != MODE_UNPAGED &&
	       m->config.filter_works &&
	       (!leaf_depends || m->config.leaf_trap_present);
}

/* The filter by U needs one more thing: rights that the processor judges. */
static bool user_filter_is_possible(const struct model *m)
{
	return bypass_is_expected(m) && mmu_policy(m->mmu)->denied &&
	       m->config.user_filter_works && (m->ref.cr0 & CR0_WP);
}

bool model_filter_is_expected(const struct model *m)
{
	const struct mmu_filter *filter = &m->filter;
	bool cache = mmu_policy(m->mmu)->cache;
	u32 bypass = bypass_is_expected(m) ? PFEC_P : 0;

	if (filter->invlpg == cache ||
	    filter->pge_owned !=
		    (cache && reference_mode(&m->ref) == MODE_4LEVEL))
		return false;
	if (filter->intercept)
		return filter->mask == bypass && filter->match == bypass;
	return user_filter_is_possible(m) &&
	       filter->mask == (PFEC_U | PFEC_RSVD) && filter->match == PFEC_U;
}
