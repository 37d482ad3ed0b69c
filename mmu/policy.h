/* SPDX-License-Identifier: MIT */
/*
 * The ladder: the history of the shadow pager as data. A rung is a preset of
 * the switches. Every combination of switches is legal, and all of them show
 * the guest the same machine (invariant 7): they differ in exits alone.
 */
#ifndef MMU_POLICY_H
#define MMU_POLICY_H

#include "lib/types.h"

struct mmu_policy {
	/*
	 * Keep the shadows of guest tables, and write-protect the tables, so
	 * that the shadows stay true. Without it the shadow is a software TLB,
	 * which each flush of the guest's empties.
	 */
	bool cache;
	/* When the guest writes a PTE, update the shadow entry; else drop it. */
	bool update;
	/*
	 * Tell ABSENT from TRAP, and let the processor hand the guest its own
	 * not-present faults without an exit.
	 */
	bool bypass;
	/*
	 * On a fault, fill the entries beside the one that faulted, too. The
	 * number of entries of the aligned window: a power of two up to 512. 1
	 * means only the entry that faulted.
	 */
	u16 prefetch;
	/*
	 * Give the result of the fault's walk to the code that handles the
	 * fault, and remember the frames of MMIO pages: no second walk.
	 */
	bool nowalk;
	/*
	 * Shadows of tables cost little. The upper levels carry the rights of
	 * the guest's entries, so that one shadow serves all parents. No shadow
	 * is made before its use. A shadow is given up when the guest has
	 * unlinked its table, and when the guest writes the table of a shadow
	 * that is for another state of the processor.
	 */
	bool cheap;
	/*
	 * Open a page table during a burst of writes: no parent leads to its
	 * shadow, and the guest may write it. Close it at its next use: compare
	 * it with its copy, mend the shadow, and link that again.
	 */
	bool open;
	/* When a table is shadowed, fill each entry that the guest has used. */
	bool prefill;
	/*
	 * Place roots that the guest loads often at the address that the guest
	 * gives them in CR3, so that the processor can load them without an
	 * exit.
	 */
	bool targets;
	/*
	 * While the user's faults by denied rights exit in vain, let all of the
	 * user's faults go straight to the guest instead of all with P=0.
	 */
	bool denied;
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

/* By enum mmu_rung: the rung's name ("cached"; NULL after the last one), and
   its switches. */
extern const char *const mmu_rung_names[MMU_RUNGS + 1];
extern const struct mmu_policy mmu_rung_policies[MMU_RUNGS];

/* Number of members of struct mmu_policy that are on or off. */
#define MMU_SWITCHES 9

/* The switches as the command line names them: "mmu.cache". */
struct mmu_switch {
	const char *name;
	const char *help; /* in a few words */
	size_t offset; /* in struct mmu_policy */
};

extern const struct mmu_switch mmu_switches[MMU_SWITCHES];

bool mmu_switch_get(const struct mmu_policy *policy, unsigned int i);
void mmu_switch_set(struct mmu_policy *policy, unsigned int i, bool on);

/*
 * Returns the window (mmu_policy.prefetch) for @entries, up to
 * MMU_PREFETCH_MAX: the largest power of two that is not above it; 1 for 0.
 */
u16 mmu_prefetch_window(u64 entries);

#endif
