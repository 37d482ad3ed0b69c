/* SPDX-License-Identifier: MIT */
#include "arch/x86/emulator/linear.h"
#include "lib/log.h"
#include "lib/printf.h"
#include "lib/string.h"
#include "vmx/exit.h"
#include "vmx/monitor/commands.h"
#include "vmx/monitor/parse.h"
#include "vmx/report/dump.h"
#include "vmx/report/rung.h"
#include "vmx/report/stats.h"
#include "vmx/report/view_words.h"
#include "vmx/vm.h"

#define WORDS 3 /* Maximum number of words of a command. */
#define PEEK_WORDS_MAX 64 /* of 8 bytes, that x shows at once */

struct command {
	const char *name;
	const char *arguments;
	const char *help; /* half a line */
	const char *example;
	u8 least, most; /* numbers of arguments */
	/* Returns false if an argument, of those after words[0], is wrong. */
	bool (*run)(struct vm *vm, char *const words[], size_t count);
};

static bool run_cont(struct vm *vm, char *const words[], size_t count)
{
	vm->keys.request = REQUEST_NONE;
	return true;
}

static bool run_regs(struct vm *vm, char *const words[], size_t count)
{
	vmx_dump_registers(&vm->vcpu);
	return true;
}

static bool run_exits(struct vm *vm, char *const words[], size_t count)
{
	stats_print_exits(&vm->stats);
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

static void print_outcomes(const struct mmu_vcpu *vcpu,
			   const struct mmu_view *view)
{
	static const struct {
		u32 access;
		const char *name;
	} accesses[] = {
		{ 0, "kernel read" },
		{ PFEC_W, "kernel write" },
		{ PFEC_I, "kernel fetch" },
		{ PFEC_U, "user read" },
		{ PFEC_U | PFEC_W, "user write" },
		{ PFEC_U | PFEC_I, "user fetch" },
	};
	char words[WORDS_MAX];

	for (size_t i = 0; i < ARRAY_SIZE(accesses); i++) {
		u32 code;
		enum mmu_outcome outcome =
			mmu_view_access(vcpu, view, accesses[i].access, &code);

		log_info("  %-13s %s", accesses[i].name,
			 outcome_words(words, view, outcome, code));
	}
}

static bool run_walk(struct vm *vm, char *const words[], size_t count)
{
	struct mmu_vcpu *vcpu = &vm->vcpu.mmu;
	char guest[ENTRY_WORDS], shadow[ENTRY_WORDS];
	struct mmu_view view;
	gva_t gva;

	if (!parse_hex(words[1], &gva))
		return false;
	if (vcpu->format.mode == PAGING_4LEVEL && !is_canonical(gva)) {
		log_info("0x%lx is not canonical: every access is a #GP", gva);
		return true;
	}
	mmu_root(vcpu); /* as the next entry would */
	mmu_view(vcpu, gva, &view);
	log_info(
		"  P present W write U user A accessed D dirty S large G global "
		"N no-exec");
	log_info("  level    %-30s %s", "guest's entry", "shadow's entry");
	for (u8 level = MAX(view.guest_top, view.shadow_top); level; level--) {
		level_words(&view, level, guest, shadow);
		log_info("    %u      %-30s %s", level, guest, shadow);
	}
	if (view.guest.status == WALK_OK)
		log_info("  guest-physical 0x%lx", view.guest.gpa);
	print_outcomes(vcpu, &view);
	return true;
}

static bool run_x(struct vm *vm, char *const words[], size_t count)
{
	u64 value[PEEK_WORDS_MAX], wanted = 1, gva;
	size_t got;

	if (!parse_hex(words[1], &gva) ||
	    (count > 2 && !parse_hex(words[2], &wanted)) ||
	    wanted > PEEK_WORDS_MAX)
		return false;
	got = mmu_peek(&vm->vcpu.mmu, gva, value, wanted * sizeof(u64)) /
	      sizeof(u64);
	for (size_t i = 0; i < got; i++)
		log_info("  0x%016lx  %016lx", gva + i * sizeof(u64), value[i]);
	if (got < wanted)
		log_info("  0x%016lx  is not mapped", gva + got * sizeof(u64));
	return true;
}

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

static bool run_mmu(struct vm *vm, char *const words[], size_t count)
{
	struct mmu_policy policy = *mmu_policy(vm->mmu);

	if (count > 1) {
		if (!parse_policy(words[1], &policy))
			return false;
		vmx_change_policy(&vm->vcpu, &policy);
	}
	print_policy(&policy);
	return true;
}

static bool run_help(struct vm *vm, char *const words[], size_t count);

static const struct command commands[] = {
	{ "help", "[COMMAND]", "list the commands, or explain one", "help walk",
	  0, 1, run_help },
	{ "cont", "", "let the guest go on", "cont", 0, 0, run_cont },
	{ "regs", "", "registers, segments, and the code at RIP", "regs", 0, 0,
	  run_regs },
	{ "walk", "ADDRESS", "the guest's and the shadow's entries",
	  "walk ffffffff81000000", 1, 1, run_walk },
	{ "x", "ADDRESS [COUNT]", "guest memory, words of 8 bytes",
	  "x 100000 8", 1, 2, run_x },
	{ "exits", "", "exits so far, by reason", "exits", 0, 0, run_exits },
	{ "mmu", "[RUNG|SWITCH=VALUE]", "show or change the policy of the MMU",
	  "mmu bypass=0", 0, 1, run_mmu },
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
		log_info("  %-8s %-19s %s", command->name, command->arguments,
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
