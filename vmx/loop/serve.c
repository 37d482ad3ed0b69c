/* SPDX-License-Identifier: MIT */
#include "arch/x86/console/wake.h"
#include "arch/x86/cpu.h"
#include "arch/x86/time.h"
#include "vmx/gdb/gdb.h"
#include "vmx/loop/input.h"
#include "vmx/monitor/monitor.h"
#include "vmx/report/status.h"
#include "vmx/loop/schedule.h"
#include "vmx/loop/serve.h"
#include "vmx/vm.h"

/* Maximum delay of a timer of the guest, in ns. */
#define DELAY_MAX_NS (10 * 1000 * 1000ULL)

static void look_at_devices(struct vm *vm, u64 now)
{
	const struct vmx_exit *exit = &vm->vcpu.exit;
	u64 longest = time_ns_to_tsc(DELAY_MAX_NS) - time_ns_to_tsc(0);

	devices_tick(&vm->devices, now);
	if (exit->reason == EXIT_EXTERNAL_INTERRUPT)
		vm->pacing.look = rdtsc() - exit->tsc;
	pacing_look(&vm->pacing, rdtsc(), longest);
	devices_hold(&vm->devices, time_tsc_to_ns(vm->pacing.earliest));
}

/*
 * Returns the time until the next look at the console. Bytes that nobody has
 * read cause no interrupt: a byte for which the guest has no room, those behind
 * a key of Umbra's, and perhaps one that has come in just after the last read.
 * And gdb's port does not interrupt.
 */
static u64 take_poll_ns(struct vm *vm)
{
	bool busy = vm->heard || vm->typed >= 0 || vm->monitor.keys.request ||
		    vm->gdb.link.port;

	vm->heard = false;
	return wake_works() && !busy ? CONSOLE_IDLE_NS : CONSOLE_POLL_NS;
}

static void serve_console(struct vm *vm)
{
	u64 now, poll;

	vm_deliver_input(vm);
	poll = take_poll_ns(vm);
	monitor_serve(vm);
	if (vm->gdb.link.port)
		gdb_poll(vm);
	now = time_ns();
	status_tick(vm, now);
	vm->next_poll = now + poll;
}

/*
 * A tick of the guest's timer makes no look at the console. Its ports are slow,
 * and below a hypervisor each access is an exit.
 */
void vm_serve_devices(struct vm *vm)
{
	u64 tsc = rdtsc();

	if (vm->pacing.since && !devices_in_service(&vm->devices))
		pacing_end(&vm->pacing, tsc);
	if (tsc < vm->deadline)
		return;
	if (!vm->deadline || tsc >= vm->poll)
		serve_console(vm);
	if (!vm->deadline ||
	    pacing_is_due(&vm->pacing, tsc, vm->pacing.earliest))
		look_at_devices(vm, time_ns());
	schedule_look(vm, devices_next_event(&vm->devices));
	switch (vm->devices.end) {
	case GUEST_RUNS:
		break;
	case GUEST_POWER_OFF:
		vm_end(vm, END_GUEST_POWER_OFF, 0);
		break;
	case GUEST_RESET:
		vm_end(vm, END_GUEST_RESET, 0);
		break;
	case GUEST_EXIT:
		vm_end(vm, END_GUEST_EXIT, vm->devices.end_status);
		break;
	}
	vm_note_watchers(vm);
}
