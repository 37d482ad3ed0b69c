/* SPDX-License-Identifier: MIT */
/* The screen during a run: its refreshes, and the status in its last row. */
#ifndef VMX_REPORT_STATUS_H
#define VMX_REPORT_STATUS_H

#include "lib/types.h"

struct vm;

/* Does what is due at @now, in ns since boot. To be called often. */
void status_tick(struct vm *vm, u64 now);

/*
 * Writes the status row: with the exits a second since the last row, or with
 * those of the whole run if it has ended.
 */
void status_show(struct vm *vm, u64 now);

#endif
