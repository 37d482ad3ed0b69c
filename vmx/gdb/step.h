/* SPDX-License-Identifier: MIT */
/*
 * One instruction of the guest's, for gdb, by RFLAGS.TF: it is set from an
 * entry to the exit alone, and never seen by the guest. All exceptions exit
 * meanwhile, and no interrupt is taken. An event that is due is delivered
 * without TF, and the exit for the NMI window comes at its handler's first
 * instruction (SDM vol. 3C, 26.7.6).
 */
#ifndef VMX_GDB_STEP_H
#define VMX_GDB_STEP_H

#include "mmu/mmu.h"

struct vm;
struct vcpu;

/*
 * Begins a step. Returns false, and has said why, if there can't be one:
 * SYSCALL copies TF to R11, and may clear it; and while NMIs are blocked, the
 * window does not open behind the delivery of an event.
 */
bool step_begin(struct vm *vm);
void step_end(struct vm *vm);

/* During a step all page faults exit. */
static inline void step_filter(struct mmu_filter *filter)
{
	filter->intercept = true;
	filter->mask = filter->match = 0;
}

/* During a step, before and after each entry. */
void step_enter(struct vcpu *vcpu);
void step_left(struct vcpu *vcpu);

/* Returns true, after an exit was handled, if the step is over. */
bool step_is_over(const struct vm *vm);

#endif
