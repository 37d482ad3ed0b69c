/* SPDX-License-Identifier: MIT */
/* Delivering events at VM entry; SDM vol. 3C, 24.8.3 and 26.6. */
#include "arch/x86/cpu.h"
#include "guest/vm.h"
#include "vmx/exit.h"
#include "vmx/inject.h"
#include "vmx/state.h"

static u32 exception_info(u8 vector, bool has_error)
{
	return VMX_INTR_VALID | INTR_HARDWARE_EXCEPTION << 8 | vector |
	       (has_error ? VMX_INTR_ERROR_CODE : 0);
}

void vcpu_redeliver(struct vcpu *vcpu)
{
	struct vmx_event *event = &vcpu->event;
	u32 info = vcpu->exit.idt_vectoring;

	event->info = 0;
	if (!(info & VMX_INTR_VALID))
		return;
	event->info = info & (VMX_INTR_VALID | VMX_INTR_TYPE | VMX_INTR_VECTOR |
			      VMX_INTR_ERROR_CODE);
	event->error_code = vcpu->exit.idt_vectoring_error;
	switch (vmx_intr_type(info)) {
	case INTR_SOFTWARE_INTERRUPT:
	case INTR_PRIVILEGED_SOFTWARE_EXCEPTION:
	case INTR_SOFTWARE_EXCEPTION:
		event->length = vmread(VMCS_VM_EXIT_INSTRUCTION_LENGTH);
		break;
	default:
		event->length = 0;
		break;
	}
}

void vcpu_inject_exception(struct vcpu *vcpu, enum vector vector,
			   bool has_error, u32 error_code)
{
	struct vmx_event *event = &vcpu->event;

	switch (combine_events(event->info, vector)) {
	case EVENT_SECOND:
		break;
	case EVENT_DOUBLE_FAULT:
		vector = VECTOR_DF;
		has_error = true;
		error_code = 0;
		break;
	case EVENT_TRIPLE_FAULT:
		vmx_stop_guest(vcpu, "triple fault: %s in the delivery of #DF",
			       vmx_vector_name(vector));
		return;
	}
	event->info = exception_info(vector, has_error);
	event->error_code = error_code;
	event->length = 0;
}

void vcpu_inject_int1(struct vcpu *vcpu)
{
	/* As an instruction's own event it returns behind the instruction. */
	vcpu->event.info = VMX_INTR_VALID |
			   INTR_PRIVILEGED_SOFTWARE_EXCEPTION << 8 | VECTOR_DB;
	vcpu->event.length = vmread(VMCS_VM_EXIT_INSTRUCTION_LENGTH);
}

void vcpu_inject_page_fault(struct vcpu *vcpu, gva_t gva, u32 error_code)
{
	/* The VMCS has no CR2; Umbra leaves the register to the guest. */
	cr2_write(gva);
	vcpu_inject_exception(vcpu, VECTOR_PF, true, error_code);
}

bool vcpu_can_be_interrupted(void)
{
	return (vmread(VMCS_GUEST_RFLAGS) & RFLAGS_IF) &&
	       !(vmread(VMCS_GUEST_INTERRUPTIBILITY_STATE) &
		 (BLOCKING_BY_STI | BLOCKING_BY_MOV_SS));
}

/*
 * A fault pushes RF set, lest the instruction's breakpoint hit again when it
 * is restarted; the VM entry pushes what it finds. Vol. 3B, 17.3.1.1.
 */
static bool pushes_rf(u32 info)
{
	u8 vector = info & VMX_INTR_VECTOR;

	return vmx_intr_type(info) == INTR_HARDWARE_EXCEPTION &&
	       vector != VECTOR_DB && vector != VECTOR_DF;
}

void vcpu_deliver(struct vcpu *vcpu)
{
	struct machine_devices *devices = &vcpu->vm->devices;
	struct vmx_event *event = &vcpu->event;
	bool pending = devices_interrupt_pending(devices);

	if (!event->info && pending && vcpu_can_be_interrupted()) {
		event->info = VMX_INTR_VALID | INTR_EXTERNAL << 8 |
			      devices_acknowledge(devices);
		vcpu->vm->stats.interrupts++;
		pending = devices_interrupt_pending(devices);
	}
	vcpu_set_cpu_control(vcpu, CPU_INTERRUPT_WINDOW_EXITING, pending);
	if (!event->info)
		return;
	trace_injected(&vcpu->vm->trace, event->info, event->error_code);
	vmwrite(VMCS_VM_ENTRY_INTERRUPTION_INFORMATION, event->info);
	if (event->info & VMX_INTR_ERROR_CODE)
		vmwrite(VMCS_VM_ENTRY_EXCEPTION_ERROR_CODE, event->error_code);
	if (event->length)
		vmwrite(VMCS_VM_ENTRY_INSTRUCTION_LENGTH, event->length);
	if (pushes_rf(event->info))
		vmwrite(VMCS_GUEST_RFLAGS,
			vmread(VMCS_GUEST_RFLAGS) | RFLAGS_RF);
	event->info = 0;
}
