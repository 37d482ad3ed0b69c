/* SPDX-License-Identifier: MIT */
/* The work that is due between two instructions of the guest's. */
#ifndef VMX_SERVE_H
#define VMX_SERVE_H

struct vm;

/*
 * Bring the guest's devices to the present if it is time to, and have the
 * machine's timer interrupt when it is again.
 */
void vm_serve_devices(struct vm *vm);

#endif
