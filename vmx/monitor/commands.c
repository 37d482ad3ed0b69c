/* SPDX-License-Identifier: MIT */
#include "lib/log.h"
#include "lib/parse.h"
#include "lib/printf.h"
#include "lib/string.h"
#include "vmx/gdb/step.h"
#include "vmx/monitor/commands.h"
#include "vmx/report/dump.h"
#include "vmx/trace/filter.h"
#include "vmx/vm.h"

#define WORDS 3 /* Maximum number of words of a command */

struct command {
	const char *name;
	const char *arguments;
	const char *help; /* half a line */
	const char *example;
	u8 least, most; /* numbers of arguments */
	bool at_prompt; /* not for gdb: the guest goes on, or keys are read */
	bool (*run)(struct vm *vm, char *const words[], size_t count);
};

void monitor_disarm(struct vm *vm)
{
	if (vm->monitor.until == UNTIL_STEP)
		step_end(vm);
	vm->monitor.until = UNTIL_NOTHING;
}

static bool run_go(struct vm *vm, char *const words[], size_t count)
{
	struct monitor *monitor = &vm->monitor;

	monitor_disarm(vm);
	monitor->runs = !strcmp(words[0], "run");
	if (!strcmp(words[0], "cont"))
		monitor->keys.request = REQUEST_NONE;
	else
		log_info("the guest %s",
			 monitor->runs ? "runs, the prompt stays" : "waits");
	return true;
}

/* An exit of any kind whose name begins with the word stops the guest. */
static bool run_until(struct vm *vm, char *const words[], size_t count)
{
	struct monitor *monitor = &vm->monitor;
	u32 kind = 0;

	while (kind < EXIT_KINDS && !begins_with(kind_name(kind), words[2]))
		kind++;
	if (kind == EXIT_KINDS || strcmp(words[1], "exit"))
		return false;
	log_info("the guest runs until an exit: %s", words[2]);
	monitor_disarm(vm);
	snprintf(monitor->kind, sizeof(monitor->kind), "%s", words[2]);
	monitor->until = UNTIL_EXIT;
	monitor->runs = true;
	return true;
}

/* monitor_exited() finds the end of the step. */
static bool run_step(struct vm *vm, char *const words[], size_t count)
{
	if (vm->gdb.attached) {
		log_info("no step: the guest is gdb's");
	} else if (step_begin(vm)) {
		vm->monitor.until = UNTIL_STEP;
		vm->monitor.runs = true;
	}
	return true;
}

static bool run_regs(struct vm *vm, char *const words[], size_t count)
{
	vmx_dump_registers(&vm->vcpu);
	return true;
}

static bool run_end(struct vm *vm, char *const words[], size_t count)
{
	vm_end_by_user(vm, strcmp(words[0], "reset") ? END_GUEST_POWER_OFF
						     : END_GUEST_RESET);
	return true;
}

static bool run_help(struct vm *vm, char *const words[], size_t count);

#define PROMPT true

