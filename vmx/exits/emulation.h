/* SPDX-License-Identifier: MIT */
/* Carrying out a guest's instruction, between the emulator and the MMU. */
#ifndef VMX_EMULATION_H
#define VMX_EMULATION_H

#include "vmx/exits/memory.h"

/*
 * Carries out the instruction at the guest's RIP. @walk: the walk of its
 * operand, which is in RAM, or in a device if @mmio. @access: the bits of a
 * page-fault error code. Returns false if Umbra can't do it; nothing is changed
 * then. Returns true if it is done, or its fault is pending, or it must run
 * again.
 */
bool vcpu_emulate(struct vcpu *vcpu, const struct guest_walk *walk, u32 access,
		  bool mmio);

/*
 * Carries out @insn, which is at the guest's RIP, on @memory; @vcpu is the
 * context of @ops. Returns as vcpu_emulate() does.
 */
bool vcpu_carry_out(struct vcpu *vcpu, struct vcpu_memory *memory,
		    const struct insn *insn, const struct emul_ops *ops);

/* Raises @fault, the exception that has ended an access or an instruction. */
void vcpu_raise(struct vcpu *vcpu, const struct fault *fault);

/*
 * Returns the linear address of the instruction at the guest's RIP, as of the
 * exit. @mode: that of the guest's code.
 */
gva_t vcpu_linear_rip(const struct vcpu *vcpu, enum insn_mode mode);

#endif
