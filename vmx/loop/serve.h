/* SPDX-License-Identifier: MIT */
/* The work that is due between two instructions of the guest's. */
#ifndef VMX_LOOP_SERVE_H
#define VMX_LOOP_SERVE_H

#include "vmx/vm.h"

/*
 * Notes if exits are shown to the audit, to the monitor or to gdb, so that each
 * exit takes one test. A user's command alone changes that: so this is called
 * at the start of a run, and after the console and gdb have been served.
 */
static inline void vm_note_watchers(struct vm *vm)
{
	vm->watched = vm->audit || vm->monitor.until || vm->gdb.step.on ||
		      vm->gdb.link.port;
}

/*
 * Brings the guest's devices to the present if that is due, and sets the
 * machine's timer to interrupt when it is due again.
 */
void vm_serve_devices(struct vm *vm);

#endif
