/* SPDX-License-Identifier: MIT */
#include "arch/x86/console/console.h"
#include "vmx/loop/input.h"
#include "vmx/vm.h"

/*
 * Returns the next byte for the guest; -1: there is none, or Umbra's comes
 * first.
 */
static int read_input(struct vm *vm)
{
	struct console_keys *keys = &vm->monitor.keys;
	int byte;

	do {
		if (keys->request)
			return -1;
		byte = console_read();
		vm->heard |= byte >= 0;
	} while (byte >= 0 && !keys_pass(keys, (u8)byte));
	return byte;
}

void vm_deliver_input(struct vm *vm)
{
	console_poll();
	for (;;) {
		if (vm->typed < 0)
			vm->typed = read_input(vm);
		if (vm->typed < 0 ||
		    !devices_console_input(&vm->devices, vm->typed))
			return;
		vm->typed = -1;
	}
}
