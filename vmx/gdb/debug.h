/* SPDX-License-Identifier: MIT */
/*
 * The guest's debug registers while gdb has points in the processor's: the
 * guest reads and sets its own, and the hits of both are told apart. DR6 is
 * always the guest's: an exit for #DB leaves it alone (SDM vol. 3C, 27.1).
 */
#ifndef VMX_GDB_DEBUG_H
#define VMX_GDB_DEBUG_H

#include "vmx/vcpu.h"

/* The first returns DR7 as the guest has set it, the second sets it. */
u64 debug_dr7(const struct vcpu *vcpu);
void debug_set_dr7(struct vcpu *vcpu, u64 value);

/*
 * Returns the guest's part of a #DB with @debug, in the bits of DR6; 0 if all
 * of it is gdb's, which is told after this exit.
 */
u64 debug_remove_gdb_hits(struct vcpu *vcpu, u64 debug);

/*
 * Gives the processor its registers after a change of gdb's points. Returns
 * false if a point has no register.
 */
bool debug_update(struct vcpu *vcpu);

/*
 * The guest's register @number, one of 0 to 3, 6 and 7, for MOV DR while gdb
 * has points.
 */
u64 debug_read(const struct vcpu *vcpu, unsigned int number);
void debug_write(struct vcpu *vcpu, unsigned int number, u64 value);

#endif
