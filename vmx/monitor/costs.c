/* SPDX-License-Identifier: MIT */
/* The exits since the last reset, with their rates and their costs. */
#include "arch/x86/time.h"
#include "lib/log.h"
#include "lib/parse.h"
#include "lib/string.h"
#include "vmx/monitor/commands.h"
#include "vmx/vm.h"

#define SECONDS_MAX 3600

u64 monitor_ran_ns(const struct vm *vm)
{
	return vm->stats.ended_ns - vm->stats.started_ns -
	       vm->monitor.waited_ns;
}

void monitor_count_wait(struct vm *vm)
{
	u64 now = time_ns();

	vm->monitor.waited_ns += now - vm->stats.ended_ns;
	vm->stats.ended_ns = now;
}

u64 per_second(u64 count, u64 ns)
{
	return count * 1000 / MAX(ns / NS_PER_MS, 1ULL);
}

static void print_costs(const struct vm *vm)
{
	u64 ns = monitor_ran_ns(vm) - vm->monitor.costs_since_ns, total = 0;

	log_info("  %-27s %10s %8s %6s %6s %8s", "ticks of each", "exits",
		 "a second", "least", "median", "99 %");
	for (u32 kind = 0; kind < EXIT_KINDS; kind++) {
		struct cost cost = cost_of(&vm->stats.costs, kind);

		total += cost.count;
		if (cost.count)
			log_info("  %-27s %10lu %8lu %6lu %6lu %8lu",
				 kind_name(kind), cost.count,
				 per_second(cost.count, ns), cost.minimum,
				 cost.median, cost.percentile99);
	}
	if (vm->stats.faults_taken)
		log_info("  %-27s %10lu  ever, by the guest's own count",
			 "#PF: bypassed", faults_bypassed(&vm->stats));
	log_info("  %-27s %10lu %8lu  in %lu ms", "all", total,
		 per_second(total, ns), (u64)(ns / NS_PER_MS));
}

static void reset_costs(struct vm *vm)
{
	memset(&vm->stats.costs, 0, sizeof(vm->stats.costs));
	vm->monitor.costs_since_ns = monitor_ran_ns(vm);
}

HANDLER(exits)
{
	u64 seconds;

	if (count == 1) {
		print_costs(vm);
		return true;
	}
	if (count == 3) {
		if (strcmp(words[1], "every") ||
		    !parse_number(words[2], 10, SECONDS_MAX, &seconds))
			return false;
		vm->monitor.every_ns = seconds * NS_PER_SEC;
		if (!seconds) { /* the counts go on */
			log_info("exits are shown no more");
			return true;
		}
	} else if (strcmp(words[1], "reset")) {
		return false;
	}
	reset_costs(vm);
	log_info("exits are counted from now on");
	return true;
}

bool monitor_tick(struct vm *vm)
{
	if (!vm->monitor.every_ns ||
	    monitor_ran_ns(vm) - vm->monitor.costs_since_ns <
		    vm->monitor.every_ns)
		return false;
	print_costs(vm);
	reset_costs(vm);
	return true;
}
