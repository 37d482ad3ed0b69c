/* SPDX-License-Identifier: MIT */
/* Carrying out a guest's instruction, between the emulator and the MMU. */
#ifndef VMX_EMULATION_H
#define VMX_EMULATION_H

#include "vmx/exits/memory.h"

/*
 * Carry out the instruction at the guest's RIP, whose @access (the bits of a
 * page-fault error code) @walk has found: in RAM, or @mmio. False: it can't be,
 * and nothing is changed. True: it is done, or its fault is pending, or it is
 * to run again.
 */
bool vcpu_emulate(struct vcpu *vcpu, const struct guest_walk *walk, u32 access,
		  bool mmio);

/*
 * Carry out @insn, which is at the guest's RIP, on @memory; @ops are given
 * @vcpu. Returns as vcpu_emulate() does.
 */
bool vcpu_carry_out(struct vcpu *vcpu, struct vcpu_memory *memory,
		    const struct insn *insn, const struct emul_ops *ops);

/* Raise the exception that has come instead of an access or an instruction. */
void vcpu_raise(struct vcpu *vcpu, const struct fault *fault);

/*
 * The linear address of the instruction at the guest's RIP, as of the exit;
 * @mode is that of the guest's code.
 */
gva_t vcpu_linear_rip(const struct vcpu *vcpu, enum insn_mode mode);

#endif
