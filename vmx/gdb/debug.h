/* SPDX-License-Identifier: MIT */
/*
 * The guest's debug registers while gdb has points in them: the guest reads
 * and sets its own, and what they catch is told apart. DR6 is always its own:
 * an exit for #DB leaves it alone (SDM vol. 3C, 27.1).
 */
#ifndef VMX_GDB_DEBUG_H
#define VMX_GDB_DEBUG_H

#include "vmx/vcpu.h"

/* DR7 as the guest has set it. */
u64 debug_dr7(const struct vcpu *vcpu);
void debug_set_dr7(struct vcpu *vcpu, u64 value);

/*
 * The guest's part of a #DB with @debug, as DR6 tells it; 0 if it is all
 * gdb's, who is told after this exit.
 */
u64 debug_take_hits(struct vcpu *vcpu, u64 debug);

/*
 * gdb's points have changed: gives the processor the registers. Returns false
 * if a point has got none.
 */
bool debug_update(struct vcpu *vcpu);

/*
 * The guest's register @number, one of 0 to 3, 6 and 7, for MOV DR while gdb
 * has points.
 */
u64 debug_read(const struct vcpu *vcpu, unsigned int number);
void debug_write(struct vcpu *vcpu, unsigned int number, u64 value);

#endif
