/* SPDX-License-Identifier: MIT */
/* VM exits: their reasons, their handlers, and the fail-stop. */
#ifndef VMX_EXIT_H
#define VMX_EXIT_H

#include "vmx/vcpu.h"

/* Basic exit reasons, SDM vol. 3D, appendix C. */
enum vmx_exit_reason {
	EXIT_EXCEPTION_OR_NMI = 0,
	EXIT_EXTERNAL_INTERRUPT = 1,
	EXIT_TRIPLE_FAULT = 2,
	EXIT_INIT_SIGNAL = 3,
	EXIT_STARTUP_IPI = 4,
	EXIT_IO_SMI = 5,
	EXIT_OTHER_SMI = 6,
	EXIT_INTERRUPT_WINDOW = 7,
	EXIT_NMI_WINDOW = 8,
	EXIT_TASK_SWITCH = 9,
	EXIT_CPUID = 10,
	EXIT_GETSEC = 11,
	EXIT_HLT = 12,
	EXIT_INVD = 13,
	EXIT_INVLPG = 14,
	EXIT_RDPMC = 15,
	EXIT_RDTSC = 16,
	EXIT_RSM = 17,
	EXIT_VMCALL = 18,
	EXIT_VMCLEAR = 19,
	EXIT_VMLAUNCH = 20,
	EXIT_VMPTRLD = 21,
	EXIT_VMPTRST = 22,
	EXIT_VMREAD = 23,
	EXIT_VMRESUME = 24,
	EXIT_VMWRITE = 25,
	EXIT_VMXOFF = 26,
	EXIT_VMXON = 27,
	EXIT_CR_ACCESS = 28,
	EXIT_MOV_DR = 29,
	EXIT_IO_INSTRUCTION = 30,
	EXIT_RDMSR = 31,
	EXIT_WRMSR = 32,
	EXIT_INVALID_GUEST_STATE = 33,
	EXIT_MSR_LOADING = 34,
	EXIT_MWAIT = 36,
	EXIT_MONITOR_TRAP_FLAG = 37,
	EXIT_MONITOR = 39,
	EXIT_PAUSE = 40,
	EXIT_MACHINE_CHECK_ENTRY = 41,
	EXIT_TPR_BELOW_THRESHOLD = 43,
	EXIT_APIC_ACCESS = 44,
	EXIT_VIRTUALIZED_EOI = 45,
	EXIT_GDTR_IDTR_ACCESS = 46,
	EXIT_LDTR_TR_ACCESS = 47,
	EXIT_EPT_VIOLATION = 48,
	EXIT_EPT_MISCONFIGURATION = 49,
	EXIT_INVEPT = 50,
	EXIT_RDTSCP = 51,
	EXIT_PREEMPTION_TIMER = 52,
	EXIT_INVVPID = 53,
	EXIT_WBINVD = 54,
	EXIT_XSETBV = 55,
	EXIT_APIC_WRITE = 56,
	EXIT_RDRAND = 57,
	EXIT_INVPCID = 58,
	EXIT_VMFUNC = 59,
	EXIT_ENCLS = 60,
	EXIT_RDSEED = 61,
	EXIT_PML_FULL = 62,
	EXIT_XSAVES = 63,
	EXIT_XRSTORS = 64,
	EXIT_REASONS = 65
};

#define EXIT_REASON_BASIC BITS(15, 0)
#define EXIT_REASON_ENTRY_FAILURE BIT(31)

enum exit_result {
	EXIT_RESUME, /* go on with the guest */
	EXIT_STOP /* vmx_stop_guest() has been called, or the run is over */
};

typedef enum exit_result (*exit_handler)(struct vcpu *vcpu);

struct exit_description {
	const char *name; /* as in appendix C */
	exit_handler handle; /* NULL: Umbra expects no such exit */
};

extern const struct exit_description vmx_exits[EXIT_REASONS];

/* The reason in words; any number. */
const char *vmx_exit_name(u32 reason);
/* "#PF" and the like; any vector. */
const char *vmx_vector_name(u8 vector);

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
enum exit_result vmx_handle_hlt(struct vcpu *vcpu);
enum exit_result vmx_handle_vmcall(struct vcpu *vcpu);

#endif
