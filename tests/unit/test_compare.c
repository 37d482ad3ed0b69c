/* SPDX-License-Identifier: MIT */
/* The costs of a run, as the comparison takes them from its counts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "arch/x86/time.h"
#include "vmx/report/compare.h"
#include "vmx/vm.h"

u64 tsc_hz = 2000000;

static struct vm vm;

/* The time is the run's: the reports after it cost none. */
static void test_costs(void **state)
{
	u64 costs[RUN_COSTS];

	vm.stats.exits_total = 30;
	vm.stats.exits[EXIT_EXCEPTION_OR_NMI] = 20;
	vm.stats.faults_injected[0] = 10;
	vm.stats.started_ns = 500000000;
	vm.stats.ended_ns = 1700000000;
	vm.stats.idle_ns = 200000000;
	vm.stats.root_ticks[EXIT_EXCEPTION_OR_NMI] = 1500;
	vm.stats.root_ticks[EXIT_REASONS - 1] = 500;
	compare_read_costs(&vm, costs);
	assert_int_equal(costs[COST_EXITS], 30);
	assert_int_equal(costs[COST_PAGE_FAULT_EXITS], 20);
	assert_int_equal(costs[COST_INJECTED], 10);
	assert_int_equal(costs[COST_MS], 1000);
	assert_int_equal(costs[COST_ROOT_MS], 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_costs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
