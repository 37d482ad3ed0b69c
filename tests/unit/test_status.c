/* SPDX-License-Identifier: MIT */
/* The status row: its figures while the guest runs, and after its end. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "arch/x86/console/screen.h"
#include "vmx/report/status.h"
#include "lib/string.h"
#include "vmx/vm.h"

#define START (2 * NS_PER_SEC)

static struct vm vm;
static struct mmu_stats counts = { .pages_in_use = 102 };
static char row[200];

struct mmu_stats *mmu_stats(struct mmu *mmu)
{
	return &counts;
}

const struct mmu_policy *mmu_policy(const struct mmu *mmu)
{
	return &mmu_rung_policies[MMU_BYPASS];
}

void screen_status(const char *text)
{
	strncpy(row, text, sizeof(row) - 1);
}

void screen_refresh(void)
{
}

/* A run that has lasted three seconds and has had 30 exits. */
static int set_up(void **state)
{
	vm = (struct vm){ .memory_bytes = 64 * MIB, .shadow_pages = 256 };
	vm.stats.started_ns = vm.status.last_line = START;
	vm.stats.faults_injected[0] = 3;
	vm.stats.faults_injected[PFEC_P] = 4;
	vm.stats.exits[EXIT_EXCEPTION_OR_NMI] = 12;
	vm.stats.exits[EXIT_RDMSR] = 5;
	vm.stats.exits[EXIT_WRMSR] = 4;
	vm.stats.exits[EXIT_CPUID] = 9;
	return 0;
}

static void a_running_guest_has_rates(void **state)
{
	status_tick(&vm, START + 3 * NS_PER_SEC);
	assert_string_equal(row,
			    "Umbra bypass 0:00:03  64 MiB  shadow 102/256  "
			    "injected 7  10 exits/s: #PF=4 I/O=0 CR=0 "
			    "MSR=3 HLT=0 irq=0 other=3");
	vm.stats.exits[EXIT_HLT] = 8;
	status_tick(&vm, START + 5 * NS_PER_SEC);
	assert_string_equal(row,
			    "Umbra bypass 0:00:05  64 MiB  shadow 102/256  "
			    "injected 7  4 exits/s: #PF=0 I/O=0 CR=0 "
			    "MSR=0 HLT=4 irq=0 other=0");
}

/* A second has not passed: the row stays. */
static void a_row_stays_for_a_second(void **state)
{
	status_tick(&vm, START);
	row[0] = '\0';
	status_tick(&vm, START + NS_PER_SEC / 2);
	assert_string_equal(row, "");
}

/* After a short run the row shows its exits, not a rate. */
static void an_ended_guest_has_its_exits(void **state)
{
	status_tick(&vm, START);
	vm.ended = true;
	vm.stats.faults_taken = 20;
	status_show(&vm, START + NS_PER_SEC / 2);
	assert_string_equal(row,
			    "Umbra bypass 0:00:00  64 MiB  shadow 102/256  "
			    "injected 7  bypassed 13  30 exits: #PF=12 "
			    "I/O=0 CR=0 MSR=9 HLT=0 irq=0 other=9");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(a_running_guest_has_rates, set_up),
		cmocka_unit_test_setup(a_row_stays_for_a_second, set_up),
		cmocka_unit_test_setup(an_ended_guest_has_its_exits, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
