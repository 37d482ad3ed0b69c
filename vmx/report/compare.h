/* SPDX-License-Identifier: MIT */
/* Two runs of the same guest, side by side. */
#ifndef VMX_REPORT_COMPARE_H
#define VMX_REPORT_COMPARE_H

#include "lib/types.h"

struct vm;

/* The costs of a run, in the order of the table's rows. */
enum run_cost {
	COST_EXITS,
	COST_PAGE_FAULT_EXITS,
	COST_INJECTED,
	COST_MS, /* milliseconds, without those halted */
	COST_ROOT_MS, /* milliseconds in Umbra */
	RUN_COSTS
};

/* Reads the costs of the run of @vm, after its end. */
void compare_read_costs(const struct vm *vm, u64 costs[RUN_COSTS]);

/* Prints both runs, the one without the bypass first. */
void compare_print(const u64 without[RUN_COSTS], const u64 with[RUN_COSTS]);

#endif
