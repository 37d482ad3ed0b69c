/* SPDX-License-Identifier: MIT */
/*
 * A view of the whole screen that refreshes while the guest runs: the tables of
 * the address that faulted last, the guest's entries beside the shadow's, and
 * the exits a second by kind.
 */
#ifndef VMX_MONITOR_TOP_H
#define VMX_MONITOR_TOP_H

#include "lib/types.h"
#include "mmu/view/view.h"
#include "vmx/report/costs.h"

struct vm;

#define TOP_ROWS 24 /* a screen of 25, without Umbra's status */
#define TOP_ENTRIES 12 /* of each table: the one in use, and those around it */
#define TOP_LINE 256 /* 80 columns, with the controls for the emphasis */

/* An entry of each of the two tables. */
struct top_cell {
	u64 gpte, spte;
};

struct top {
	bool on;
	u64 next_ns; /* when to draw */
	gva_t fault; /* the address that faulted last */
	bool same; /* so did the one before */
	/* The last picture: */
	gva_t gva;
	u64 drawn_ns;
	u64 exits[EXIT_KINDS];
	struct top_cell cells[PT_LEVELS + 1][TOP_ENTRIES];
	char lines[TOP_ROWS][TOP_LINE];
	char shown[TOP_ROWS][TOP_LINE]; /* on the screen, as far as it is */
};

/* Draws monitor.top.lines; "" where there is nothing. */
void top_draw(struct vm *vm);

/* A key: q ends, + and - change the rung, 1 to 8 the switches. */
void top_key(struct vm *vm, u8 key);

#endif
