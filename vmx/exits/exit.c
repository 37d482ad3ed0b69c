/* SPDX-License-Identifier: MIT */
/* The table of exits. An exit without a handler here stops the guest. */
#include "arch/x86/cpu.h"
#include "arch/x86/exception.h"
#include "arch/x86/trap.h"
#include "vmx/vm.h"
#include "vmx/exits/emulation.h"
#include "vmx/exits/handlers.h"
#include "vmx/gdb/debug.h"
#include "vmx/events/inject.h"
#include "vmx/loop/schedule.h"
#include "vmx/events/skip.h"
#include "vmx/state.h"
#include "vmx/stop.h"

static void handle_debug(struct vcpu *vcpu)
{
	const struct vmx_exit *exit = &vcpu->exit;
	u64 debug = debug_remove_gdb_hits(vcpu, exit->qualification);

	if (exit->qualification && !debug)
		return;
	/*
	 * The blocking by STI or MOV SS ends here anyway. And with TF set an
	 * entry with the blocking needs a pending single step (26.3.1.5), but
	 * the exit for this exception has consumed the step.
	 */
	vcpu_end_blocking();
	if (vmx_intr_type(exit->interruption) ==
	    INTR_PRIVILEGED_SOFTWARE_EXCEPTION) {
		debug_set_dr7(vcpu, debug_dr7(vcpu) & ~DR7_GD);
		vcpu->event =
			event_int1(vmread(VMCS_VM_EXIT_INSTRUCTION_LENGTH));
		return;
	}
	vcpu_inject_debug(vcpu, debug);
}

#define OPCODE_FWAIT 0x9b

/*
 * An x87 error with CR0.NE=0. The instruction waits for IRQ 13: it exits again
 * until the guest takes IRQ 13. With IGNNE# a processor executes it; Umbra can
 * do so for FWAIT alone (FWAIT stands before FSAVE, FSTENV, FCLEX, FINIT).
 */
static void handle_x87_error(struct vcpu *vcpu)
{
	u32 access = PFEC_I | (vcpu_data_access() & PFEC_U);
	u8 opcode = 0;

	if (!devices_x87_error(&vcpu->vm->devices)) {
		/* While STI blocks interrupts it would fault for ever. */
		vcpu_end_blocking();
		return;
	}
	mmu_fetch(&vcpu->paging, vcpu_linear_rip(vcpu, vcpu_code_mode(vcpu)),
		  access, &opcode, 1);
	if (opcode != OPCODE_FWAIT)
		return vmx_stop_guest(vcpu, "an x87 instruction that must "
					    "ignore an error (IGNNE#)");
	vcpu_skip_bytes(vcpu, 1, 0);
}

/*
 * Gives the guest an exception that exits for gdb alone. The handlers of INT3
 * and INTO return to the next instruction.
 */
static void reflect(struct vcpu *vcpu, u8 vector)
{
	const struct vmx_exit *exit = &vcpu->exit;

	if (vmx_intr_is_software(exit->interruption))
		vcpu->event =
			event_again(exit->interruption, 0,
				    vmread(VMCS_VM_EXIT_INSTRUCTION_LENGTH));
	else
		vcpu_inject_exception(vcpu, vector,
				      exit->interruption & VMX_INTR_ERROR_CODE,
				      exit->interruption_error);
}

static void handle_exception(struct vcpu *vcpu, u8 vector)
{
	/* An #MF with CR0.NE=1 is like any other exception. */
	if (vector == VECTOR_MF && !(vcpu->paging.cr0 & CR0_NE))
		return handle_x87_error(vcpu);
	switch (vector) {
	case VECTOR_DB:
		return handle_debug(vcpu);
	case VECTOR_AC:
		vcpu_inject_exception(vcpu, VECTOR_AC, true,
				      vcpu->exit.interruption_error);
		return;
	case VECTOR_MC:
		trap_machine_check();
	default:
		if (vcpu->vm->gdb.step.on)
			return reflect(vcpu, vector);
		return vmx_stop_guest(vcpu, "unexpected exception %s",
				      exception_name(vector));
	}
}

