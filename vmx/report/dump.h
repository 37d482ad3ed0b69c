/* SPDX-License-Identifier: MIT */
/* Everything about a virtual processor that an engineer may want, in words. */
#ifndef VMX_REPORT_DUMP_H
#define VMX_REPORT_DUMP_H

struct vcpu;

/* Prints registers, guest state, controls and exit information. */
void vmx_dump(struct vcpu *vcpu);

#endif