static const struct command commands[] = {
	{ "help", "[COMMAND]", "list the commands, or explain one", "help walk",
	  0, 1, false, run_help },
	{ "cont", "", "let the guest go on", "cont", 0, 0, PROMPT, run_go },
	{ "run", "", "let the guest run, and keep the prompt", "run", 0, 0,
	  PROMPT, run_go },
	{ "stop", "", "stop the guest again", "stop", 0, 0, PROMPT, run_go },
	{ "step", "", "run one instruction", "step", 0, 0, PROMPT, run_step },
	{ "until", "exit KIND", "run until an exit of a kind (see exits)",
	  "until exit #pf: inj", 2, 2, PROMPT, run_until },
	{ "top", "", "tables and exits on the whole screen", "top", 0, 0,
	  PROMPT, monitor_top },
	{ "regs", "", "registers, segments, and the code at RIP", "regs", 0, 0,
	  false, run_regs },
	{ "walk", "ADDRESS", "the guest's and the shadow's entries",
	  "walk ffffffff81000000", 1, 1, false, monitor_walk },
	{ "x", "/NFU ADDRESS", "N units of guest memory, as gdb's x",
	  "x/8xg 100000", 1, 1, false, monitor_x },
	{ "exits", "[reset|every SECONDS]", "exits, rates and costs by kind",
	  "exits every 5", 0, 2, false, monitor_exits },
	{ "vmcs", "[FIELD]", "VMCS fields, by the start of a name",
	  "vmcs guest_cr", 0, 1, false, monitor_vmcs },
	{ "audit", "", "check the shadow's invariants now", "audit", 0, 0,
	  false, monitor_audit },
	{ "dirty", "[on|off]", "frames written since the last look", "dirty on",
	  0, 1, false, monitor_dirty },
	{ "trace", "on|off|KINDS|show [N]", "record those; show exits",
	  "trace show 8", 1, 2, false, monitor_trace },
	{ "map", "[ADDRESS]", "the guest's address space, in ranges",
	  "map ffff800000000000", 0, 1, false, monitor_map },
	{ "pages", "[COUNT]", "shadow pages, the last used ones first",
	  "pages 8", 0, 1, false, monitor_pages },
	{ "why", "GFN", "entries that map a frame; writable?", "why 1000", 1, 1,
	  false, monitor_why },
	{ "mmu", "[RUNG|SWITCH VALUE]", "show or change the policy of the MMU",
	  "mmu bypass off", 0, 2, false, monitor_mmu },
	{ "reset", "", "end the run as a reset", "reset", 0, 0, false,
	  run_end },
	{ "poweroff", "", "end the run as a power-off", "poweroff", 0, 0, false,
	  run_end },
};

static const struct command *find_command(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
		size_t length = strlen(commands[i].name);
		/* The format of x follows its name without a blank. */
		char end = commands[i].run == monitor_x ? '/' : '\0';

		if (!strncmp(commands[i].name, name, length) &&
		    (!name[length] || name[length] == end))
			return &commands[i];
	}
	log_info("there is no command \"%s\"; help lists them", name);
	return NULL;
}

static void explain(const struct command *command)
{
	log_info("%s%s%s: %s", command->name, *command->arguments ? " " : "",
		 command->arguments, command->help);
	log_info("for example: %s", command->example);
}

static bool run_help(struct vm *vm, char *const words[], size_t count)
{
	const struct command *command;

	if (count > 1) {
		command = find_command(words[1]);
		if (command)
			explain(command);
		return true;
	}
	for (command = commands; command < commands + ARRAY_SIZE(commands);
	     command++)
		log_info("  %-8s %-21s %s", command->name, command->arguments,
			 command->help);
	log_info("numbers are hexadecimal; N of x, SECONDS, prefetch: decimal");
	return true;
}

void monitor_command(struct vm *vm, char *text, bool at_prompt)
{
	char *words[WORDS];
	size_t count = parse_words(text, words, WORDS);
	const struct command *command = count ? find_command(words[0]) : NULL;

	if (!command)
		return;
	if (command->at_prompt && !at_prompt)
		log_info("only at Umbra's prompt: use gdb's own commands");
	else if (count - 1 < command->least || count - 1 > command->most ||
		 !command->run(vm, words, count))
		explain(command);
}

static const char *command_name(size_t number)
{
	return number < ARRAY_SIZE(commands) ? commands[number].name : NULL;
}

/* Returns the name of a rung (prefetch is one) or of a switch. */
static const char *policy_name(size_t number)
{
	if (number < MMU_RUNGS)
		return mmu_rung_names[number];
	number -= MMU_RUNGS;
	return number < MMU_SWITCHES
		       ? strchr(mmu_switches[number].name, '.') + 1
		       : NULL;
}

static const char *field_name(size_t number)
{
	return number < VMCS_FIELD_COUNT ? vmcs_fields[number].name : NULL;
}

void monitor_complete(struct line *line, char echo[TYPED_ECHO_SIZE])
{
	static const struct {
		const char *command; /* with the blank after it */
		line_names names; /* of its arguments */
	} arguments[] = { { "help ", command_name },
			  { "mmu ", policy_name },
			  { "trace ", trace_kind_name },
			  { "vmcs ", field_name } };
	line_names names = strchr(line->text, ' ') ? NULL : command_name;

	for (size_t i = 0; i < ARRAY_SIZE(arguments); i++)
		if (begins_with(line->text, arguments[i].command))
			names = arguments[i].names;
	echo[0] = '\0';
	if (names)
		line_complete(line, names, echo);
}
