/* SPDX-License-Identifier: MIT */
/* VM exits: their handlers, and the fail-stop. */
#ifndef VMX_EXIT_H
#define VMX_EXIT_H

#include "vmx/exit_reasons.h"
#include "vmx/vcpu.h"
#include "vmx/report/words.h"

struct cpuid_regs;

/* Dispatch the exit in vcpu->exit. */
void vmx_handle_exit(struct vcpu *vcpu);

/* The handlers, by file. */
void vmx_handle_page_fault(struct vcpu *vcpu);
void vmx_handle_exception(struct vcpu *vcpu);
void vmx_handle_cr_access(struct vcpu *vcpu);
void vmx_handle_io(struct vcpu *vcpu);
void vmx_handle_rdmsr(struct vcpu *vcpu);
void vmx_handle_wrmsr(struct vcpu *vcpu);
void vmx_handle_cpuid(struct vcpu *vcpu);
void vmx_handle_xsetbv(struct vcpu *vcpu);
void vmx_handle_task_switch(struct vcpu *vcpu);
void vmx_handle_hlt(struct vcpu *vcpu);
void vmx_handle_invlpg(struct vcpu *vcpu);
void vmx_handle_vmcall(struct vcpu *vcpu);

/* CPUID's answer @out with the counters in it, where they are shown. */
void vmx_cpuid_counters(const struct vm *vm, u32 leaf, u32 number,
			struct cpuid_regs *out);

/*
 * Changes the MMU's policy while the guest runs: before the next entry the
 * processor gets the root, the filter and the targets of the new one.
 */
void vmx_change_policy(struct vcpu *vcpu, const struct mmu_policy *policy);

#endif
