/* SPDX-License-Identifier: MIT */
#include "arch/x86/apic.h"
#include "arch/x86/console/console.h"
#include "arch/x86/console/screen.h"
#include "arch/x86/cpu.h"
#include "arch/x86/time.h"
#include "lib/log.h"
#include "lib/parse.h"
#include "lib/printf.h"
#include "lib/string.h"
#include "vmx/gdb/step.h"
#include "vmx/monitor/commands.h"
#include "vmx/monitor/monitor.h"
#include "vmx/monitor/top.h"
#include "vmx/report/stats.h"
#include "vmx/vm.h"

/*
 * Time between two looks at the port, in ns: 16 bytes fit its FIFO, and 11 come
 * in a millisecond.
 */
#define POLL_NS (1000 * 1000ULL)
#define TAB '\t'
#define CLEAR "\x1b[2J\x1b[H" /* the screen (ECMA-48) */
/* Time between two pictures of the screen's view, in ns. */
#define REFRESH_NS (NS_PER_SEC / 2)

static void read_typed(struct input *input)
{
	int byte;

	console_poll();
	while (input->count < sizeof(input->bytes) &&
	       (byte = console_read()) >= 0)
		input->bytes[input->count++] = (u8)byte;
}

/* Shows text, and reads keys meanwhile: a character may wait for the UART. */
static void show_text(struct input *input, const char *text)
{
	for (; *text; text++) {
		read_typed(input);
		console_write(text, 1);
	}
}

/* Returns the next key; -1: there is none yet, and the guest runs meanwhile. */
static int next_key(struct monitor *monitor)
{
	struct input *input = &monitor->input;
	u8 byte;

	for (read_typed(input); !input->count; read_typed(input)) {
		if (monitor->top.on ? !monitor->top.held : monitor->runs)
			return -1;
		screen_refresh();
		apic_sleep(POLL_NS);
	}
	byte = input->bytes[0];
	memmove(input->bytes, input->bytes + 1, --input->count);
	return byte;
}

/* Sends the lines that have changed: all of them take 0.2 s at 115200 baud. */
static void refresh_top(struct vm *vm)
{
	struct top *top = &vm->monitor.top;
	char place[16];

	if (vm->stats.ended_ns < top->next_ns)
		return;
	if (!top->shown[0][0]) {
		show_text(&vm->monitor.input, CLEAR);
		memset(top->shown, 0, sizeof(top->shown));
	}
	top_draw(vm);
	for (u32 row = 0; row < TOP_ROWS; row++) {
		if (!strcmp(top->lines[row], top->shown[row]))
			continue;
		memcpy(top->shown[row], top->lines[row], TOP_LINE);
		snprintf(place, sizeof(place), "\x1b[%u;1H", row + 1);
		show_text(&vm->monitor.input, place);
		show_text(&vm->monitor.input, top->lines[row]);
		show_text(&vm->monitor.input, "\x1b[K");
	}
	screen_refresh();
	top->next_ns = time_ns() + REFRESH_NS;
}

static void serve_top(struct vm *vm)
{
	int key;

	while (vm->monitor.top.on && (key = next_key(&vm->monitor)) >= 0)
		top_key(vm, (u8)key);
	if (vm->monitor.top.on)
		return refresh_top(vm);
	show_text(&vm->monitor.input, CLEAR);
}

static void prompt(struct vm *vm)
{
	struct monitor *monitor = &vm->monitor;
	char echo[TYPED_ECHO_SIZE], text[TYPED_SIZE];
	bool done;
	int key;

	if (!monitor->prompted && !monitor->runs && !vm->ended)
		log_info("the guest waits, its clocks go on; help lists the "
			 "commands");
	while (monitor->keys.request && !monitor->top.on && !vm->ended) {
		if (!monitor->prompted) {
			line_begin(&monitor->line);
			show_text(&monitor->input, MONITOR_PROMPT);
			monitor->prompted = true;
		}
		key = next_key(monitor);
		if (key < 0)
			return;
		done = key != TAB && line_add(&monitor->line, (u8)key, echo);
		if (key == TAB)
			monitor_complete(&monitor->line, echo);
		show_text(&monitor->input, echo);
		if (!done)
			continue;
		monitor->prompted = false;
		/*
		 * The command is cut into words; the history keeps the whole
		 * line.
		 */
		memcpy(text, monitor->line.text, sizeof(text));
		monitor_command(vm, text, true);
	}
	if (!monitor->top.on)
		log_info("the guest %s", vm->ended ? "ends" : "goes on");
}

void monitor_exited(struct vm *vm)
{
	struct monitor *monitor = &vm->monitor;
	const char *kind = kind_name(vm->vcpu.exit.kind);
	bool step = monitor->until == UNTIL_STEP;

	if (step ? !step_is_over(vm) : !begins_with(kind, monitor->kind))
		return;
	if (monitor->top.on)
		show_text(&monitor->input, CLEAR);
	log_info("%s%s, at RIP 0x%lx",
		 step ? "" : "exit: ", step ? "stepped" : kind,
		 step ? vmread(VMCS_GUEST_RIP) : vm->vcpu.exit.rip);
	monitor_disarm(vm);
	monitor->runs = monitor->prompted = monitor->top.on = false;
	monitor->keys.request = REQUEST_MONITOR;
	vm->deadline = 0;
}

static void serve_prompt(struct vm *vm)
{
	struct monitor *monitor = &vm->monitor;
	enum console_request request = monitor->keys.request;

	if (request == REQUEST_MONITOR) {
		if (monitor->top.on)
			serve_top(vm);
		if (!monitor->top.on)
			prompt(vm);
		if ((monitor->runs || monitor->top.on) && !vm->ended)
			return; /* the prompt stays open */
	} else if (request == REQUEST_STATISTICS) {
		stats_print(vm);
	} else if (request == REQUEST_END) {
		vm_end_by_user(vm, END_GUEST_POWER_OFF);
	} else if (request == REQUEST_HELP) {
		log_info("Ctrl-A s: statistics; m: monitor; x: end; h: this "
			 "help; Ctrl-A: a Ctrl-A for the guest");
	}
	monitor->keys.request = REQUEST_NONE;
}

void monitor_serve(struct vm *vm)
{
	struct vmx_exit *exit = &vm->vcpu.exit;
	u64 work = rdtsc() - exit->tsc;
	bool printed;

	if (!vm->monitor.keys.request && !vm->monitor.every_ns)
		return;
	vm->stats.ended_ns = time_ns(); /* the end of the counts so far */
	printed = monitor_tick(vm);
	if (!printed && !vm->monitor.keys.request)
		return;
	/* The table of `exits every` has damaged the picture of top. */
	if (printed)
		vm->monitor.top.shown[0][0] = '\0';
	serve_prompt(vm);
	monitor_count_wait(vm);
	/* The wait is no work of the exit. */
	exit->tsc = rdtsc() - work;
	/* The devices may be late, and the wait has used their timer. */
	vm->deadline = 0;
}
