/* SPDX-License-Identifier: MIT */
/* A VMCS for a new virtual processor, and the state that it starts in. */
#ifndef VMX_VMCS_SETUP_H
#define VMX_VMCS_SETUP_H

#include "vmx/vcpu.h"

struct linux_entry;

/*
 * Gives @vcpu, whose vm and mmu are set, a VMCS of its own, made current:
 * controls and host state. Panics when there is no memory for it.
 */
void vcpu_create_vmcs(struct vcpu *vcpu);

/* 64-bit mode, as the Linux boot protocol has it; interrupts off. */
void vcpu_start_long_mode(struct vcpu *vcpu, const struct linux_entry *entry);

/*
 * 32-bit protected mode, unpaged, flat segments, interrupts off; @eax and @ebx
 * as given. The GDT is empty: the guest loads its own.
 */
void vcpu_start_protected_mode(struct vcpu *vcpu, u32 eip, u32 eax, u32 ebx);

#endif
