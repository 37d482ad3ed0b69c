/* SPDX-License-Identifier: MIT */
#include "mmu/policy.h"

const char *const mmu_rung_names[MMU_RUNGS] = {
	[MMU_CACHED] = "cached",
	[MMU_UPDATE] = "update",
	[MMU_BYPASS] = "bypass",
};

const struct mmu_policy mmu_rung_policies[MMU_RUNGS] = {
	[MMU_CACHED] = { .update = false, .bypass = false },
	[MMU_UPDATE] = { .update = true, .bypass = false },
	[MMU_BYPASS] = { .update = true, .bypass = true },
};
