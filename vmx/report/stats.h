/* SPDX-License-Identifier: MIT */
/* The cost of a run, printed at its end. */
#ifndef VMX_REPORT_STATS_H
#define VMX_REPORT_STATS_H

#include "lib/types.h"

struct vm;
struct vm_stats;
struct vmx_exit;

/*
 * Forgets the VMREADs and VMWRITEs so far. Called before the first entry: those
 * before it are charged to no exit.
 */
void stats_forget_traffic(void);

/*
 * Counts the cost of @exit when Umbra is about to enter the guest again; @now
 * is the time-stamp counter. Returns the ticks of the exit, at most 2^32 - 1.
 */
u32 stats_leave_root(struct vm_stats *stats, const struct vmx_exit *exit,
		     u64 now);

/* Prints the statistics of a run, until now or as a whole. */
void stats_print(const struct vm *vm);

#endif
