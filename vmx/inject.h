/* SPDX-License-Identifier: MIT */
/*
 * Events for the guest: exceptions that Umbra raises, interrupts of the
 * guest's machine, and the event that an exit has interrupted.
 */
#ifndef VMX_INJECT_H
#define VMX_INJECT_H

#include "vmx/vcpu.h"

/* What becomes of an exception while another event is being delivered. */
enum combined_event { EVENT_SECOND, EVENT_DOUBLE_FAULT, EVENT_TRIPLE_FAULT };

/*
 * SDM vol. 3A, table 6-5: @first is the interrupted event (interruption
 * information, or 0), @second the vector of the exception in its delivery.
 */
enum combined_event combine_events(u32 first, u8 second);

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

/* The #DB of the INT1 that has exited. */
void vcpu_inject_int1(struct vcpu *vcpu);

/* #PF, with CR2. */
void vcpu_inject_page_fault(struct vcpu *vcpu, gva_t gva, u32 error_code);

/* Would the guest take an external interrupt now? */
bool vcpu_can_be_interrupted(void);

/* The same for an NMI. */
bool vcpu_can_take_nmi(const struct vcpu *vcpu);

/* Before an entry: hand the pending event to the VMCS, or an interrupt. */
void vcpu_deliver(struct vcpu *vcpu);

#endif
