/* SPDX-License-Identifier: MIT */
/* Everything about a virtual processor that an engineer may want, in words. */
#ifndef VMX_REPORT_DUMP_H
#define VMX_REPORT_DUMP_H

struct vcpu;

/* Prints registers, guest state, controls and exit information. */
void vmx_dump(struct vcpu *vcpu);

/* The part of it with the registers and the code at RIP. */
void vmx_dump_registers(struct vcpu *vcpu);

#endif
