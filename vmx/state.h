/* SPDX-License-Identifier: MIT */
/* The guest's state between the VMCS and Umbra, for the exits' handlers. */
#ifndef VMX_STATE_H
#define VMX_STATE_H

#include "vmx/vcpu.h"

/* Writes the field if it changes: each VMWRITE may be an exit to a hypervisor
 * below. */
static inline void vmwrite_changed(enum vmcs_field field, u64 before, u64 after)
{
	if (after != before)
		vmwrite(field, after);
}

/* The guest's CR0 as it would read it. */
u64 vcpu_cr0(const struct vcpu *vcpu);
/* The same for CR4. In vcpu->paging.cr4 PGE may be out of date: the guest owns
 * it.
 */
u64 vcpu_cr4(const struct vcpu *vcpu);

/* Writes the VMCS fields that follow from vcpu->paging's CR0, CR4 and EFER. */
void vcpu_apply_state(struct vcpu *vcpu);

/*
 * Makes the processor forget the translations of vcpu->flush. Must be called
 * last before an entry. Panics if INVVPID fails.
 */
void vcpu_flush_tlb(struct vcpu *vcpu);

/*
 * Set primary processor-based controls, of those that are switched: of @which,
 * those in @on are 1, and the others 0.
 */
void vcpu_set_cpu_controls(struct vcpu *vcpu, u32 which, u32 on);

/* The same for one. */
static inline void vcpu_set_cpu_control(struct vcpu *vcpu, u32 control, bool on)
{
	vcpu_set_cpu_controls(vcpu, control, on ? control : 0);
}

/* Write the guest's RFLAGS, which were @before. */
void vcpu_set_rflags(u64 before, u64 rflags);

/* Set or clear the blocking by NMI in the interruptibility state. */
void vcpu_set_nmi_blocking(bool blocked);

/* STI and MOV SS block events no longer. */
void vcpu_end_blocking(void);

/*
 * Returns the guest's DR7 if a breakpoint is enabled in it, else 0. After a 0
 * the field is not read again (below KVM a read is an exit): MOV DR exits from
 * then on, and at the first such exit the guest gets its registers back.
 */
u64 vcpu_dr7(struct vcpu *vcpu);
/* The guest's breakpoints, for the instruction at its RIP. */
void vcpu_arm_breakpoints(struct vcpu *vcpu, struct breakpoints *b);

/*
 * The rights with which the guest's present instruction accesses its data:
 * PFEC_U or WALK_AC or neither.
 */
u32 vcpu_data_access(void);

#endif
