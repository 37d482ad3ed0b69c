/* SPDX-License-Identifier: MIT */
/*
 * The ticks in root mode of each exit, in a histogram for each kind of exit: a
 * bucket is as wide as a quarter of the power of two that it begins at, or
 * less. Pure.
 */
#ifndef VMX_REPORT_COSTS_H
#define VMX_REPORT_COSTS_H

#include "mmu/mmu.h"
#include "vmx/exit_reasons.h"

/*
 * The kind of an exit: its reason, but for page faults what the MMU says of
 * them. So the kind EXIT_EXCEPTION_OR_NMI is without page faults.
 */
#define KIND_FAULT(action) ((u8)(EXIT_REASONS + (action)))
#define EXIT_KINDS (EXIT_REASONS + MMU_MMIO + 1)

#define COST_BUCKETS 124 /* of 32-bit numbers */

struct costs {
	u64 counts[EXIT_KINDS][COST_BUCKETS];
};

static inline u32 cost_bucket(u32 ticks)
{
	u32 shift = 29 - (u32)__builtin_clz(ticks | 4);

	return 4 * shift + (ticks >> shift);
}

/* The number of exits of a kind, and of ticks, rounded down to a bucket. */
struct cost {
	u64 count;
	u64 minimum, median, percentile99;
};

struct cost cost_of(const struct costs *costs, u32 kind);

/* The kind in words: "HLT", "#PF: filled". */
const char *kind_name(u32 kind);

#endif
