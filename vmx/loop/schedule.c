/* SPDX-License-Identifier: MIT */
#include "arch/x86/apic.h"
#include "arch/x86/console/wake.h"
#include "arch/x86/cpu.h"
#include "arch/x86/time.h"
#include "vmx/loop/schedule.h"
#include "vmx/vm.h"

void schedule_look(struct vm *vm, u64 next_event)
{
	u64 latest = vm->next_poll + CONSOLE_SLACK_NS;
	u64 next = time_ns_to_tsc(pacing_next(next_event, latest));
	u64 look = MAX(next, vm->pacing.earliest);
	u64 last = time_ns_to_tsc(latest);

	vm->next_event = next_event;
	vm->poll = time_ns_to_tsc(vm->next_poll);
	vm->deadline = MIN(look, vm->poll);
	vm->alarm = MIN(look, last);
	apic_timer_arm(vm->alarm);
}

void vm_interrupted(struct vm *vm)
{
	u64 tsc = rdtsc();

	if (wake_take())
		vm->poll = vm->deadline = MIN(vm->deadline, tsc);
	/* The timer can be early, since its clock differs from the TSC. */
	else if (pacing_is_due(&vm->pacing, tsc, vm->alarm))
		vm->deadline = MIN(vm->deadline, tsc);
	else
		apic_timer_arm(vm->alarm);
}

void vm_devices_changed(struct vm *vm)
{
	u64 next = devices_next_event(&vm->devices);

	/* The guest's end can't wait. */
	if (vm->devices.end != GUEST_RUNS)
		vm->deadline = 0;
	else if (next < vm->next_event)
		schedule_look(vm, next);
}
