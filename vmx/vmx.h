/* SPDX-License-Identifier: MIT */
/* VMX operation: finding out whether it is available, entering, leaving. */
#ifndef VMX_VMX_H
#define VMX_VMX_H

#include "vmx/controls.h"
#include "vmx/platform.h"

/*
 * Finds out what the processor can do, and enters VMX root operation.
 * Returns false if it can't; the missing feature and the remedy have been
 * logged. VMXOFF is done when the machine ends.
 */
__cold bool vmx_start(void);

/* The capabilities that vmx_start() or vmx_read_capabilities() found. */
const struct vmx_capabilities *vmx_capabilities(void);

/* Reads the capability MSRs, for a processor that shows VMX. */
void vmx_read_capabilities(void);

/* The MSR that capabilities->allowed[set] is from. */
u32 vmx_capability_msr(enum control_set set);

/* The hypervisor below this machine, as CPUID tells; NULL: none. */
const struct hypervisor *vmx_hypervisor(void);

/* A page with the VMCS revision number: a VMCS that is clear and current. */
hpa_t vmx_make_vmcs(void);

/* The processor writes no more to that VMCS: its page is free for other use. */
void vmx_forget_vmcs(hpa_t hpa);

#endif
