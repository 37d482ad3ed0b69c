/* SPDX-License-Identifier: MIT */
/* The screen during a run: its refreshes, and the status in its last row. */
#ifndef VMX_REPORT_STATUS_H
#define VMX_REPORT_STATUS_H

#include "lib/types.h"

struct vm;

enum status_kind {
	STATUS_OTHER,
	STATUS_EXCEPTION,
	STATUS_IO,
	STATUS_CR,
	STATUS_MSR,
	STATUS_HLT,
	STATUS_INTERRUPT,
	STATUS_KINDS
};

struct status {
	u64 next_refresh, next_line, last_line; /* in ns since boot */
	u64 exits[STATUS_KINDS]; /* as of the last line */
};

/* Call it often; `now` is in ns since boot. It does what is due, if anything. */
void status_tick(struct vm *vm, u64 now);

#endif
