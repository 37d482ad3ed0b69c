/* SPDX-License-Identifier: MIT */
#include "arch/x86/cpu.h"
#include "arch/x86/time.h"
#include "vmx/vm.h"
#include "lib/log.h"
#include "lib/printf.h"
#include "vmx/report/rung.h"
#include "vmx/report/stats.h"

#define ROW_SIZE 120 /* enough for numbers of any length */

void stats_forget_traffic(void)
{
	vmcs_traffic = (struct vmcs_traffic){ 0 };
}

/* Adds the VMREADs and VMWRITEs since the last entry to *@sum. */
static void count_traffic(struct vmcs_traffic *sum)
{
	sum->reads += vmcs_traffic.reads;
	sum->writes += vmcs_traffic.writes;
	stats_forget_traffic();
}

u32 stats_leave_root(struct vm_stats *stats, const struct vmx_exit *exit,
		     u64 now)
{
	u64 ticks;
	u32 shown;

	count_traffic(&stats->traffic[exit->reason]);
	ticks = now - exit->tsc;
	stats->root_ticks[exit->reason] += ticks;
	shown = (u32)MIN(ticks, ~0U);
	stats->costs.counts[exit->kind][cost_bucket(shown)]++;
	return shown;
}

/* Returns @sum / @count in tenths, rounded. */
static u64 tenths(u64 sum, u64 count)
{
	return (sum * 10 + count / 2) / count;
}

static void print_exits(const struct vm_stats *stats)
{
	/* A line fits a screen of 80 columns, after "umbra: ". */
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

/* A name and its number. */
struct cell {
	const char *name; /* NULL: the cell is empty */
	u64 count;
};

#define CELLS 3

static void print_row(const char *head, const struct cell cells[CELLS])
{
	char line[ROW_SIZE];

	snprintf(line, sizeof(line), "%-13s", head);
	for (u32 i = 0; i < CELLS && cells[i].name; i++)
		snappend(line, sizeof(line), " %-9s %8lu", cells[i].name,
			 cells[i].count);
	log_info("%s", line);
}

#define ROW(head, ...)                                                         \
	print_row(head, (const struct cell[CELLS]){ __VA_ARGS__ })

static void print_faults(const struct vm_stats *vm, const struct mmu_stats *s)
{
	const u64 *injected = vm->faults_injected;

	/*
	 * By the shadow's entry; the guest's may be not present in all three.
	 */
	ROW("#PF exits", { "unfilled", s->faults_trap },
	    { "rights", s->faults_protection },
	    { "absent", s->faults_not_present });
	/*
	 * Umbra sees the faults that bypass it only if the guest tells its
	 * count.
	 */
	ROW("#PFs injected", { "P=0", injected[0] },
	    { "P=1", injected[PFEC_P] },
	    { vm->faults_taken ? "bypassed" : NULL, faults_bypassed(vm) });
}

static void print_mmu(const struct mmu_stats *s)
{
	ROW("MMIO", { "faults", s->faults_mmio }, { "known", s->mmio_hits });
	ROW("entries", { "filled", s->fills }, { "beside", s->prefetches },
	    { "updated", s->updates });
	ROW("", { "prefilled", s->prefills }, { "large", s->large_fills },
	    { "split", s->splits });
	ROW("table writes", { "entries", s->table_writes },
	    { "unwalked", s->held_hits }, { "unshadow", s->unshadowed });
	ROW("page tables", { "opened", s->opened }, { "closed", s->closed },
	    { "mended", s->mended });
	ROW("guest walks", { "faults", s->walks_fault },
	    { "data", s->walks_data }, { "code", s->walks_fetch });
	ROW("shadow pages", { "made", s->pages_made },
	    { "in use", s->pages_in_use }, { "reclaimed", s->reclaimed });
	ROW("roots", { "found", s->roots }, { "placed", s->placed });
}

void stats_print(const struct vm *vm)
{
	u64 ms = (vm->stats.ended_ns - vm->stats.started_ns) / NS_PER_MS;
	u64 idle_ms = vm->stats.idle_ns / NS_PER_MS;

	char words[RUNG_WORDS_SIZE];

	rung_words(mmu_policy(vm->mmu), words);
	log_info(LOG_HEADLINE "--- statistics of %s, %s%s ---", vm->name, words,
		 vm->stats.rung_changed ? " after other rungs" : "");
	print_exits(&vm->stats);
	print_faults(&vm->stats, mmu_stats(vm->mmu));
	print_mmu(mmu_stats(vm->mmu));
	if (vm->stats.unfiltered)
		log_info("page faults that exited against the filter: %lu",
			 vm->stats.unfiltered);
	ROW("processor", { "events", vm->stats.interrupts },
	    { "flushes", mmu_stats(vm->mmu)->flushes },
	    { "INVVPIDs", vm->vcpu.invvpids });
	log_info("time: %lu.%03lu s, of which %lu.%03lu s halted", ms / 1000,
		 ms % 1000, idle_ms / 1000, idle_ms % 1000);
}
