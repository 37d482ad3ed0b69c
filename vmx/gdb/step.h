/* SPDX-License-Identifier: MIT */
/*
 * A step of one instruction of the guest, for gdb, by RFLAGS.TF. TF is set only
 * from an entry to the exit, and the guest never sees it. Meanwhile all
 * exceptions exit, and no interrupt is delivered. An event that is due is
 * delivered without TF, and the exit for the NMI window comes at its handler's
 * first instruction (SDM vol. 3C, 26.7.6).
 */
#ifndef VMX_GDB_STEP_H
#define VMX_GDB_STEP_H

#include "mmu/mmu.h"

struct vm;
struct vcpu;

/*
 * Begins a step. Returns false, and logs why, if it can't: SYSCALL copies TF to
 * R11, and may clear it; and while NMIs are blocked, the NMI window does not
 * open after the delivery of an event.
 */
bool step_begin(struct vm *vm);
void step_end(struct vm *vm);

/* During a step all page faults exit. */
static inline void step_filter(struct mmu_filter *filter)
{
	filter->intercept = true;
	filter->mask = filter->match = 0;
}

/* Called before and after each entry during a step. */
void step_enter(struct vcpu *vcpu);
void step_left(struct vcpu *vcpu);

/* Returns true if the step is over. Called after an exit was handled. */
bool step_is_over(const struct vm *vm);

#endif
