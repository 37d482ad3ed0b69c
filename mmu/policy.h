/* SPDX-License-Identifier: MIT */
/*
 * The ladder: the history of the shadow pager as data. A rung is a preset of
 * the switches; every combination is legal and shows the guest the same
 * machine (invariant 7), they differ in exits alone.
 */
#ifndef MMU_POLICY_H
#define MMU_POLICY_H

#include "lib/types.h"

struct mmu_policy {
	/* Write a guest PTE, and the shadow entry is updated, not dropped. */
	bool update;
	/*
	 * Tell ABSENT from TRAP, and let the processor hand the guest its own
	 * not-present faults without an exit.
	 */
	bool bypass;
};

enum mmu_rung { MMU_CACHED, MMU_UPDATE, MMU_BYPASS, MMU_RUNGS };

/* The name of a rung ("cached"), and what its switches are. */
extern const char *const mmu_rung_names[MMU_RUNGS];
extern const struct mmu_policy mmu_rung_policies[MMU_RUNGS];

#endif
