/* SPDX-License-Identifier: MIT */
/* The screen during a run: its refreshes, and the status in its last row. */
#ifndef VMX_REPORT_STATUS_H
#define VMX_REPORT_STATUS_H

#include "lib/types.h"

struct vm;

/* Call it often; `now` is in ns since boot. It does what is due, if anything. */
void status_tick(struct vm *vm, u64 now);

/*
 * Writes the row: with the exits of a second since the last row, or with those
 * of the whole run if it has ended.
 */
void status_show(struct vm *vm, u64 now);

#endif
