/* SPDX-License-Identifier: MIT */
/* The table of options: names, defaults, and a line of help for each. */
#include "boot/options.h"
#include "arch/x86/console/ports.h"
#include "boot/cmdline.h"
#include "lib/log.h"
#include "mmu/mmu.h"
#include "vmx/report/trace.h"
#include "vmx/trace/filter.h"
#include "vmx/trace/send.h"
#include "vmx/trace/trace.h"

static const char *const end_methods[] = {
	[END_BY_HALT] = "halt",	    [END_BY_RESET] = "reset",
	[END_BY_POWER_OFF] = "off", [END_BY_BOCHS] = "bochs",
	[END_BY_QEMU] = "qemu",	    NULL,
};

static const char *const ports[] = {
	[PORT_SPCR] = "spcr", [PORT_COM1] = "com1",
	[PORT_COM2] = "com2", [PORT_COM3] = "com3",
	[PORT_COM4] = "com4", [PORT_DBG2] = "dbg2",
	[PORT_PCI] = "pci",   [PORT_AUTO] = "auto",
	[PORT_NONE] = "none", NULL,
};

static const char *const bus_masters[] = {
	[BUS_MASTERS_STOP] = "stop",
	[BUS_MASTERS_KEEP] = "keep",
	NULL,
};

/* Minimum number of frames for one canary, to leave room for a guest. */
#define CANARIES_MIN_STRIDE 16

#define EXIT_SECONDS 10
#define EXIT_SECONDS_MAX 86400

/* A switch of the MMU: on, off, or as the rung has it. */
enum tristate { OFF, ON, BY_RUNG };

static const char *const switch_positions[] = { "0", "1", "rung", NULL };

static const char *const trace_ways[] = {
	[TRACE_NOWHERE] = "none",
	[TRACE_COM2] = "com2",
	[TRACE_TEXT] = "text",
	NULL,
};

#define KINDS_SIZE 128 /* bytes of a list of names */

/* In the order of enum vpid_wish. */
static const char *const vpid_wishes[] = { "0", "1", "auto", NULL };

#define PREFETCH_BY_RUNG (~0ULL)

/* Lines of the table. */
#define FLAG(word, where, text)                                                \
	{                                                                      \
		.name = (word), .kind = OPTION_BOOL, .destination = (where),   \
		.help = (text)                                                 \
	}
#define NUMBER(word, where, low, high, text)                                   \
	{                                                                      \
		.name = (word), .kind = OPTION_U64, .destination = (where),    \
		.min = (low), .max = (high), .help = (text)                    \
	}
#define CHOICE(word, where, names, text)                                       \
	{                                                                      \
		.name = (word), .kind = OPTION_CHOICE, .destination = (where), \
		.choices = (names), .help = (text)                             \
	}

/* Returns false, and logs the reason, if @kinds are wrong. */
static bool choose_kinds(const char *kinds, struct vm_config *vm)
{
	if (!trace_parse_kinds(kinds, &vm->trace_kinds)) {
		log_info(LOG_ERROR "trace.kinds=%s: the names are%s", kinds,
			 trace_kind_names);
		return false;
	}
	return trace_kinds_suffice(vm->trace, vm->trace_kinds, kinds);
}

/* The rung's policy, with the switches that are not BY_RUNG. */
static struct mmu_policy
choose_policy(unsigned int rung, const unsigned int positions[MMU_SWITCHES],
	      u64 prefetch)
{
	struct mmu_policy policy = mmu_rung_policies[rung];

	for (unsigned int i = 0; i < MMU_SWITCHES; i++)
		if (positions[i] != BY_RUNG)
			mmu_switch_set(&policy, i, positions[i] == ON);
	if (prefetch != PREFETCH_BY_RUNG)
		policy.prefetch = mmu_prefetch_window(prefetch);
	return policy;
}

