/* SPDX-License-Identifier: MIT */
/*
 * Events for the guest: which one is delivered next, and the effects of its
 * delivery. Pure; inject.c carries the answers to the VMCS and to the devices.
 */
#ifndef VMX_EVENTS_EVENTS_H
#define VMX_EVENTS_EVENTS_H

#include "arch/x86/regs.h"
#include "lib/types.h"
#include "vmx/exit_qualification.h"

/* An event to be delivered at the next entry. */
struct vmx_event {
	u32 info; /* as VM-entry interruption information; 0: none */
	u32 error_code;
	u32 length; /* of the instruction, for software events; else 0 */
};

/*
 * Returns the #DB of an INT1 of @length bytes. Its handler returns to the next
 * instruction.
 */
static inline struct vmx_event event_int1(u32 length)
{
	return (struct vmx_event){
		.info = VMX_INTR(INTR_PRIVILEGED_SOFTWARE_EXCEPTION, VECTOR_DB),
		.length = length
	};
}

/*
 * Returns the event whose delivery an exit has broken off, to be delivered
 * again, or none. The arguments: the IDT-vectoring information, its error code,
 * and the VM-exit instruction length (SDM vol. 3C, 24.9.3 and 27.2.4).
 */
struct vmx_event event_again(u32 idt_vectoring, u32 error_code, u32 length);

/* The result of an exception while another event is being delivered. */
enum combined_event { EVENT_SECOND, EVENT_DOUBLE_FAULT, EVENT_TRIPLE_FAULT };

/*
 * SDM vol. 3A, table 6-5: @first is the interrupted event (interruption
 * information, or 0), @second the vector of the exception in its delivery.
 */
enum combined_event combine_events(u32 first, u8 second);

static inline struct vmx_event event_exception(u8 vector, bool has_error,
					       u32 error_code)
{
	return (struct vmx_event){
		.info = VMX_INTR(INTR_HARDWARE_EXCEPTION, vector) |
			(has_error ? VMX_INTR_ERROR_CODE : 0),
		.error_code = error_code,
	};
}

/*
 * Puts an exception in the place of *@event, in whose delivery it has come, or
 * #DF where the two make one. Returns false if they make a triple fault.
 */
bool event_combine(struct vmx_event *event, u8 vector, bool has_error,
		   u32 error_code);

/* Returns RFLAGS for the entry that delivers the event @info. */
u64 event_rflags(u32 info, u64 rflags);

/* --- Before an entry -------------------------------------------------------- */

/* The state of the guest's processor that decides which events it takes. */
struct readiness {
	u64 rflags;
	u32 interruptibility;
	/*
	 * With "virtual NMIs" the processor tracks the blocking of NMIs, from
	 * the injection to the guest's IRET. Without it, Umbra can't see that
	 * IRET (SDM vol. 3C, 25.3): software then takes the NMI's handler for
	 * ended when the guest lets interrupts in, since no handler does so
	 * before its end.
	 */
	bool tracks_nmis;
	bool nmi_blocked; /* by software; false with tracks_nmis */
	bool due; /* the next entry injects an event already */
};

/*
 * Returns true if NMIs must be blocked again after an exit by a fault of IRET
 * that Umbra has handled.
 */
bool exit_blocks_nmis(u32 interruption, u32 idt_vectoring,
		      const struct readiness *ready);

/* Returns true if the guest would take an external interrupt now. */
bool can_take_interrupt(const struct readiness *ready);

/* The devices' event for the next entry: none if an event is due already. */
enum next_event { NEXT_NONE, NEXT_NMI, NEXT_INTERRUPT };
enum next_event next_event(const struct readiness *ready, bool nmi,
			   bool interrupt);

/*
 * The primary processor-based controls that make the guest exit as soon as it
 * can take the NMI or the interrupt that still waits: a mask out of
 * CPU_NMI_WINDOW_EXITING and CPU_INTERRUPT_WINDOW_EXITING.
 */
u32 event_windows(const struct readiness *ready, bool nmi, bool interrupt);

/*
 * Returns true if an entry with the event @info (0: none) needs NMIs unblocked.
 */
bool entry_unblocks_nmis(u32 info, bool tracks_nmis);

/* The effect of a HLT. */
enum halt {
	HALT_ENDS, /* an event is pending */
	HALT_WAITS,
	HALT_FOREVER /* nothing can wake the guest */
};

/* @nmi_possible: a device may raise an NMI later. */
enum halt halt_state(const struct readiness *ready, bool nmi, bool interrupt,
		     bool nmi_possible);

#endif
