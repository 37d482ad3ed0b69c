/* SPDX-License-Identifier: MIT */
/* Bytes typed at the console, for the guest's serial port. */
#ifndef VMX_LOOP_INPUT_H
#define VMX_LOOP_INPUT_H

struct vm;

/* Gives the guest's serial port the typed bytes for which it has room. */
void vm_deliver_input(struct vm *vm);

#endif
