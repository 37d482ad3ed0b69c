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
	/*
	 * Keep the shadows of guest tables, and the tables write-protected so
	 * that they stay true. Without it the shadow is a software TLB, dropped
	 * at every flush of the guest's.
	 */
	bool cache;
	/* Write a guest PTE, and the shadow entry is updated, not dropped. */
	bool update;
	/*
	 * Tell ABSENT from TRAP, and let the processor hand the guest its own
	 * not-present faults without an exit.
	 */
	bool bypass;
	/*
	 * On a fault, fill the entries beside it, too: those of an aligned
	 * window of so many (a power of two up to 512; 1: none).
	 */
	u16 prefetch;
	/*
	 * Hand on what the fault's walk has found to whatever handles it, and
	 * remember the frames of MMIO pages: no second walk.
	 */
	bool nowalk;
};

#define MMU_PREFETCH_OFF 1
#define MMU_PREFETCH_DEFAULT 8
#define MMU_PREFETCH_MAX 512

enum mmu_rung {
	MMU_VTLB,
	MMU_CACHED,
	MMU_UPDATE,
	MMU_BYPASS,
	MMU_PREFETCH,
	MMU_NOWALK,
	MMU_RUNGS
};

/* The name of a rung ("cached"), and what its switches are. */
extern const char *const mmu_rung_names[MMU_RUNGS];
extern const struct mmu_policy mmu_rung_policies[MMU_RUNGS];

#endif
