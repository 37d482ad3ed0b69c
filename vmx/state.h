/* SPDX-License-Identifier: MIT */
/* The guest's state between the VMCS and Umbra, for the exits' handlers. */
#ifndef VMX_STATE_H
#define VMX_STATE_H

#include "vmx/vcpu.h"

/* Writes the field if it changes: a VMWRITE may exit to a hypervisor below. */
static inline void vmwrite_changed(enum vmcs_field field, u64 before, u64 after)
{
	if (after != before)
		vmwrite(field, after);
}

/* Returns CR0 as the guest would read it. */
u64 vcpu_cr0(const struct vcpu *vcpu);
/*
 * The same for CR4. PGE in vcpu->paging.cr4 may be out of date: the guest may
 * own it.
 */
u64 vcpu_cr4(const struct vcpu *vcpu);

/* Writes the VMCS fields that follow from vcpu->paging's CR0, CR4 and EFER. */
void vcpu_store_paging(struct vcpu *vcpu);

/*
 * Sets primary processor-based controls: of those in @which, the ones in @on
 * become 1, the others 0. All are CONTROL_SWITCHED, or known to be switchable.
 */
void vcpu_set_cpu_controls(struct vcpu *vcpu, u32 which, u32 on);

/* The same for one control. */
static inline void vcpu_set_cpu_control(struct vcpu *vcpu, u32 control, bool on)
{
	vcpu_set_cpu_controls(vcpu, control, on ? control : 0);
}

/* Writes @rflags to the guest's RFLAGS, which are @before. */
void vcpu_set_rflags(u64 before, u64 rflags);

/* Sets or clears the blocking by NMI in the interruptibility state. */
void vcpu_set_nmi_blocking(bool blocked);

/* Ends the blocking by STI and MOV SS. */
void vcpu_end_blocking(void);

/*
 * Returns the guest's DR7 if a breakpoint is enabled in it, else 0. After a 0
 * the field is not read again (below KVM a VMREAD of it is an exit): MOV DR
 * exits from then on, and the first such exit gives the guest its registers
 * back.
 */
u64 vcpu_dr7(struct vcpu *vcpu);
/* Fills in *@b with the guest's breakpoints, for the instruction at its RIP. */
void vcpu_arm_breakpoints(struct vcpu *vcpu, struct breakpoints *b);

/*
 * Returns the rights with which the guest's present instruction accesses its
 * data: PFEC_U, WALK_AC or 0.
 */
u32 vcpu_data_access(void);

#endif
