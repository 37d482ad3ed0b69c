/* SPDX-License-Identifier: MIT */
#include "mmu/policy.h"

const char *const mmu_rung_names[MMU_RUNGS] = {
	[MMU_VTLB] = "vtlb",	     [MMU_CACHED] = "cached",
	[MMU_UPDATE] = "update",     [MMU_BYPASS] = "bypass",
	[MMU_PREFETCH] = "prefetch", [MMU_NOWALK] = "nowalk",
	[MMU_CHEAP] = "cheap",	     [MMU_OPEN] = "open",
};

/* Each rung is the one before it and one idea more. */
const struct mmu_policy mmu_rung_policies[MMU_RUNGS] = {
	[MMU_VTLB] = { .prefetch = MMU_PREFETCH_OFF },
	[MMU_CACHED] = { .cache = true, .prefetch = MMU_PREFETCH_OFF },
	[MMU_UPDATE] = { .cache = true,
			 .update = true,
			 .prefetch = MMU_PREFETCH_OFF },
	[MMU_BYPASS] = { .cache = true,
			 .update = true,
			 .bypass = true,
			 .prefetch = MMU_PREFETCH_OFF },
	[MMU_PREFETCH] = { .cache = true,
			   .update = true,
			   .bypass = true,
			   .prefetch = MMU_PREFETCH_DEFAULT },
	[MMU_NOWALK] = { .cache = true,
			 .update = true,
			 .bypass = true,
			 .prefetch = MMU_PREFETCH_DEFAULT,
			 .nowalk = true },
	[MMU_CHEAP] = { .cache = true,
			.update = true,
			.bypass = true,
			.prefetch = MMU_PREFETCH_DEFAULT,
			.nowalk = true,
			.cheap = true },
	[MMU_OPEN] = { .cache = true,
		       .update = true,
		       .bypass = true,
		       .prefetch = MMU_PREFETCH_DEFAULT,
		       .nowalk = true,
		       .cheap = true,
		       .open = true,
		       .prefill = true },
};
