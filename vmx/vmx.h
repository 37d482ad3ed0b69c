/* SPDX-License-Identifier: MIT */
/* VMX operation: finding out whether it is available, entering, leaving. */
#ifndef VMX_VMX_H
#define VMX_VMX_H

#include "vmx/controls.h"
#include "vmx/platform.h"

/*
 * Reads the processor's capabilities and enters VMX root operation. Returns
 * false if it can't; the missing feature and the remedy have been logged. The
 * end of the machine's run leaves VMX operation.
 */
__cold bool vmx_start(void);

/* The capabilities that vmx_start() or vmx_read_capabilities() found. */
const struct vmx_capabilities *vmx_capabilities(void);

/* Reads the capability MSRs, for a processor that shows VMX. */
void vmx_read_capabilities(void);

/* Returns the hypervisor below this machine, by CPUID; NULL: none. */
const struct hypervisor *vmx_hypervisor(void);

/* Allocates a VMCS, clear and current. Panics if there is no memory. */
hpa_t vmx_make_vmcs(void);

/* Clears the VMCS at @hpa: the processor writes no more to that page. */
void vmx_forget_vmcs(hpa_t hpa);

#endif
