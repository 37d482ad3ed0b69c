/* SPDX-License-Identifier: MIT */
/* The run loop. */
#ifndef VMX_RUN_H
#define VMX_RUN_H

struct vm;

/*
 * Run @vm until it ends; its statistics, and what else the user has asked for,
 * have been printed then.
 */
void vm_run(struct vm *vm);

/*
 * Bring the guest's devices to the present if it is time to, and have the
 * machine's timer interrupt when it is again.
 */
void vm_serve_devices(struct vm *vm);

/* The guest has written to a device: that may be due earlier than it was. */
void vm_devices_changed(struct vm *vm);

/* The machine's timer has interrupted: for the next look, or one of before. */
void vm_timer_interrupted(struct vm *vm);

/* Gives the guest's serial port the bytes typed that it has room for. */
void vm_take_input(struct vm *vm);

#endif
