/* SPDX-License-Identifier: MIT */
/* Delivering events at VM entry; SDM vol. 3C, 24.8.3 and 26.6. */
#include "arch/x86/cpu.h"
#include "vmx/vm.h"
#include "vmx/exit.h"
#include "vmx/inject.h"
#include "vmx/state.h"

static u32 exception_info(u8 vector, bool has_error)
{
	return VMX_INTR(INTR_HARDWARE_EXCEPTION, vector) |
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
		/*
		 * The first one's delivery is over. An exception comes again
		 * with its instruction, but an interrupt has been acknowledged
		 * and does not: so it is on a processor without VMX, and where
		 * the fault bypasses Umbra the processor does just that.
		 */
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

static u32 interruptibility(void)
{
	return vmread(VMCS_GUEST_INTERRUPTIBILITY_STATE);
}

/*
 * With "virtual NMIs" the processor tracks the blocking, from the injection to
 * the guest's IRET. Without, IRET unblocks nothing that Umbra could see (SDM
 * vol. 3C, 25.3): then an NMI counts as over when the guest takes interrupts
 * again, which a handler does not before its end.
 */
static bool tracks_nmis(const struct vcpu *vcpu)
{
	return vmx_has(&vcpu->controls, CONTROLS_PIN, PIN_VIRTUAL_NMIS);
}

bool vcpu_can_take_nmi(const struct vcpu *vcpu)
{
	u32 blocking = BLOCKING_BY_STI | BLOCKING_BY_MOV_SS;

	if (tracks_nmis(vcpu))
		blocking |= BLOCKING_BY_NMI;
	else if (vcpu->nmi_blocked)
		return false;
	return !(interruptibility() & blocking);
}

/*
 * An entry that injects an NMI sets the blocking, and demands that it be clear
 * before; it is set if the NMI's delivery was broken off (26.2.1.3, 26.3.1.5).
 */
static void clear_nmi_blocking(void)
{
	u32 state = interruptibility();

	if (state & BLOCKING_BY_NMI)
		vmwrite(VMCS_GUEST_INTERRUPTIBILITY_STATE,
			state & ~BLOCKING_BY_NMI);
}

/*
 * What an NMI waits for shows at the interrupt window: with software's blocking
 * because that is its rule, after STI because a processor may exit at the NMI
 * window without end, which Umbra could not use yet (25.2).
 */
static bool waits_for_interrupts(const struct vcpu *vcpu)
{
	return devices_nmi_pending(&vcpu->vm->devices) &&
	       (vcpu->nmi_blocked || (interruptibility() & BLOCKING_BY_STI));
}

/* The guest's NMI, if there is one and it can be taken now. */
static void deliver_nmi(struct vcpu *vcpu)
{
	struct machine_devices *devices = &vcpu->vm->devices;
	bool tracks = tracks_nmis(vcpu);

	if (!tracks) /* or the machine's own would wait */
		clear_nmi_blocking();
	if (vcpu->nmi_blocked && vcpu_can_be_interrupted())
		vcpu->nmi_blocked = false;
	if (!vcpu->event.info && devices_nmi_pending(devices) &&
	    vcpu_can_take_nmi(vcpu)) {
		devices_take_nmi(devices);
		vcpu->event.info = VMX_INTR_VALID | INTR_NMI << 8 | VECTOR_NMI;
		vcpu->nmi_blocked = !tracks;
	}
	if (tracks)
		vcpu_set_cpu_control(vcpu, CPU_NMI_WINDOW_EXITING,
				     devices_nmi_pending(devices) &&
					     !waits_for_interrupts(vcpu));
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
	bool pending;

	deliver_nmi(vcpu);
	pending = devices_interrupt_pending(devices);
	if (!event->info && pending && vcpu_can_be_interrupted()) {
		event->info = VMX_INTR_VALID | INTR_EXTERNAL << 8 |
			      devices_acknowledge(devices);
		vcpu->vm->stats.interrupts++;
		pending = devices_interrupt_pending(devices);
	}
	vcpu_set_cpu_control(vcpu, CPU_INTERRUPT_WINDOW_EXITING,
			     pending || waits_for_interrupts(vcpu));
	if (!event->info)
		return;
	if (vmx_intr_type(event->info) == INTR_NMI)
		clear_nmi_blocking();
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