static void handle_nmi_or_exception(struct vcpu *vcpu)
{
	u32 info = vcpu->exit.interruption;
	u8 vector = info & VMX_INTR_VECTOR;
	struct readiness ready;

	if (vector == VECTOR_PF) { /* most exits */
		vmx_handle_page_fault(vcpu);
	} else if (vmx_intr_type(info) == INTR_NMI) {
		/* The machine's own NMI. Only an IRET unblocks the next one. */
		asm volatile("int $2");
		return;
	} else {
		handle_exception(vcpu, vector);
	}
	if (!(info & VMX_INTR_NMI_UNBLOCKED))
		return;
	ready = vcpu_readiness(vcpu);
	if (exit_blocks_nmis(info, vcpu->exit.idt_vectoring, &ready))
		vcpu_set_nmi_blocking(true);
}

static void handle_external_interrupt(struct vcpu *vcpu)
{
	/* It stays pending: "acknowledge interrupt on exit" is 0. */
	cpu_take_interrupts();
	vm_interrupted(vcpu->vm);
}

static void handle_window(struct vcpu *vcpu)
{
	(void)vcpu; /* vcpu_deliver() does the rest */
}

static void handle_triple_fault(struct vcpu *vcpu)
{
	return vmx_stop_guest(vcpu, "triple fault");
}

static void handle_startup(struct vcpu *vcpu)
{
	return vmx_stop_guest(vcpu, "INIT or SIPI: Umbra gives a guest "
				    "one processor only");
}

static void handle_invd(struct vcpu *vcpu)
{
	/* INVD would drop changed cache lines of Umbra's memory, too. */
	wbinvd();
	vcpu_skip_instruction(vcpu);
}

typedef void (*exit_handler)(struct vcpu *vcpu);

/*
 * Exceptions are not in the table: see vmx_handle_exit().
 * An instruction that CPUID does not show raises #UD. RDPMC exists, but there
 * is no performance counter: it raises #GP.
 */
static const exit_handler handlers[EXIT_REASONS] = {
	[EXIT_EXTERNAL_INTERRUPT] = handle_external_interrupt,
	[EXIT_TRIPLE_FAULT] = handle_triple_fault,
	[EXIT_INIT_SIGNAL] = handle_startup,
	[EXIT_STARTUP_IPI] = handle_startup,
	[EXIT_INTERRUPT_WINDOW] = handle_window,
	[EXIT_NMI_WINDOW] = handle_window,
	[EXIT_TASK_SWITCH] = vmx_handle_task_switch,
	[EXIT_CPUID] = vmx_handle_cpuid,
	[EXIT_GETSEC] = vcpu_inject_ud,
	[EXIT_HLT] = vmx_handle_hlt,
	[EXIT_INVD] = handle_invd,
	[EXIT_INVLPG] = vmx_handle_invlpg,
	[EXIT_RDPMC] = vcpu_inject_gp,
	[EXIT_RSM] = vcpu_inject_ud,
	[EXIT_VMCALL] = vmx_handle_vmcall,
	[EXIT_VMCLEAR... EXIT_VMXON] = vcpu_inject_ud,
	[EXIT_CR_ACCESS] = vmx_handle_cr_access,
	[EXIT_MOV_DR] = vmx_handle_mov_dr,
	[EXIT_IO_INSTRUCTION] = vmx_handle_io,
	[EXIT_RDMSR] = vmx_handle_rdmsr,
	[EXIT_WRMSR] = vmx_handle_wrmsr,
	[EXIT_MWAIT] = vcpu_inject_ud,
	[EXIT_MONITOR] = vcpu_inject_ud,
	[EXIT_INVEPT] = vcpu_inject_ud,
	[EXIT_INVVPID] = vcpu_inject_ud,
	[EXIT_XSETBV] = vmx_handle_xsetbv,
};

void vmx_handle_exit(struct vcpu *vcpu)
{
	enum vmx_exit_reason reason = vcpu->exit.reason;

	/* Most exits: this call is compiled into the run loop. */
	if (reason == EXIT_EXCEPTION_OR_NMI)
		return handle_nmi_or_exception(vcpu);
	if (!handlers[reason])
		return vmx_stop_guest(vcpu,
				      "an exit that Umbra does not expect");
	return handlers[reason](vcpu);
}
