/* SPDX-License-Identifier: MIT */
/* VM exits: their handlers, and the fail-stop. */
#ifndef VMX_EXIT_H
#define VMX_EXIT_H

#include "vmx/exit_reasons.h"
#include "vmx/vcpu.h"
#include "vmx/words.h"

enum exit_result {
	EXIT_RESUME, /* go on with the guest */
	EXIT_STOP /* vmx_stop_guest() has been called, or the run is over */
};

/* Dispatch the exit in vcpu->exit. */
enum exit_result vmx_handle_exit(struct vcpu *vcpu);

/*
 * Fail-stop of this guest: print why, the whole state, the last exits and the
 * statistics, and end the run. Returns EXIT_STOP, for handlers to return.
 */
enum exit_result vmx_stop_guest(struct vcpu *vcpu, const char *why, ...)
	__printf(2, 3);

/* The handlers, by file. */
enum exit_result vmx_handle_page_fault(struct vcpu *vcpu);
enum exit_result vmx_handle_exception(struct vcpu *vcpu);
enum exit_result vmx_handle_cr_access(struct vcpu *vcpu);
enum exit_result vmx_handle_io(struct vcpu *vcpu);
enum exit_result vmx_handle_rdmsr(struct vcpu *vcpu);
enum exit_result vmx_handle_wrmsr(struct vcpu *vcpu);
enum exit_result vmx_handle_cpuid(struct vcpu *vcpu);
enum exit_result vmx_handle_xsetbv(struct vcpu *vcpu);
enum exit_result vmx_handle_task_switch(struct vcpu *vcpu);
enum exit_result vmx_handle_hlt(struct vcpu *vcpu);
enum exit_result vmx_handle_invlpg(struct vcpu *vcpu);
enum exit_result vmx_handle_vmcall(struct vcpu *vcpu);

#endif
