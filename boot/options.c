/* SPDX-License-Identifier: MIT */
/* The table of options: names, defaults, and a line of help for each. */
#include "boot/options.h"
#include "boot/cmdline.h"
#include "mmu/mmu.h"
#include "vmx/report/trace.h"

static const char *const end_methods[] = {
	[END_BY_HALT] = "halt",	    [END_BY_RESET] = "reset",
	[END_BY_POWER_OFF] = "off", [END_BY_BOCHS] = "bochs",
	[END_BY_QEMU] = "qemu",	    NULL,
};

/* So many frames at least for one canary, or there is no room for a guest. */
#define CANARIES_MIN_STRIDE 16

/* A switch of the MMU: on, off, or as the rung has it. */
enum tristate { OFF, ON, BY_RUNG };

static const char *const switch_positions[] = { "0", "1", "rung", NULL };

static void set_switch(bool *value, unsigned int position)
{
	if (position != BY_RUNG)
		*value = position == ON;
}

/* The largest that is not above @value, which is not 0. */
static u64 power_of_two(u64 value)
{
	return BIT(63 - __builtin_clzll(value));
}

bool options_parse(const char *cmdline, struct options *options)
{
	const char *rungs[MMU_RUNGS + 1] = { 0 };
	unsigned int rung = MMU_NOWALK, cache = BY_RUNG, update = BY_RUNG,
		     bypass = BY_RUNG, nowalk = BY_RUNG;
	u64 prefetch = 0;
	struct option table[] = {
		{ .name = "audit",
		  .kind = OPTION_U64,
		  .destination = &options->vm.audit,
		  .min = 0,
		  .max = ~0ULL,
		  .help = "check the shadow's invariants at every so-many-th "
			  "exit (0: never)" },
		{ .name = "canaries",
		  .kind = OPTION_U64,
		  .destination = &options->vm.canaries,
		  .min = CANARIES_MIN_STRIDE,
		  .max = ~0U,
		  .help = "keep one frame in so many from the guest, and see "
			  "that none is written" },
		{ .name = "counters",
		  .kind = OPTION_BOOL,
		  .destination = &options->vm.counters,
		  .help = "show the guest how often it has exited, by CPUID" },
		{ .name = "doctor-test",
		  .kind = OPTION_BOOL,
		  .destination = &options->doctor_test,
		  .help = "compare the entry doctor with the processor" },
		{ .name = "dump",
		  .kind = OPTION_BOOL,
		  .destination = &options->vm.dump,
		  .help = "show the whole VMCS before the first entry" },
		{ .name = "exit",
		  .kind = OPTION_CHOICE,
		  .destination = &options->exit,
		  .choices = end_methods,
		  .help = "how to end the machine after the run" },
		{ .name = "guest",
		  .kind = OPTION_STRING,
		  .destination = options->guest,
		  .size = sizeof(options->guest),
		  .help = "linux, or the name of a built-in guest" },
		{ .name = "guest.memory",
		  .kind = OPTION_U64,
		  .destination = &options->vm.memory,
		  .help = "the guest's memory in bytes (K, M, G)" },
		{ .name = "mmu",
		  .kind = OPTION_CHOICE,
		  .destination = &rung,
		  .choices = rungs,
		  .help = "the rung of the shadow MMU" },
		{ .name = "mmu.cache",
		  .kind = OPTION_CHOICE,
		  .destination = &cache,
		  .choices = switch_positions,
		  .help = "keep the shadows of guest tables" },
		{ .name = "mmu.update",
		  .kind = OPTION_CHOICE,
		  .destination = &update,
		  .choices = switch_positions,
		  .help = "update the shadow on a PTE write" },
		{ .name = "mmu.bypass",
		  .kind = OPTION_CHOICE,
		  .destination = &bypass,
		  .choices = switch_positions,
		  .help = "not-present faults go straight to the guest" },
		{ .name = "mmu.prefetch",
		  .kind = OPTION_U64,
		  .destination = &prefetch,
		  .min = MMU_PREFETCH_OFF,
		  .max = MMU_PREFETCH_MAX,
		  .help = "fill so many entries on a fault (rounded down to a "
			  "power of two)" },
		{ .name = "mmu.nowalk",
		  .kind = OPTION_CHOICE,
		  .destination = &nowalk,
		  .choices = switch_positions,
		  .help = "hand on what the fault's walk has found" },
		{ .name = "mmu.pages",
		  .kind = OPTION_U64,
		  .destination = &options->vm.shadow_pages,
		  .min = MMU_MIN_SHADOW_PAGES,
		  .max = MMU_MAX_SHADOW_PAGES,
		  .help = "the number of shadow pages" },
		{ .name = "probe",
		  .kind = OPTION_BOOL,
		  .destination = &options->probe,
		  .help = "report what this machine has, run no guest" },
		{ .name = "trace",
		  .kind = OPTION_U64,
		  .destination = &options->vm.trace,
		  .min = 0,
		  .max = TRACE_MAX,
		  .help = "print so many of the last exits at every stop" },
	};
	static struct cmdline_error error; /* too large for the stack */
	enum cmdline_status status;

	for (int i = 0; i < MMU_RUNGS; i++)
		rungs[i] = mmu_rung_names[i];
	*options = (struct options){ .exit = END_BY_HALT };
	status = cmdline_parse(cmdline, table, ARRAY_SIZE(table), &error);
	options->vm.policy = mmu_rung_policies[rung];
	set_switch(&options->vm.policy.cache, cache);
	set_switch(&options->vm.policy.update, update);
	set_switch(&options->vm.policy.bypass, bypass);
	set_switch(&options->vm.policy.nowalk, nowalk);
	if (prefetch)
		options->vm.policy.prefetch = power_of_two(prefetch);
	if (status == CMDLINE_OK)
		return true;
	cmdline_explain(&error, table, ARRAY_SIZE(table));
	return false;
}
