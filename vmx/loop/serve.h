/* SPDX-License-Identifier: MIT */
/* The work that is due between two instructions of the guest's. */
#ifndef VMX_LOOP_SERVE_H
#define VMX_LOOP_SERVE_H

struct vm;

/*
 * Brings the guest's devices to the present if that is due, and sets the
 * machine's timer to interrupt when it is due again.
 */
void vm_serve_devices(struct vm *vm);

#endif
