/* SPDX-License-Identifier: MIT */
/*
 * The monitor: what a person asks for at the console while the guest runs, by
 * Ctrl-A and a key, or by commands at a prompt. It reads and changes state by
 * the functions that the rest of Umbra uses.
 */
#ifndef VMX_MONITOR_MONITOR_H
#define VMX_MONITOR_MONITOR_H

#include "lib/types.h"
#include "vmx/monitor/keys.h"
#include "vmx/monitor/line.h"

struct vm;

/* The rows of the comparison that `mmu` shows. */
#define MONITOR_RATES 7

/* All zeroes at first. Times are of the guest's run, the prompt's left out. */
struct monitor {
	struct console_keys keys;
	struct line line; /* at the prompt */
	u64 waited_ns; /* spent in Umbra's prompt */
	u64 costs_since_ns; /* the last reset of vm_stats.costs */
	u64 every_ns; /* show them that often; 0: never */
	/* The last change of the policy, and the counts at that time. */
	bool changed;
	u64 changed_ns;
	u64 changed_counts[MONITOR_RATES];
	u64 before[MONITOR_RATES]; /* the rates a second before it */
};

/*
 * Serves the request in monitor.keys, if there is one. The guest waits
 * meanwhile. To be called between two instructions of the guest's.
 */
void monitor_serve(struct vm *vm);

#endif
