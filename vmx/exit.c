/* SPDX-License-Identifier: MIT */
/* The table of exits. What has no handler here stops the guest. */
#include "arch/x86/cpu.h"
#include "arch/x86/trap.h"
#include "guest/vm.h"
#include "vmx/exit.h"
#include "vmx/inject.h"

/* DR6 and DR7, SDM vol. 3B, 17.2.3 and 17.2.4; the same bits are in the exit
 * qualification of a #DB (vol. 3C, table 27-1). */
#define DR6_CAUSES (BITS(3, 0) | BIT(13) | BIT(14))
#define DR6_FIXED 0xffff0ff0ULL
#define DR7_GD BIT(13)

static enum exit_result handle_debug(struct vcpu *vcpu)
{
	/*
	 * The exit has changed neither DR6 nor DR7.GD, as the delivery of the
	 * exception would have (SDM vol. 3C, 27.1).
	 */
	dr6_write(DR6_FIXED | (vcpu->exit.qualification & DR6_CAUSES));
	vmwrite(VMCS_GUEST_DR7, vmread(VMCS_GUEST_DR7) & ~DR7_GD);
	vcpu_inject_exception(vcpu, VECTOR_DB, false, 0);
	return EXIT_RESUME;
}

enum exit_result vmx_handle_exception(struct vcpu *vcpu)
{
	u32 info = vcpu->exit.interruption;
	u8 vector = info & VMX_INTR_VECTOR;

	if (vmx_intr_type(info) == INTR_NMI) {
		/* The machine's own. Only an IRET unblocks the next one. */
		asm volatile("int $2");
		return EXIT_RESUME;
	}
	/*
	 * A fault of IRET: the processor has already lifted the blocking of
	 * NMIs, which the instruction never got to (SDM vol. 3C, 27.2.3).
	 */
	if ((info & VMX_INTR_NMI_UNBLOCKED) && vector != VECTOR_DF &&
	    !(vcpu->exit.idt_vectoring & VMX_INTR_VALID))
		vmwrite(VMCS_GUEST_INTERRUPTIBILITY_STATE,
			vmread(VMCS_GUEST_INTERRUPTIBILITY_STATE) |
				BLOCKING_BY_NMI);
	switch (vector) {
	case VECTOR_PF:
		return vmx_handle_page_fault(vcpu);
	case VECTOR_DB:
		return handle_debug(vcpu);
	case VECTOR_AC:
		vcpu_inject_exception(vcpu, VECTOR_AC, true,
				      vcpu->exit.interruption_error);
		return EXIT_RESUME;
	case VECTOR_MC:
		trap_machine_check();
	default:
		return vmx_stop_guest(vcpu, "unexpected exception %s",
				      vmx_vector_name(vector));
	}
}

static enum exit_result handle_external_interrupt(struct vcpu *vcpu)
{
	/* It is still pending: "acknowledge interrupt on exit" is 0. */
	cpu_take_interrupts();
	vcpu->vm->deadline = 0;
	return EXIT_RESUME;
}

static enum exit_result handle_interrupt_window(struct vcpu *vcpu)
{
	(void)vcpu; /* vcpu_deliver() does the rest */
	return EXIT_RESUME;
}

static enum exit_result handle_triple_fault(struct vcpu *vcpu)
{
	return vmx_stop_guest(vcpu, "triple fault");
}

static enum exit_result handle_task_switch(struct vcpu *vcpu)
{
	return vmx_stop_guest(vcpu, "a hardware task switch: Umbra does not "
				    "emulate these yet");
}

static enum exit_result handle_startup(struct vcpu *vcpu)
{
	return vmx_stop_guest(vcpu, "INIT or SIPI: Umbra runs one virtual "
				    "processor, a second can't be started yet");
}

static enum exit_result handle_invd(struct vcpu *vcpu)
{
	/* Dropping dirty lines would hit the memory of Umbra, too. */
	wbinvd();
	vcpu_skip_instruction(vcpu);
	return EXIT_RESUME;
}

/* There is no performance-monitoring unit: RDPMC of no counter. */
static enum exit_result handle_rdpmc(struct vcpu *vcpu)
{
	vcpu_inject_gp(vcpu);
	return EXIT_RESUME;
}

/* Instructions that CPUID does not show. */
static enum exit_result handle_undefined(struct vcpu *vcpu)
{
	vcpu_inject_ud(vcpu);
	return EXIT_RESUME;
}

