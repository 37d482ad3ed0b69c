/* SPDX-License-Identifier: MIT */
/* The cost of exits: how it is counted, and the report at the end of a run. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <cmocka.h>

#include "fake_processor.h"
#include "log_checks.h"
#include "mmu_world.h"

static struct vmcs_traffic vmcs_traffic;
#define log_info log_to_text
#include "vmx/report/stats.c"
#undef log_info

static struct vm vm;

static int set_up(void **state)
{
	memset(&vm, 0, sizeof(vm));
	memset(&fake, 0, sizeof(fake));
	memset(&vmcs_traffic, 0, sizeof(vmcs_traffic));
	log_text[0] = '\0';
	world_create(&mmu_rung_policies[MMU_NOWALK], 64, true);
	vm.mmu = world_mmu;
	vm.name = "test";
	return 0;
}

/*
 * An exit, and the next entry @ticks later, with @reads VMREADs and @writes
 * VMWRITEs in between. Returns the ticks for the trace.
 */
static u32 exit_costs(u8 reason, u8 kind, u64 ticks, u32 reads, u32 writes)
{
	const struct vmx_exit exit = { .tsc = 1000,
				       .reason = reason,
				       .kind = kind };

	vm.stats.exits_total++;
	vm.stats.exits[reason]++;
	vmcs_traffic.reads += reads;
	vmcs_traffic.writes += writes;
	return stats_leave_root(&vm.stats, &exit, exit.tsc + ticks);
}

/* --- Counting --------------------------------------------------------------- */

/* The time before the first entry is charged to no exit. */
static void first_entry(void **state)
{
	vmcs_traffic.reads = 300;
	vmcs_traffic.writes = 200;
	stats_forget_traffic();
	exit_costs(EXIT_CPUID, EXIT_CPUID, 10, 4, 3);
	assert_int_equal(vm.stats.traffic[EXIT_CPUID].reads, 4);
	assert_int_equal(vm.stats.traffic[EXIT_CPUID].writes, 3);
}

/* By reason; and in the distribution by kind, which splits page faults. */
static void by_reason_and_kind(void **state)
{
	u8 filled = KIND_FAULT(MMU_RESUME);

	assert_int_equal(exit_costs(EXIT_EXCEPTION_OR_NMI, filled, 100, 8, 2),
			 100);
	assert_int_equal(exit_costs(EXIT_EXCEPTION_OR_NMI,
				    EXIT_EXCEPTION_OR_NMI, 300, 2, 1),
			 300);
	assert_int_equal(exit_costs(EXIT_CPUID, EXIT_CPUID, 50, 1, 0), 50);
	assert_int_equal(vm.stats.root_ticks[EXIT_EXCEPTION_OR_NMI], 400);
	assert_int_equal(vm.stats.root_ticks[EXIT_CPUID], 50);
	assert_int_equal(vm.stats.traffic[EXIT_EXCEPTION_OR_NMI].reads, 10);
	assert_int_equal(vm.stats.traffic[EXIT_EXCEPTION_OR_NMI].writes, 3);
	assert_int_equal(vm.stats.traffic[EXIT_CPUID].reads, 1);
	assert_int_equal(vm.stats.costs.counts[filled][cost_bucket(100)], 1);
	assert_int_equal(
		vm.stats.costs.counts[EXIT_EXCEPTION_OR_NMI][cost_bucket(300)],
		1);
	assert_int_equal(vm.stats.costs.counts[EXIT_CPUID][cost_bucket(50)], 1);
}

/* The trace has 32 bits for the ticks; the sum has all of them. */
static void long_exit(void **state)
{
	assert_int_equal(exit_costs(EXIT_HLT, EXIT_HLT, 5ULL << 32, 0, 0), ~0U);
	assert_int_equal(vm.stats.root_ticks[EXIT_HLT], 5ULL << 32);
	assert_int_equal(vm.stats.costs.counts[EXIT_HLT][cost_bucket(~0U)], 1);
}

/* --- The report ------------------------------------------------------------- */

static void exits_are_averages(void **state)
{
	exit_costs(EXIT_CPUID, EXIT_CPUID, 100, 4, 1);
	exit_costs(EXIT_CPUID, EXIT_CPUID, 200, 5, 1);
	exit_costs(EXIT_CPUID, EXIT_CPUID, 301, 5, 0);
	exit_costs(EXIT_HLT, EXIT_HLT, 7, 12, 20);
	print_exits(&vm.stats);
	assert_log_has("exits: 4;");
	/* 14 / 3 and 2 / 3, rounded to tenths. */
	assert_log_has(
		"  CPUID                                3       200     4.7     "
		"0.7\n");
	assert_log_has(
		"  HLT                                  1         7    12.0    "
		"20.0\n");
	assert_log_lacks("RDMSR");
}

static void whole_report(void **state)
{
	struct mmu_stats *mmu = &world_mmu->stats;

	vm.stats.started_ns = 2 * NS_PER_MS;
	vm.stats.ended_ns = 3007 * NS_PER_MS;
	vm.stats.idle_ns = 1050 * NS_PER_MS;
	vm.stats.faults_injected[0] = 4;
	vm.stats.faults_injected[PFEC_P] = 5;
	vm.vcpu.invvpids = 9;
	vm.stats.interrupts = 11;
	mmu->faults_trap = 1234567;
	mmu->flushes = 8;
	mmu->opened = 21;
	mmu->closed = 22;
	mmu->mended = 23;
	stats_print(&vm);
	assert_log_has("--- statistics of test, mmu=nowalk ---");
	assert_log_has("#PF exits     unfilled   1234567 rights           0");
	assert_log_has("#PFs injected P=0              4 P=1              5\n");
	assert_log_has(
		"page tables   opened          21 closed          22 mended    "
		"      23");
	assert_log_has(
		"processor     events          11 flushes          8 INVVPIDs  "
		"       9");
	assert_log_has("time: 3.005 s, of which 1.050 s halted");
	assert_log_lacks("against the filter");
}

/* If a guest counts its faults, the report has those that do not exit. */
static void bypassed_faults(void **state)
{
	vm.stats.faults_injected[0] = 4;
	vm.stats.faults_injected[PFEC_P] = 5;
	vm.stats.faults_taken = 20;
	vm.stats.rung_changed = true;
	vm.stats.unfiltered = 3;
	stats_print(&vm);
	assert_log_has("P=1              5 bypassed        11\n");
	assert_log_has("after other rungs ---");
	assert_log_has("page faults that exited against the filter: 3\n");
}

#define TEST(name) cmocka_unit_test_setup(name, set_up)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(first_entry),  TEST(by_reason_and_kind),
		TEST(long_exit),    TEST(exits_are_averages),
		TEST(whole_report), TEST(bypassed_faults),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
