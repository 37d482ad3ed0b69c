/* SPDX-License-Identifier: MIT */
#include "arch/x86/cpu.h"
#include "arch/x86/time.h"
#include "vmx/vm.h"
#include "lib/log.h"
#include "vmx/report/rung.h"
#include "vmx/report/stats.h"

#define NS_PER_MS 1000000

static void count_traffic(struct vm_stats *stats, u32 reason)
{
	struct vmcs_traffic *sum = &stats->traffic[reason];

	sum->reads += vmcs_traffic.reads - stats->traffic_before.reads;
	sum->writes += vmcs_traffic.writes - stats->traffic_before.writes;
	stats->traffic_before = vmcs_traffic;
}

void stats_leave_root(struct vm_stats *stats, const struct vmx_exit *exit)
{
	if (!exit->tsc) { /* this is the first entry */
		stats->traffic_before = vmcs_traffic;
		return;
	}
	count_traffic(stats, exit->reason);
	stats->root_ticks[exit->reason] += rdtsc() - exit->tsc;
}

/* @sum / @count, in tenths. */
static u64 tenths(u64 sum, u64 count)
{
	return (sum * 10 + count / 2) / count;
}

static void print_exits(const struct vm_stats *stats)
{
	/* A line fits a screen of 80 columns, behind "umbra: ". */
	log_info("exits: %lu; on average, ticks, VMREADs and VMWRITEs of each",
		 stats->exits_total);
	for (u32 reason = 0; reason < EXIT_REASONS; reason++) {
		const struct vmcs_traffic *traffic = &stats->traffic[reason];
		u64 count = stats->exits[reason], reads, writes;

		if (!count)
			continue;
		reads = tenths(traffic->reads, count);
		writes = tenths(traffic->writes, count);
		log_info("  %-27s %10lu %9lu %5lu.%lu %5lu.%lu",
			 vmx_exit_name(reason), count,
			 stats->root_ticks[reason] / count, reads / 10,
			 reads % 10, writes / 10, writes % 10);
	}
}

static void print_mmu(const struct mmu_stats *s)
{
	/* By the shadow's entry; the guest's may be not present in each case. */
	log_info("page-fault exits: %lu ABSENT, %lu TRAP (unfilled), "
		 "%lu protection; of all these %lu MMIO (%lu remembered)",
		 s->faults_not_present, s->faults_trap, s->faults_protection,
		 s->faults_mmio, s->mmio_hits);
	log_info("guest page faults injected: %lu not-present, %lu others",
		 s->injected_not_present, s->injected_other);
	log_info("guest walks: %lu for faults, %lu for data, %lu for code",
		 s->walks_fault, s->walks_data, s->walks_fetch);
	log_info("table writes without a walk: %lu", s->held_hits);
	log_info(
		"shadow entries: %lu filled on a fault (%lu large), %lu beside "
		"one, %lu on a write; %lu table writes; %lu split",
		s->fills, s->large_fills, s->prefetches, s->updates,
		s->table_writes, s->splits);
	log_info("shadow pages: %lu made, %lu in use, %lu unshadowed, "
		 "%lu reclaimed",
		 s->pages_made, s->pages_in_use, s->unshadowed, s->reclaimed);
	log_info("page tables: %lu opened, %lu closed, %lu entries mended, "
		 "%lu prefilled",
		 s->opened, s->closed, s->mended, s->prefills);
	log_info("shadow roots: %lu looked up, %lu placed", s->roots,
		 s->placed);
}

void stats_print(const struct vm *vm)
{
	u64 ms = (time_ns() - vm->stats.started_ns) / NS_PER_MS;
	u64 idle_ms = vm->stats.idle_ns / NS_PER_MS;

	char words[RUNG_WORDS_SIZE];

	rung_words(mmu_policy(vm->mmu), words);
	log_info("--- statistics of %s, %s%s ---", vm->name, words,
		 vm->stats.rung_changed ? " after other rungs" : "");
	print_exits(&vm->stats);
	print_mmu(mmu_stats(vm->mmu));
	if (vm->stats.unfiltered)
		log_info("page faults that exited against the filter: %lu",
			 vm->stats.unfiltered);
	log_info("interrupts injected: %lu; TLB: %lu flushes, %lu INVVPIDs",
		 vm->stats.interrupts, mmu_stats(vm->mmu)->flushes,
		 vm->vcpu.invvpids);
	log_info("time: %lu.%03lu s, of which %lu.%03lu s halted", ms / 1000,
		 ms % 1000, idle_ms / 1000, idle_ms % 1000);
}
