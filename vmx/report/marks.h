/* SPDX-License-Identifier: MIT */
/* The counts at a moment since which a report counts, as struct vm has them. */
#ifndef VMX_REPORT_MARKS_H
#define VMX_REPORT_MARKS_H

#include "mmu/view/view.h"

/* At the start of an operation of the guest. */
struct operation {
	bool begun;
	bool shown; /* one operation or more */
	u64 first_record; /* number of its first record in the trace */
	struct mmu_view view;
	struct mmu_stats mmu;
	u64 tsc;
	u64 root_ticks; /* for all exits */
	u64 other_ticks; /* for exits that are not the operation's */
	u64 faults_taken;
	u64 faults_injected;
};

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

#endif
