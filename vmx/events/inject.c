/* SPDX-License-Identifier: MIT */
/*
 * The delivery of events at VM entry (SDM vol. 3C, 24.8.3 and 26.6): carries
 * the answers of events.c to the VMCS and to the devices.
 */
#include "arch/x86/cpu.h"
#include "arch/x86/exception.h"
#include "vmx/vm.h"
#include "vmx/exit.h"
#include "vmx/gdb/debug.h"
#include "vmx/events/inject.h"
#include "vmx/loop/schedule.h"
#include "vmx/state.h"
#include "vmx/stop.h"

void vcpu_redeliver(struct vcpu *vcpu)
{
	const struct vmx_exit *exit = &vcpu->exit;

	vcpu->event = (struct vmx_event){ 0 };
	if (exit->idt_vectoring & VMX_INTR_VALID)
		vcpu->event = event_again(
			exit->idt_vectoring, exit->idt_vectoring_error,
			vmread(VMCS_VM_EXIT_INSTRUCTION_LENGTH));
}

void vcpu_combine_exception(struct vcpu *vcpu, enum vector vector,
			    bool has_error, u32 error_code)
{
	if (!event_combine(&vcpu->event, vector, has_error, error_code))
		vmx_stop_guest(vcpu, "triple fault: %s in the delivery of #DF",
			       exception_name(vector));
}

void vcpu_inject_debug(struct vcpu *vcpu, u64 dr6)
{
	/*
	 * A #DB that the processor delivers changes both registers; its
	 * injection at a VM entry does not.
	 */
	debug_set_dr7(vcpu, debug_dr7(vcpu) & ~DR7_GD);
	dr6_write(dr6_after_debug(dr6_read(), dr6));
	vcpu_inject_exception(vcpu, VECTOR_DB, false, 0);
}

static bool tracks_nmis(const struct vcpu *vcpu)
{
	return vmx_has(&vcpu->controls, CONTROLS_PIN, PIN_VIRTUAL_NMIS);
}

struct readiness vcpu_readiness(struct vcpu *vcpu)
{
	struct readiness ready = {
		.rflags = vmread(VMCS_GUEST_RFLAGS),
		.interruptibility = vmread(VMCS_GUEST_INTERRUPTIBILITY_STATE),
		.tracks_nmis = tracks_nmis(vcpu),
		.due = vcpu->event.info,
	};

	/*
	 * If an event is due, even an NMI again, the guest is not in its
	 * handler yet.
	 */
	if (!ready.due && can_take_interrupt(&ready))
		vcpu->nmi_blocked = false;
	ready.nmi_blocked = vcpu->nmi_blocked;
	return ready;
}

/*
 * Makes the devices' next event due, unless one is; @quiet: they have none.
 * Returns the windows needed.
 */
static u32 queue_device_event(struct vcpu *vcpu, bool quiet)
{
	struct machine_devices *devices = &vcpu->vm->devices;
	struct readiness ready = vcpu_readiness(vcpu);
	bool nmi = devices_nmi_pending(devices);
	/* If they are not quiet, the one or the other is pending. */
	bool interrupt = !quiet && (!nmi || devices_interrupt_pending(devices));

	switch (next_event(&ready, nmi, interrupt)) {
	case NEXT_NONE:
		break;
	case NEXT_NMI:
		devices_take_nmi(devices);
		vcpu->event = (struct vmx_event){
			.info = VMX_INTR(INTR_NMI, VECTOR_NMI)
		};
		vcpu->nmi_blocked = !ready.tracks_nmis;
		break;
	case NEXT_INTERRUPT:
		vcpu->event = (struct vmx_event){
			.info = VMX_INTR(INTR_EXTERNAL,
					 devices_acknowledge(devices))
		};
		vcpu->vm->stats.interrupts++;
		/* An interrupt with automatic EOI ends without an exit. */
		if (devices_in_service(devices))
			pacing_interrupt(&vcpu->vm->pacing, vcpu->exit.tsc);
		vm_devices_changed(vcpu->vm);
		break;
	}
	return event_windows(&ready, devices_nmi_pending(devices),
			     devices_interrupt_pending(devices));
}

#define WINDOWS (CPU_NMI_WINDOW_EXITING | CPU_INTERRUPT_WINDOW_EXITING)

static void open_windows(struct vcpu *vcpu, u32 windows)
{
	vcpu_set_cpu_controls(vcpu, WINDOWS, windows);
}

/* A step of gdb's stays in the code that it steps through (gdb/step.h). */
static u32 queue_event(struct vcpu *vcpu, bool quiet)
{
	const struct vm *vm = vcpu->vm;

	if (vm->gdb.step.on)
		return vcpu->event.info ? CPU_NMI_WINDOW_EXITING : 0;
	return queue_device_event(vcpu, quiet);
}

bool vcpu_deliver(struct vcpu *vcpu)
{
	struct vmx_event *event = &vcpu->event;
	bool quiet = devices_are_quiet(&vcpu->vm->devices), idle;
	u64 rflags;

	/* Most entries. */
	if (quiet && !event->info && vcpu->settled)
		return false;
	idle = quiet && !vcpu->nmi_blocked && !vcpu->vm->gdb.step.on;
	open_windows(vcpu, idle ? 0 : queue_event(vcpu, quiet));
	/* Without virtual NMIs each entry ends the blocking by NMI (below). */
	vcpu->settled = idle && tracks_nmis(vcpu);
	if (entry_unblocks_nmis(event->info, tracks_nmis(vcpu)))
		vcpu_set_nmi_blocking(false);
	if (!event->info)
		return true;
	trace_inject(&vcpu->vm->trace, vcpu->exit.tsc, event->info,
		     event->error_code);
	vmwrite(VMCS_VM_ENTRY_INTERRUPTION_INFORMATION, event->info);
	if (event->info & VMX_INTR_ERROR_CODE)
		vmwrite(VMCS_VM_ENTRY_EXCEPTION_ERROR_CODE, event->error_code);
	if (event->length)
		vmwrite(VMCS_VM_ENTRY_INSTRUCTION_LENGTH, event->length);
	rflags = vmread(VMCS_GUEST_RFLAGS);
	vcpu_set_rflags(rflags, event_rflags(event->info, rflags));
	*event = (struct vmx_event){ 0 };
	return true;
}
