/* SPDX-License-Identifier: MIT */
/* A VMCS for a new virtual processor, and the state that it starts in. */
#ifndef VMX_START_VMCS_SETUP_H
#define VMX_START_VMCS_SETUP_H

#include "vmx/vcpu.h"

struct guest_entry;

/*
 * Gives @vcpu, whose vm and mmu are set, a VMCS of its own, made current:
 * controls and host state. Panics when there is no memory for it.
 */
__cold void vcpu_create_vmcs(struct vcpu *vcpu);

/*
 * Makes @vcpu run with a VPID, and flushes all mappings of this VPID first.
 * Only where vpid_objection() returns NULL.
 */
void vcpu_use_vpid(struct vcpu *vcpu);

/*
 * Sets the state at the guest's first instruction: 64-bit mode, or 32-bit
 * protected mode, unpaged; flat segments, interrupts off.
 */
__cold void vcpu_set_start_state(struct vcpu *vcpu,
				 const struct guest_entry *entry);

#endif
