/* SPDX-License-Identifier: MIT */
/*
 * Events for the guest: exceptions that Umbra raises, interrupts of the
 * guest's machine, and the event that an exit has interrupted.
 */
#ifndef VMX_EVENTS_INJECT_H
#define VMX_EVENTS_INJECT_H

#include "arch/x86/cpu.h"
#include "vmx/vm.h"

/* After an exit: makes the event due again whose delivery it has broken off. */
void vcpu_redeliver(struct vcpu *vcpu);

/*
 * Raises an exception in the delivery of another event: it may become #DF, or a
 * triple fault, which stops the guest.
 */
void vcpu_combine_exception(struct vcpu *vcpu, enum vector vector,
			    bool has_error, u32 error_code);

/* Raises an exception. Most come alone. */
static inline void vcpu_inject_exception(struct vcpu *vcpu, enum vector vector,
					 bool has_error, u32 error_code)
{
	if (vcpu->event.info)
		vcpu_combine_exception(vcpu, vector, has_error, error_code);
	else
		vcpu->event = event_exception(vector, has_error, error_code);
}

static inline void vcpu_inject_ud(struct vcpu *vcpu)
{
	vcpu_inject_exception(vcpu, VECTOR_UD, false, 0);
}

/* #GP(0). */
static inline void vcpu_inject_gp(struct vcpu *vcpu)
{
	vcpu_inject_exception(vcpu, VECTOR_GP, true, 0);
}

/* Raises #PF. The VMCS has no field for CR2: the register holds the guest's. */
static inline void vcpu_inject_page_fault(struct vcpu *vcpu, gva_t gva,
					  u32 error_code)
{
	cr2_write(gva);
	vcpu->vm->stats.faults_injected[error_code & PFEC_P]++;
	vcpu_inject_exception(vcpu, VECTOR_PF, true, error_code);
}

/*
 * Raises #DB, with the bits @dr6 of DR6, and clears DR7.GD (SDM vol. 3B, 17.2).
 */
void vcpu_inject_debug(struct vcpu *vcpu, u64 dr6);

/*
 * Returns the guest's readiness for events. Ends the blocking of NMIs by
 * software if the NMI's handler has ended.
 */
struct readiness vcpu_readiness(struct vcpu *vcpu);

/*
 * Before an entry: hands the event that is due, or a device's, to the VMCS.
 * Returns false if there was nothing to do.
 */
bool vcpu_deliver(struct vcpu *vcpu);

#endif
