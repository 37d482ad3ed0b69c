/* SPDX-License-Identifier: MIT */
/* The state of the monitor, as struct vm has it. */
#ifndef VMX_MONITOR_SESSION_H
#define VMX_MONITOR_SESSION_H

#include "mmu/view/view.h"
#include "vmx/monitor/keys.h"
#include "vmx/monitor/line.h"
#include "vmx/report/costs.h"

#define TOP_ROWS 24 /* the screen has 25, one is Umbra's status */
#define TOP_ENTRIES 12 /* of each table: around the one in use */
#define TOP_LINE 256 /* 80 columns, with the controls for the emphasis */

/* An entry of the guest's table, and the shadow's. */
struct top_cell {
	u64 gpte, spte;
};

struct top {
	bool on;
	bool held; /* the guest waits, the picture stays */
	u64 next_ns; /* time of the next picture */
	gva_t fault; /* the address that faulted last */
	bool same; /* the last picture had the same address */
	/* The last picture: */
	gva_t gva;
	u64 drawn_ns;
	u64 exits[EXIT_KINDS];
	struct top_cell cells[PT_LEVELS + 1][TOP_ENTRIES];
	char lines[TOP_ROWS][TOP_LINE];
	char shown[TOP_ROWS][TOP_LINE]; /* on the screen; row 0 "": none */
};

/* The event that stops the guest again. */
enum monitor_until {
	UNTIL_NOTHING,
	UNTIL_EXIT, /* of a kind whose name begins with monitor.kind */
	UNTIL_STEP, /* the end of a step */
};

/* Number of rows in the comparison that `mmu` shows. */
#define MONITOR_RATES 7

/* Bytes that have come while Umbra was showing earlier ones. */
struct input {
	u8 bytes[TYPED_SIZE];
	size_t count;
};

/* All zeroes at first. Times are of the guest's run, without the waits. */
struct monitor {
	struct console_keys keys;
	struct line line; /* at the prompt */
	struct input input;
	bool prompted; /* a line is being typed */
	bool runs; /* the guest runs while the prompt is open */
	enum monitor_until until;
	char kind[TYPED_SIZE]; /* as it was typed */
	struct top top;
	u64 waited_ns; /* spent in Umbra's prompt, or waiting for gdb */
	u64 costs_since_ns; /* time of the last reset of vm_stats.costs */
	u64 every_ns; /* time between two tables; 0: none */
	/* The last change of the policy, and the counts at that time. */
	bool changed;
	u64 changed_ns;
	u64 changed_counts[MONITOR_RATES];
	u64 before[MONITOR_RATES]; /* rates a second before it */
};

#endif
