/* SPDX-License-Identifier: MIT */
#include "vmx/events/events.h"
#include "vmx/controls.h"

/*
 * An exception in the delivery of another event: SDM vol. 3A, 6.15, "Interrupt
 * 8".
 */

enum exception_class { BENIGN, CONTRIBUTORY, PAGE_FAULT, DOUBLE_FAULT };

static enum exception_class class_of(u8 vector)
{
	switch (vector) {
	case VECTOR_DE:
	case VECTOR_TS:
	case VECTOR_NP:
	case VECTOR_SS:
	case VECTOR_GP:
	case VECTOR_CP:
		return CONTRIBUTORY;
	case VECTOR_PF:
	case VECTOR_VE:
		return PAGE_FAULT;
	case VECTOR_DF:
		return DOUBLE_FAULT;
	default:
		return BENIGN;
	}
}

enum combined_event combine_events(u32 first, u8 second)
{
	enum exception_class then = class_of(second);

	if (!(first & VMX_INTR_VALID) ||
	    vmx_intr_type(first) != INTR_HARDWARE_EXCEPTION)
		return EVENT_SECOND;
	switch (class_of(first & VMX_INTR_VECTOR)) {
	case CONTRIBUTORY:
		return then == CONTRIBUTORY ? EVENT_DOUBLE_FAULT : EVENT_SECOND;
	case PAGE_FAULT:
		return then == BENIGN ? EVENT_SECOND : EVENT_DOUBLE_FAULT;
	case DOUBLE_FAULT:
		return then == BENIGN ? EVENT_SECOND : EVENT_TRIPLE_FAULT;
	case BENIGN:
		break;
	}
	return EVENT_SECOND;
}

bool event_combine(struct vmx_event *event, u8 vector, bool has_error,
		   u32 error_code)
{
	switch (combine_events(event->info, vector)) {
	case EVENT_SECOND:
		/*
		 * The first event's delivery is over. An instruction raises its
		 * exception again, but an interrupt has been acknowledged and
		 * does not come again. So it is on a processor without VMX, and
		 * where the fault bypasses Umbra.
		 */
		*event = event_exception(vector, has_error, error_code);
		return true;
	case EVENT_DOUBLE_FAULT:
		*event = event_exception(VECTOR_DF, true, 0);
		return true;
	case EVENT_TRIPLE_FAULT:
		break;
	}
	return false;
}

struct vmx_event event_again(u32 idt_vectoring, u32 error_code, u32 length)
{
	bool has_error = idt_vectoring & VMX_INTR_ERROR_CODE;
	bool software = vmx_intr_is_software(idt_vectoring);

	if (!(idt_vectoring & VMX_INTR_VALID))
		return (struct vmx_event){ 0 };
	return (struct vmx_event){
		.info = idt_vectoring & (VMX_INTR_VALID | VMX_INTR_TYPE |
					 VMX_INTR_VECTOR | VMX_INTR_ERROR_CODE),
		.error_code = has_error ? error_code : 0,
		.length = software ? length : 0,
	};
}

/*
 * The delivery of a fault pushes RF set, so that the instruction's breakpoint
 * does not hit again when it restarts; a VM entry pushes the RF that it finds
 * (SDM vol. 3B, 17.3.1.1).
 */
u64 event_rflags(u32 info, u64 rflags)
{
	u8 vector = info & VMX_INTR_VECTOR;
	bool fault = vmx_intr_type(info) == INTR_HARDWARE_EXCEPTION &&
		     vector != VECTOR_DB && vector != VECTOR_DF;

	return fault ? rflags | RFLAGS_RF : rflags;
}

/*
 * IRET has ended the blocking before it faulted. That is right if the fault is
 * the guest's (SDM vol. 3C, 25.3). If Umbra has handled it, the IRET runs
 * again, and NMIs stay blocked until it is carried out (27.2.3).
 */
bool exit_blocks_nmis(u32 interruption, u32 idt_vectoring,
		      const struct readiness *ready)
{
	return ready->tracks_nmis && !ready->due &&
	       (interruption & VMX_INTR_NMI_UNBLOCKED) &&
	       (interruption & VMX_INTR_VECTOR) != VECTOR_DF &&
	       !(idt_vectoring & VMX_INTR_VALID);
}

/* --- Before an entry -------------------------------------------------------- */

#define BLOCKING_BY_STI_OR_MOV_SS (BLOCKING_BY_STI | BLOCKING_BY_MOV_SS)

bool can_take_interrupt(const struct readiness *ready)
{
	return (ready->rflags & RFLAGS_IF) &&
	       !(ready->interruptibility & BLOCKING_BY_STI_OR_MOV_SS);
}

static bool can_take_nmi(const struct readiness *ready)
{
	u32 blocking = BLOCKING_BY_STI_OR_MOV_SS;

	if (ready->tracks_nmis)
		blocking |= BLOCKING_BY_NMI;
	return !ready->nmi_blocked && !(ready->interruptibility & blocking);
}

enum next_event next_event(const struct readiness *ready, bool nmi,
			   bool interrupt)
{
	if (ready->due)
		return NEXT_NONE;
	if (nmi && can_take_nmi(ready))
		return NEXT_NMI;
	if (interrupt && can_take_interrupt(ready))
		return NEXT_INTERRUPT;
	return NEXT_NONE;
}

u32 event_windows(const struct readiness *ready, bool nmi, bool interrupt)
{
	/*
	 * Software's blocking ends at the interrupt window. After STI a
	 * processor may exit at the NMI window again and again, though the NMI
	 * can't be injected yet (25.2).
	 */
	bool at_interrupt_window = !ready->tracks_nmis ||
				   (ready->interruptibility & BLOCKING_BY_STI);
	u32 windows = interrupt ? CPU_INTERRUPT_WINDOW_EXITING : 0;

	if (nmi)
		windows |= at_interrupt_window ? CPU_INTERRUPT_WINDOW_EXITING
					       : CPU_NMI_WINDOW_EXITING;
	return windows;
}

/*
 * An entry that injects an NMI demands that NMIs are not blocked, and then
 * blocks them (26.3.1.5). They are still blocked if an exit has broken off the
 * NMI's delivery. Where software tracks them, blocking in the VMCS would hold
 * off the machine's own NMIs.
 */
bool entry_unblocks_nmis(u32 info, bool tracks_nmis)
{
	return !tracks_nmis || vmx_intr_type(info) == INTR_NMI;
}

enum halt halt_state(const struct readiness *ready, bool nmi, bool interrupt,
		     bool nmi_possible)
{
	/* A #DB that the HLT itself has raised wakes the guest. */
	if (ready->due || next_event(ready, nmi, interrupt) != NEXT_NONE)
		return HALT_ENDS;
	/* A kernel without ACPI halts in this way at its end. */
	if (!(ready->rflags & RFLAGS_IF) && !nmi_possible)
		return HALT_FOREVER;
	return HALT_WAITS;
}
