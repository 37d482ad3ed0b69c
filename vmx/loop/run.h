/* SPDX-License-Identifier: MIT */
/* The run loop. */
#ifndef VMX_LOOP_RUN_H
#define VMX_LOOP_RUN_H

struct vm;

/*
 * Runs @vm until it ends, and prints its statistics and the other reports that
 * the user has asked for.
 */
void vm_run(struct vm *vm);

#endif
