/* SPDX-License-Identifier: MIT */
/* The handlers of VM exits. */
#ifndef VMX_HANDLERS_H
#define VMX_HANDLERS_H

#include "vmx/exit.h"

struct cpuid_regs;

void vmx_handle_page_fault(struct vcpu *vcpu);
void vmx_handle_cr_access(struct vcpu *vcpu);
void vmx_handle_mov_dr(struct vcpu *vcpu);
void vmx_handle_io(struct vcpu *vcpu);
void vmx_handle_rdmsr(struct vcpu *vcpu);
void vmx_handle_wrmsr(struct vcpu *vcpu);
void vmx_handle_cpuid(struct vcpu *vcpu);
void vmx_handle_xsetbv(struct vcpu *vcpu);
void vmx_handle_task_switch(struct vcpu *vcpu);
void vmx_handle_hlt(struct vcpu *vcpu);
void vmx_handle_invlpg(struct vcpu *vcpu);
void vmx_handle_vmcall(struct vcpu *vcpu);

/* Writes the counters into CPUID's answer @out, where @leaf shows them. */
void vmx_cpuid_counters(const struct vm *vm, u32 leaf, u32 number,
			struct cpuid_regs *out);

#endif
