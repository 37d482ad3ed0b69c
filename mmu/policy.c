/* SPDX-License-Identifier: MIT */
#include "mmu/policy.h"

const char *const mmu_rung_names[MMU_RUNGS] = {
	[MMU_VTLB] = "vtlb",	     [MMU_CACHED] = "cached",
	[MMU_UPDATE] = "update",     [MMU_BYPASS] = "bypass",
	[MMU_PREFETCH] = "prefetch", [MMU_NOWALK] = "nowalk",
	[MMU_CHEAP] = "cheap",	     [MMU_OPEN] = "open",
	[MMU_TARGETS] = "targets",
};

/* Each rung is the one before it and one idea more. */
#define CACHED .cache = true
#define UPDATE CACHED, .update = true
#define BYPASS UPDATE, .bypass = true
#define NOWALK BYPASS, .nowalk = true
#define CHEAP NOWALK, .cheap = true
#define OPEN CHEAP, .open = true, .prefill = true
#define TARGETS OPEN, .targets = true

const struct mmu_policy mmu_rung_policies[MMU_RUNGS] = {
	[MMU_VTLB] = { .prefetch = MMU_PREFETCH_OFF },
	[MMU_CACHED] = { CACHED, .prefetch = MMU_PREFETCH_OFF },
	[MMU_UPDATE] = { UPDATE, .prefetch = MMU_PREFETCH_OFF },
	[MMU_BYPASS] = { BYPASS, .prefetch = MMU_PREFETCH_OFF },
	[MMU_PREFETCH] = { BYPASS, .prefetch = MMU_PREFETCH_DEFAULT },
	[MMU_NOWALK] = { NOWALK, .prefetch = MMU_PREFETCH_DEFAULT },
	[MMU_CHEAP] = { CHEAP, .prefetch = MMU_PREFETCH_DEFAULT },
	[MMU_OPEN] = { OPEN, .prefetch = MMU_PREFETCH_DEFAULT },
	[MMU_TARGETS] = { TARGETS, .prefetch = MMU_PREFETCH_DEFAULT },
};
