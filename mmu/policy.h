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
	 * window of this number (a power of two up to 512; 1: none).
	 */
	u16 prefetch;
	/*
	 * Hand on the result of the fault's walk to the code that handles it,
	 * and remember the frames of MMIO pages: no second walk.
	 */
	bool nowalk;
	/*
	 * Shadows of tables cost little: those of upper levels carry the rights
	 * of the guest's entries, so that one shadow serves all parents; none is
	 * made ahead of its use; none is kept that the guest has unlinked, or
	 * that is for another state of the processor when its table is written.
	 */
	bool cheap;
	/*
	 * A page table under a burst of writes is opened: off its parents, and
	 * writable. At its next use it is closed: compared, mended and linked.
	 */
	bool open;
	/* When a table is shadowed, fill each entry that the guest has used. */
	bool prefill;
	/*
	 * Roots that the guest loads often lie at the guest's own address, so
	 * that the processor can load them without an exit.
	 */
	bool targets;
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
	MMU_CHEAP,
	MMU_OPEN,
	MMU_TARGETS,
	MMU_RUNGS
};

/* The name of a rung ("cached"; NULL behind the last), and its switches. */
extern const char *const mmu_rung_names[MMU_RUNGS + 1];
extern const struct mmu_policy mmu_rung_policies[MMU_RUNGS];

/* Number of members of struct mmu_policy that are on or off. */
#define MMU_SWITCHES 8

/* The switches as the command line names them: "mmu.cache". */
struct mmu_switch {
	const char *name;
	const char *help; /* half a line */
	size_t offset; /* in struct mmu_policy */
};

extern const struct mmu_switch mmu_switches[MMU_SWITCHES];

bool mmu_switch_get(const struct mmu_policy *policy, unsigned int i);
void mmu_switch_set(struct mmu_policy *policy, unsigned int i, bool on);

/*
 * The window (mmu_policy.prefetch) for @entries, up to MMU_PREFETCH_MAX: the
 * power of two that is not above it. 0 and 1 mean only the entry that faulted.
 */
u16 mmu_prefetch_window(u64 entries);

#endif
