/* SPDX-License-Identifier: MIT */
#include "arch/x86/apic.h"
#include "arch/x86/console/console.h"
#include "arch/x86/console/screen.h"
#include "arch/x86/cpu.h"
#include "arch/x86/time.h"
#include "lib/log.h"
#include "lib/printf.h"
#include "lib/string.h"
#include "vmx/monitor/commands.h"
#include "vmx/monitor/handlers.h"
#include "vmx/monitor/monitor.h"
#include "vmx/report/stats.h"
#include "vmx/vm.h"

/* A UART keeps 16 bytes, and gets 11 in a millisecond. In ns. */
#define POLL_NS (1000 * 1000ULL)

/* Bytes that have come while Umbra showed the earlier ones. */
struct input {
	u8 bytes[TYPED_SIZE];
	size_t count;
};

static void take_in(struct input *input)
{
	int byte;

	console_poll();
	while (input->count < sizeof(input->bytes)) {
		byte = console_read();
		if (byte < 0)
			return;
		input->bytes[input->count++] = (u8)byte;
	}
}

/* Each character may wait for room in the UART: as long as 16 bytes take. */
static void show(struct input *input, const char *text)
{
	for (; *text; text++) {
		take_in(input);
		console_write(text, 1);
	}
}

static u8 next_key(struct input *input)
{
	u8 byte;

	for (take_in(input); !input->count; take_in(input)) {
		screen_refresh();
		apic_sleep(POLL_NS);
	}
	byte = input->bytes[0];
	memmove(input->bytes, input->bytes + 1, --input->count);
	return byte;
}

static void prompt(struct vm *vm)
{
	struct input input = { .count = 0 };
	char echo[TYPED_ECHO_SIZE];

	log_info("the guest waits, its clocks go on; help lists the commands");
	while (vm->monitor.keys.request && !vm->ended) {
		line_begin(&vm->monitor.line);
		show(&input, MONITOR_PROMPT);
		while (!line_take(&vm->monitor.line, next_key(&input), echo))
			show(&input, echo);
		show(&input, echo);
		monitor_command(vm, vm->monitor.line.text);
	}
	log_info("the guest %s", vm->ended ? "ends" : "goes on");
}

static void serve(struct vm *vm)
{
	switch (vm->monitor.keys.request) {
	case REQUEST_NONE:
		break;
	case REQUEST_HELP:
		log_info("Ctrl-A s: statistics; m: monitor; x: end; h: this "
			 "help; Ctrl-A: a Ctrl-A for the guest");
		break;
	case REQUEST_STATISTICS:
		stats_print(vm);
		break;
	case REQUEST_MONITOR:
		prompt(vm);
		break;
	case REQUEST_END:
		vm_end_by_user(vm, END_GUEST_POWER_OFF);
		break;
	}
	vm->monitor.keys.request = REQUEST_NONE;
}

void monitor_serve(struct vm *vm)
{
	struct vmx_exit *exit = &vm->vcpu.exit;
	u64 work = rdtsc() - exit->tsc;

	if (!vm->monitor.keys.request && !vm->monitor.every_ns)
		return;
	vm->stats.ended_ns = time_ns(); /* for the counts so far */
	if (!monitor_tick(vm) && !vm->monitor.keys.request)
		return;
	serve(vm);
	vm->monitor.waited_ns += time_ns() - vm->stats.ended_ns;
	/* It is not work of the exit's. */
	exit->tsc = rdtsc() - work;
	/* The devices may be late, and the timer has been used. */
	vm->deadline = 0;
}
