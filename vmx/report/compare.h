/* SPDX-License-Identifier: MIT */
/* Two runs of the same guest, side by side. */
#ifndef VMX_REPORT_COMPARE_H
#define VMX_REPORT_COMPARE_H

#include "lib/types.h"

struct vm;

/* The cost of a run, in the order of the table's rows. */
enum run_cost {
	COST_EXITS,
	COST_PAGE_FAULT_EXITS,
	COST_INJECTED,
	COST_MS, /* milliseconds, but for those halted */
	COST_ROOT_MS, /* those of them in Umbra */
	RUN_COSTS
};

/* After the run of @vm. */
void compare_read_costs(const struct vm *vm, u64 costs[RUN_COSTS]);

/* Prints both, the run without the bypass first. */
void compare_print(const u64 without[RUN_COSTS], const u64 with[RUN_COSTS]);

#endif
