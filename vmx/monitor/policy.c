/* SPDX-License-Identifier: MIT */
#include "lib/log.h"
#include "lib/string.h"
#include "vmx/exit.h"
#include "vmx/monitor/commands.h"
#include "vmx/monitor/parse.h"
#include "vmx/report/rung.h"
#include "vmx/vm.h"

static void print_policy(const struct mmu_policy *policy)
{
	char words[RUNG_WORDS_SIZE];

	rung_words(policy, words);
	log_info("%s", words);
	for (u32 i = 0; i < MMU_SWITCHES; i++)
		log_info("  %-14s %3u  %s", mmu_switches[i].name,
			 mmu_switch_get(policy, i), mmu_switches[i].help);
	log_info("  %-14s %3u  %s", "mmu.prefetch", policy->prefetch,
		 "entries that are filled on a fault");
}

static const char *const rate_names[MONITOR_RATES] = {
	"exits",	"#PFs injected", "#PF exits",	"entries filled",
	"table writes", "CR accesses",	 "guest walks",
};

static void read_counts(const struct vm *vm, u64 counts[MONITOR_RATES])
{
	const struct mmu_stats *mmu = mmu_stats(vm->mmu);
	const struct vm_stats *stats = &vm->stats;
	const u64 now[MONITOR_RATES] = {
		stats->exits_total,
		stats->faults_injected[0] + stats->faults_injected[PFEC_P],
		mmu->faults_not_present + mmu->faults_trap +
			mmu->faults_protection,
		mmu->fills,
		mmu->table_writes,
		stats->exits[EXIT_CR_ACCESS],
		mmu->walks_fault + mmu->walks_data + mmu->walks_fetch,
	};

	memcpy(counts, now, sizeof(now));
}

/* Computes the rates since the last change, or since the start. */
static void read_rates(const struct vm *vm, u64 rates[MONITOR_RATES])
{
	const struct monitor *monitor = &vm->monitor;
	u64 ns = monitor_ran_ns(vm) - monitor->changed_ns;

	read_counts(vm, rates);
	for (u32 i = 0; i < MONITOR_RATES; i++)
		rates[i] =
			per_second(rates[i] - monitor->changed_counts[i], ns);
}

void monitor_change_policy(struct vm *vm, const struct mmu_policy *policy)
{
	struct monitor *monitor = &vm->monitor;

	/*
	 * Between two changes at one prompt no guest runs: there are no rates.
	 */
	if (!monitor->changed || monitor->changed_ns != monitor_ran_ns(vm))
		read_rates(vm, monitor->before);
	monitor->changed = true;
	monitor->changed_ns = monitor_ran_ns(vm);
	read_counts(vm, monitor->changed_counts);
	vmx_change_policy(&vm->vcpu, policy);
}

static void print_rates(const struct vm *vm)
{
	u64 now[MONITOR_RATES];

	if (!vm->monitor.changed)
		return;
	read_rates(vm, now);
	log_info("  %-16s %12s %12s", "a second", "before", "since");
	for (u32 i = 0; i < MONITOR_RATES; i++)
		log_info("  %-16s %12lu %12lu", rate_names[i],
			 vm->monitor.before[i], now[i]);
}

HANDLER(mmu)
{
	struct mmu_policy policy = *mmu_policy(vm->mmu);

	if (count > 1) {
		if (!parse_policy(words[1], count > 2 ? words[2] : NULL,
				  &policy))
			return false;
		monitor_change_policy(vm, &policy);
	}
	print_policy(&policy);
	print_rates(vm);
	return true;
}