bool options_parse(const char *cmdline, struct options *options)
{
	unsigned int rung = MMU_RUNGS - 1, vpid = VPID_AUTO;
	unsigned int positions[MMU_SWITCHES];
	u64 prefetch = PREFETCH_BY_RUNG;
	char kinds[KINDS_SIZE] = "all";
	struct option table[] = {
		/* The MMU's switches come first; see below. */
		[MMU_SWITCHES] = NUMBER(
			"audit", &options->vm.audit, 0, 0,
			"check the invariants at every Nth exit (0: never)"),
		CHOICE("busmaster", &options->bus_masters, bus_masters,
		       "whether to stop devices that may write to memory"),
		NUMBER("canaries", &options->vm.canaries, CANARIES_MIN_STRIDE,
		       ~0U,
		       "keep one frame in N from the guest, to see writes to it"),
		FLAG("compare", &options->compare,
		     "run the guest without the bypass, and then with it"),
		CHOICE("console", &options->console, ports,
		       "the serial port of the console"),
		FLAG("counters", &options->vm.counters,
		     "show the guest how often it has exited, by CPUID"),
		FLAG("dump", &options->vm.dump,
		     "show the whole VMCS before the first entry"),
		CHOICE("exit", &options->exit, end_methods,
		       "how to end the machine after the run"),
		NUMBER("exit.seconds", &options->exit_seconds, 0,
		       EXIT_SECONDS_MAX,
		       "time to read the screen before exit=off or exit=reset"),
		CHOICE("gdb", &options->gdb, ports,
		       "the serial port on which gdb debugs the guest"),
		{ .name = "guest",
		  .kind = OPTION_STRING,
		  .destination = options->guest,
		  .size = sizeof(options->guest),
		  .help = "linux, or the name of a built-in guest" },
		NUMBER("guest.memory", &options->vm.memory, 0, 0,
		       "the guest's memory in bytes (K, M, G)"),
		CHOICE("mmu", &rung, mmu_rung_names,
		       "the rung of the shadow MMU"),
		NUMBER("mmu.prefetch", &prefetch, 0, MMU_PREFETCH_MAX,
		       "fill N entries on a fault (a power of 2; 0: just one)"),
		NUMBER("mmu.pages", &options->vm.shadow_pages,
		       MMU_MIN_SHADOW_PAGES, MMU_MAX_SHADOW_PAGES,
		       "the number of shadow pages"),
		FLAG("probe", &options->probe,
		     "report what this machine has, run no guest"),
		NUMBER("trace", &options->vm.trace, 0, TRACE_MAX,
		       "print the last N exits at every stop"),
		{ .name = "trace.kinds",
		  .kind = OPTION_STRING,
		  .destination = kinds,
		  .size = sizeof(kinds),
		  .help = "record only these kinds: exit,inject,mmu,fill,..." },
		CHOICE("trace.to", &options->vm.trace_way, trace_ways,
		       "where the trace goes at the end of the run"),
		CHOICE("vpid", &vpid, vpid_wishes,
		       "keep the guest's TLB over exits and entries"),
	};
	static struct cmdline_error error; /* too large for the stack */
	const char *fault;
	bool kinds_good;

	for (unsigned int i = 0; i < MMU_SWITCHES; i++) {
		positions[i] = BY_RUNG;
		table[i] = (struct option)CHOICE(
			mmu_switches[i].name, &positions[i], switch_positions,
			mmu_switches[i].help);
	}
	*options = (struct options){ .exit = END_BY_HALT,
				     .exit_seconds = EXIT_SECONDS,
				     .console = PORT_AUTO,
				     .gdb = PORT_NONE };
	fault = cmdline_parse(cmdline, table, ARRAY_SIZE(table), &error);
	kinds_good = choose_kinds(kinds, &options->vm);
	options->vm.vpid = vpid;
	options->vm.policy = choose_policy(rung, positions, prefetch);
	if (fault == CMDLINE_OK)
		return kinds_good;
	cmdline_explain(&error, table, ARRAY_SIZE(table));
	return false;
}
