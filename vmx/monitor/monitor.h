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
#include "vmx/monitor/top.h"

struct vm;

/* The rows of the comparison that `mmu` shows. */
#define MONITOR_RATES 7

/* Bytes that have come while Umbra showed the earlier ones. */
struct input {
	u8 bytes[TYPED_SIZE];
	size_t count;
};

/* All zeroes at first. Times are of the guest's run, the prompt's left out. */
struct monitor {
	struct console_keys keys;
	struct line line; /* at the prompt */
	struct input input;
	bool prompted; /* a line is being typed */
	bool runs; /* the guest runs while the prompt is open */
	u32 until; /* kind of the exit that stops it, and 1; 0: none */
	struct top top;
	u64 waited_ns; /* spent in Umbra's prompt, or waiting for gdb */
	u64 costs_since_ns; /* the last reset of vm_stats.costs */
	u64 every_ns; /* show them that often; 0: never */
	/* The last change of the policy, and the counts at that time. */
	bool changed;
	u64 changed_ns;
	u64 changed_counts[MONITOR_RATES];
	u64 before[MONITOR_RATES]; /* the rates a second before it */
};

/* The guest has exited as monitor.until asks: it stops before the next entry. */
void monitor_stop(struct vm *vm);

/*
 * Serves the request in monitor.keys, if there is one. The guest waits
 * meanwhile. To be called between two instructions of the guest's.
 */
void monitor_serve(struct vm *vm);

/* The guest has waited since vm_stats.ended_ns, which becomes the present. */
void monitor_count_wait(struct vm *vm);

#endif
