/* SPDX-License-Identifier: MIT */
/*
 * The ticks in root mode of each exit, in a histogram for each kind of exit. Up
 * to 7 ticks each number has a bucket of its own; above, each range from a
 * power of two to the next has four buckets of equal width. Pure.
 */
#ifndef VMX_REPORT_COSTS_H
#define VMX_REPORT_COSTS_H

#include "mmu/mmu.h"
#include "vmx/exit_reasons.h"

/*
 * The kind of an exit: its reason, or for a page fault the MMU's answer. So the
 * kind EXIT_EXCEPTION_OR_NMI has no page faults.
 */
#define KIND_FAULT(action) ((u8)(EXIT_REASONS + (action)))
#define EXIT_KINDS (EXIT_REASONS + MMU_MMIO + 1)

/*
 * For all 32-bit numbers 124 are enough. The power of two makes the place of a
 * bucket cheaper to find.
 */
#define COST_BUCKETS 128

struct costs {
	u64 counts[EXIT_KINDS][COST_BUCKETS];
};

static inline u32 cost_bucket(u32 ticks)
{
	u32 shift = 29 - (u32)__builtin_clz(ticks | 4);

	return 4 * shift + (ticks >> shift);
}

/*
 * The number of exits of a kind; their ticks, rounded down to the start of a
 * bucket.
 */
struct cost {
	u64 count;
	u64 minimum, median, percentile99;
};

/* Returns the costs of @kind, below EXIT_KINDS; all 0 without an exit. */
struct cost cost_of(const struct costs *costs, u32 kind);

/* Returns the name of the kind: "HLT", "#PF: filled". */
const char *kind_name(u32 kind);

#endif