const struct exit_description vmx_exits[EXIT_REASONS] = {
	[EXIT_EXCEPTION_OR_NMI] = { "exception or NMI", vmx_handle_exception },
	[EXIT_EXTERNAL_INTERRUPT] = { "external interrupt",
				      handle_external_interrupt },
	[EXIT_TRIPLE_FAULT] = { "triple fault", handle_triple_fault },
	[EXIT_INIT_SIGNAL] = { "INIT signal", handle_startup },
	[EXIT_STARTUP_IPI] = { "start-up IPI", handle_startup },
	[EXIT_IO_SMI] = { "I/O SMI", NULL },
	[EXIT_OTHER_SMI] = { "other SMI", NULL },
	[EXIT_INTERRUPT_WINDOW] = { "interrupt window",
				    handle_interrupt_window },
	[EXIT_NMI_WINDOW] = { "NMI window", NULL },
	[EXIT_TASK_SWITCH] = { "task switch", handle_task_switch },
	[EXIT_CPUID] = { "CPUID", vmx_handle_cpuid },
	[EXIT_GETSEC] = { "GETSEC", handle_undefined },
	[EXIT_HLT] = { "HLT", vmx_handle_hlt },
	[EXIT_INVD] = { "INVD", handle_invd },
	[EXIT_INVLPG] = { "INVLPG", NULL },
	[EXIT_RDPMC] = { "RDPMC", handle_rdpmc },
	[EXIT_RDTSC] = { "RDTSC", NULL },
	[EXIT_RSM] = { "RSM", handle_undefined },
	[EXIT_VMCALL] = { "VMCALL", vmx_handle_vmcall },
	[EXIT_VMCLEAR] = { "VMCLEAR", handle_undefined },
	[EXIT_VMLAUNCH] = { "VMLAUNCH", handle_undefined },
	[EXIT_VMPTRLD] = { "VMPTRLD", handle_undefined },
	[EXIT_VMPTRST] = { "VMPTRST", handle_undefined },
	[EXIT_VMREAD] = { "VMREAD", handle_undefined },
	[EXIT_VMRESUME] = { "VMRESUME", handle_undefined },
	[EXIT_VMWRITE] = { "VMWRITE", handle_undefined },
	[EXIT_VMXOFF] = { "VMXOFF", handle_undefined },
	[EXIT_VMXON] = { "VMXON", handle_undefined },
	[EXIT_CR_ACCESS] = { "control-register access", vmx_handle_cr_access },
	[EXIT_MOV_DR] = { "MOV DR", NULL },
	[EXIT_IO_INSTRUCTION] = { "I/O instruction", vmx_handle_io },
	[EXIT_RDMSR] = { "RDMSR", vmx_handle_rdmsr },
	[EXIT_WRMSR] = { "WRMSR", vmx_handle_wrmsr },
	[EXIT_INVALID_GUEST_STATE] = { "VM-entry failure: invalid guest state",
				       NULL },
	[EXIT_MSR_LOADING] = { "VM-entry failure: MSR loading", NULL },
	[EXIT_MWAIT] = { "MWAIT", handle_undefined },
	[EXIT_MONITOR_TRAP_FLAG] = { "monitor trap flag", NULL },
	[EXIT_MONITOR] = { "MONITOR", handle_undefined },
	[EXIT_PAUSE] = { "PAUSE", NULL },
	[EXIT_MACHINE_CHECK_ENTRY] = { "VM-entry failure: machine check",
				       NULL },
	[EXIT_TPR_BELOW_THRESHOLD] = { "TPR below threshold", NULL },
	[EXIT_APIC_ACCESS] = { "APIC access", NULL },
	[EXIT_VIRTUALIZED_EOI] = { "virtualized EOI", NULL },
	[EXIT_GDTR_IDTR_ACCESS] = { "access to GDTR or IDTR", NULL },
	[EXIT_LDTR_TR_ACCESS] = { "access to LDTR or TR", NULL },
	[EXIT_EPT_VIOLATION] = { "EPT violation", NULL },
	[EXIT_EPT_MISCONFIGURATION] = { "EPT misconfiguration", NULL },
	[EXIT_INVEPT] = { "INVEPT", handle_undefined },
	[EXIT_RDTSCP] = { "RDTSCP", NULL },
	[EXIT_PREEMPTION_TIMER] = { "VMX-preemption timer expired", NULL },
	[EXIT_INVVPID] = { "INVVPID", handle_undefined },
	[EXIT_WBINVD] = { "WBINVD or WBNOINVD", NULL },
	[EXIT_XSETBV] = { "XSETBV", vmx_handle_xsetbv },
	[EXIT_APIC_WRITE] = { "APIC write", NULL },
	[EXIT_RDRAND] = { "RDRAND", NULL },
	[EXIT_INVPCID] = { "INVPCID", NULL },
	[EXIT_VMFUNC] = { "VMFUNC", handle_undefined },
	[EXIT_ENCLS] = { "ENCLS", NULL },
	[EXIT_RDSEED] = { "RDSEED", NULL },
	[EXIT_PML_FULL] = { "page-modification log full", NULL },
	[EXIT_XSAVES] = { "XSAVES", NULL },
	[EXIT_XRSTORS] = { "XRSTORS", NULL },
};

const char *vmx_exit_name(u32 reason)
{
	reason &= EXIT_REASON_BASIC;
	if (reason < EXIT_REASONS && vmx_exits[reason].name)
		return vmx_exits[reason].name;
	return "reason unknown to Umbra";
}

const char *vmx_vector_name(u8 vector)
{
	static const char *const names[VECTOR_EXCEPTIONS] = {
		[VECTOR_DE] = "#DE", [VECTOR_DB] = "#DB", [VECTOR_NMI] = "NMI",
		[VECTOR_BP] = "#BP", [VECTOR_OF] = "#OF", [VECTOR_BR] = "#BR",
		[VECTOR_UD] = "#UD", [VECTOR_NM] = "#NM", [VECTOR_DF] = "#DF",
		[VECTOR_TS] = "#TS", [VECTOR_NP] = "#NP", [VECTOR_SS] = "#SS",
		[VECTOR_GP] = "#GP", [VECTOR_PF] = "#PF", [VECTOR_MF] = "#MF",
		[VECTOR_AC] = "#AC", [VECTOR_MC] = "#MC", [VECTOR_XM] = "#XM",
		[VECTOR_VE] = "#VE", [VECTOR_CP] = "#CP",
	};

	if (vector < VECTOR_EXCEPTIONS && names[vector])
		return names[vector];
	return "a vector without a name";
}

enum exit_result vmx_handle_exit(struct vcpu *vcpu)
{
	u32 reason = vcpu->exit.reason & EXIT_REASON_BASIC;

	if (reason >= EXIT_REASONS || !vmx_exits[reason].handle)
		return vmx_stop_guest(vcpu, "an exit that Umbra does not expect");
	return vmx_exits[reason].handle(vcpu);
}
