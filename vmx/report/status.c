/* SPDX-License-Identifier: MIT */
/*
 * The status line, which shows a user without a serial port that the guest
 * runs, and its cost. The serial line gets nothing of it.
 */
#include "arch/x86/console/screen.h"
#include "vmx/vm.h"
#include "lib/printf.h"
#include "lib/string.h"
#include "vmx/report/rung.h"
#include "vmx/report/status.h"

#define REFRESH_NS (NS_PER_SEC / 20)
#define LINE_NS NS_PER_SEC
#define LINE_SIZE 160

static const char *const kind_names[STATUS_KINDS] = {
	[STATUS_EXCEPTION] = "#PF", [STATUS_IO] = "I/O",
	[STATUS_CR] = "CR",	    [STATUS_MSR] = "MSR",
	[STATUS_HLT] = "HLT",	    [STATUS_INTERRUPT] = "irq",
	[STATUS_OTHER] = "other",
};

/*
 * The kind of each exit reason; 0, STATUS_OTHER, for reasons not in the table.
 */
static const u8 kinds[EXIT_REASONS] = {
	[EXIT_EXCEPTION_OR_NMI] = STATUS_EXCEPTION,
	[EXIT_IO_INSTRUCTION] = STATUS_IO,
	[EXIT_CR_ACCESS] = STATUS_CR,
	[EXIT_RDMSR] = STATUS_MSR,
	[EXIT_WRMSR] = STATUS_MSR,
	[EXIT_HLT] = STATUS_HLT,
	[EXIT_EXTERNAL_INTERRUPT] = STATUS_INTERRUPT,
	[EXIT_INTERRUPT_WINDOW] = STATUS_INTERRUPT,
};

/*
 * Counts the exits of each kind: a second, since the last line; for a run that
 * has ended, all of them.
 */
static void count_exits(struct vm *vm, u64 now, u64 counts[STATUS_KINDS])
{
	struct status *status = &vm->status;
	u64 sums[STATUS_KINDS] = { 0 };
	u64 ms = MAX((now - status->last_line) / NS_PER_MS, 1ULL);

	for (unsigned int reason = 0; reason < EXIT_REASONS; reason++)
		sums[kinds[reason]] += vm->stats.exits[reason];
	for (unsigned int i = 0; i < STATUS_KINDS; i++)
		counts[i] = vm->ended
				    ? sums[i]
				    : (sums[i] - status->exits[i]) * 1000 / ms;
	memcpy(status->exits, sums, sizeof(sums));
	status->last_line = now;
}

/*
 * Writes the rung, the time, and counts since the start. The page faults are
 * those that Umbra has injected, and those that bypass it if the guest has told
 * its own count.
 */
static void status_words(const struct vm *vm, u64 now, char line[LINE_SIZE])
{
	u64 up = (now - vm->stats.started_ns) / NS_PER_SEC;
	const u64 *injected = vm->stats.faults_injected;
	u64 all = injected[0] + injected[PFEC_P];
	const char *rung = rung_name(mmu_policy(vm->mmu));

	snprintf(line, LINE_SIZE,
		 "Umbra %s %lu:%02lu:%02lu  %lu MiB  shadow %lu/%lu  "
		 "injected %lu",
		 rung ? rung : "custom", up / 3600, up / 60 % 60, up % 60,
		 (u64)(vm->memory_bytes / MIB),
		 mmu_stats(vm->mmu)->pages_in_use, vm->shadow_pages, all);
	if (faults_bypassed(&vm->stats))
		snappend(line, LINE_SIZE, "  bypassed %lu",
			 faults_bypassed(&vm->stats));
}

void status_show(struct vm *vm, u64 now)
{
	u64 counts[STATUS_KINDS], total = 0;
	char line[LINE_SIZE];

	count_exits(vm, now, counts);
	for (unsigned int i = 0; i < STATUS_KINDS; i++)
		total += counts[i];
	status_words(vm, now, line);
	snappend(line, sizeof(line), "  %lu exits%s:", total,
		 vm->ended ? "" : "/s");
	/* STATUS_OTHER, number 0, comes last. */
	for (unsigned int i = 1; i <= STATUS_KINDS; i++)
		snappend(line, sizeof(line), " %s=%lu",
			 kind_names[i % STATUS_KINDS],
			 counts[i % STATUS_KINDS]);
	screen_status(line);
}

void status_tick(struct vm *vm, u64 now)
{
	struct status *status = &vm->status;

	if (now < status->next_refresh)
		return;
	status->next_refresh = now + REFRESH_NS;
	if (now >= status->next_line) {
		status->next_line = now + LINE_NS;
		status_show(vm, now);
	}
	screen_refresh();
}
