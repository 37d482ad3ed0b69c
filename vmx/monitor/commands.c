/* SPDX-License-Identifier: MIT */
#include "lib/log.h"
#include "lib/string.h"
#include "vmx/monitor/commands.h"
#include "vmx/monitor/handlers.h"
#include "vmx/monitor/parse.h"
#include "vmx/report/dump.h"
#include "vmx/vm.h"

#define WORDS 5 /* Maximum number of words of a command. */

struct command {
	const char *name;
	const char *arguments;
	const char *help; /* half a line */
	const char *example;
	u8 least, most; /* numbers of arguments */
	bool (*run)(struct vm *vm, char *const words[], size_t count);
};

static bool run_cont(struct vm *vm, char *const words[], size_t count)
{
	vm->monitor.keys.request = REQUEST_NONE;
	vm->monitor.runs = false;
	return true;
}

/* Returns true if the words of @name begin with those. */
static bool kind_is(const char *name, char *const words[], size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (!begins_with(name, words[i]))
			return false;
		name = strchr(name, ' ');
		if (!name)
			return i + 1 == count;
		name++;
	}
	return true;
}

static bool run_run(struct vm *vm, char *const words[], size_t count)
{
	vm->monitor.runs = true;
	log_info("the guest runs, the prompt stays");
	return true;
}

static bool run_stop(struct vm *vm, char *const words[], size_t count)
{
	vm->monitor.runs = false;
	log_info("the guest waits");
	return true;
}

/* The first kind whose name begins so. */
static bool run_until(struct vm *vm, char *const words[], size_t count)
{
	for (u32 kind = 0; kind < EXIT_KINDS; kind++) {
		if (strcmp(words[1], "exit") ||
		    !kind_is(kind_name(kind), words + 2, count - 2))
			continue;
		vm->monitor.until = kind + 1;
		log_info("the guest runs until an exit: %s", kind_name(kind));
		vm->monitor.runs = true;
		return true;
	}
	return false;
}

static bool run_regs(struct vm *vm, char *const words[], size_t count)
{
	vmx_dump_registers(&vm->vcpu);
	return true;
}

static bool run_poweroff(struct vm *vm, char *const words[], size_t count)
{
	vm_end_by_user(vm, END_GUEST_POWER_OFF);
	return true;
}

static bool run_reset(struct vm *vm, char *const words[], size_t count)
{
	vm_end_by_user(vm, END_GUEST_RESET);
	return true;
}

static bool run_help(struct vm *vm, char *const words[], size_t count);

static const struct command commands[] = {
	{ "help", "[COMMAND]", "list the commands, or explain one", "help walk",
	  0, 1, run_help },
	{ "cont", "", "let the guest go on", "cont", 0, 0, run_cont },
	{ "run", "", "let the guest run, and keep the prompt", "run", 0, 0,
	  run_run },
	{ "stop", "", "stop the guest again", "stop", 0, 0, run_stop },
	{ "until", "exit KIND", "let it run until an exit of a kind",
	  "until exit #pf: inj", 2, 4, run_until },
	{ "top", "", "tables and exits on the whole screen", "top", 0, 0,
	  monitor_top },
	{ "regs", "", "registers, segments, and the code at RIP", "regs", 0, 0,
	  run_regs },
	{ "walk", "ADDRESS", "the guest's and the shadow's entries",
	  "walk ffffffff81000000", 1, 1, monitor_walk },
	{ "x", "ADDRESS [COUNT]", "guest memory, words of 8 bytes",
	  "x 100000 8", 1, 2, monitor_x },
	{ "exits", "[reset|every SECONDS]", "exits, rates and costs by kind",
	  "exits every 5", 0, 2, monitor_exits },
	{ "vmcs", "[FIELD]", "VMCS fields whose names begin so",
	  "vmcs guest_cr", 0, 1, monitor_vmcs },
	{ "audit", "", "check the shadow's invariants now", "audit", 0, 0,
	  monitor_audit },
	{ "dirty", "[on|off]", "frames written since the last look", "dirty on",
	  0, 1, monitor_dirty },
	{ "map", "[ADDRESS]", "the guest's address space, in ranges",
	  "map ffff800000000000", 0, 1, monitor_map },
	{ "pages", "[COUNT]", "shadow pages, the last used ones first",
	  "pages 8", 0, 1, monitor_pages },
	{ "why", "GFN", "who maps a frame, and may it be written", "why 1000",
	  1, 1, monitor_why },
	{ "mmu", "[RUNG|SWITCH=VALUE]", "show or change the policy of the MMU",
	  "mmu bypass=0", 0, 1, monitor_mmu },
	{ "reset", "", "end the run as a reset", "reset", 0, 0, run_reset },
	{ "poweroff", "", "end the run as a power-off", "poweroff", 0, 0,
	  run_poweroff },
};

static const struct command *find(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
		if (!strcmp(commands[i].name, name))
			return &commands[i];
	log_info("there is no command \"%s\"; help lists them", name);
	return NULL;
}

static void explain(const struct command *command)
{
	log_info("%s %s: %s", command->name, command->arguments, command->help);
	log_info("for example: %s", command->example);
}

static bool run_help(struct vm *vm, char *const words[], size_t count)
{
	const struct command *command;

	if (count > 1) {
		command = find(words[1]);
		if (command)
			explain(command);
		return true;
	}
	for (command = commands; command < commands + ARRAY_SIZE(commands);
	     command++)
		log_info("  %-8s %-21s %s", command->name, command->arguments,
			 command->help);
	log_info("addresses and counts are hexadecimal, with or without 0x");
	return true;
}

void monitor_command(struct vm *vm, char *text)
{
	char *words[WORDS];
	size_t count = parse_words(text, words, WORDS);
	const struct command *command;

	if (!count)
		return;
	command = find(words[0]);
	if (!command)
		return;
	if (count - 1 < command->least || count - 1 > command->most ||
	    !command->run(vm, words, count))
		explain(command);
}
