/* SPDX-License-Identifier: MIT */
/* The run loop. */
#ifndef VMX_LOOP_RUN_H
#define VMX_LOOP_RUN_H

struct vm;

/*
 * Run @vm until it ends; its statistics, and what else the user has asked for,
 * have been printed then.
 */
void vm_run(struct vm *vm);

#endif
