/* SPDX-License-Identifier: MIT */
#include "arch/x86/time.h"
#include "lib/log.h"
#include "vmx/report/compare.h"
#include "vmx/vm.h"

static const char *const cost_names[RUN_COSTS] = {
	[COST_EXITS] = "VM exits",
	[COST_PAGE_FAULT_EXITS] = "of them exceptions (#PF)",
	[COST_INJECTED] = "not-present #PFs injected",
	[COST_MS] = "ms, without those halted",
	[COST_ROOT_MS] = "of them in Umbra",
};

void compare_read_costs(const struct vm *vm, u64 costs[RUN_COSTS])
{
	u64 run_ns = vm->stats.ended_ns - vm->stats.started_ns, ticks = 0;

	for (u32 reason = 0; reason < EXIT_REASONS; reason++)
		ticks += vm->stats.root_ticks[reason];
	costs[COST_EXITS] = vm->stats.exits_total;
	costs[COST_PAGE_FAULT_EXITS] = vm->stats.exits[EXIT_EXCEPTION_OR_NMI];
	costs[COST_INJECTED] = vm->stats.faults_injected[0];
	costs[COST_MS] = (run_ns - vm->stats.idle_ns) / NS_PER_MS;
	costs[COST_ROOT_MS] = ticks * 1000 / tsc_hz;
}

/* In tenths of a per cent, rounded. */
static u64 tenths_of_percent(u64 part, u64 whole)
{
	return whole ? (part * 1000 + whole / 2) / whole : 0;
}

void compare_print(const u64 without[RUN_COSTS], const u64 with[RUN_COSTS])
{
	log_info(LOG_HEADLINE
		 "--- the same guest without and with the bypass ---");
	log_info("%-26s %14s %14s", "", "mmu.bypass=0", "mmu.bypass=1");
	for (u32 i = 0; i < RUN_COSTS; i++) {
		u64 left = tenths_of_percent(with[i], without[i]);

		log_info("%-26s %14lu %14lu  (%lu.%lu%%)", cost_names[i],
			 without[i], with[i], left / 10, left % 10);
	}
}
