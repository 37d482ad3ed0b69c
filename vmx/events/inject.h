/* SPDX-License-Identifier: MIT */
/*
 * Events for the guest: exceptions that Umbra raises, interrupts of the
 * guest's machine, and the event that an exit has interrupted.
 */
#ifndef VMX_EVENTS_INJECT_H
#define VMX_EVENTS_INJECT_H

#include "vmx/vcpu.h"

/* After an exit: an event whose delivery it broke off is due again. */
void vcpu_redeliver(struct vcpu *vcpu);

/*
 * Raise an exception. One that hits the delivery of another becomes #DF, or
 * stops the guest as a triple fault.
 */
void vcpu_inject_exception(struct vcpu *vcpu, enum vector vector,
			   bool has_error, u32 error_code);

static inline void vcpu_inject_ud(struct vcpu *vcpu)
{
	vcpu_inject_exception(vcpu, VECTOR_UD, false, 0);
}

/* #GP(0). */
static inline void vcpu_inject_gp(struct vcpu *vcpu)
{
	vcpu_inject_exception(vcpu, VECTOR_GP, true, 0);
}

/* #PF, with CR2. */
void vcpu_inject_page_fault(struct vcpu *vcpu, gva_t gva, u32 error_code);

/* #DB, with DR6 and DR7.GD; @dr6 as of dr6_after_debug() (SDM 3B, 17.2). */
void vcpu_inject_debug(struct vcpu *vcpu, u64 dr6);

/*
 * The guest's readiness for events. Ends the blocking of NMIs by software if it
 * is over.
 */
struct readiness vcpu_readiness(struct vcpu *vcpu);

/* Before an entry: hand the pending event to the VMCS, or an interrupt. */
void vcpu_deliver(struct vcpu *vcpu);

#endif
