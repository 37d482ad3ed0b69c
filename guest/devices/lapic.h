/* SPDX-License-Identifier: MIT */
/*
 * The local APIC of the one virtual processor (SDM vol. 3A, chapter 10). It
 * begins as a PC's firmware leaves it: enabled, in xAPIC mode, with the 8259s
 * let through at LINT0 and NMIs at LINT1 ("virtual wire mode", MultiProcessor
 * Specification 1.4, 3.6.2.2). Times are nanoseconds since boot.
 *
 *	lapic.c			interrupts: accepted, prioritised, ended, sent
 *	lapic_registers.c	the registers, in memory and as MSRs
 *	lapic_timer.c		the timer
 */
#ifndef GUEST_DEVICES_LAPIC_H
#define GUEST_DEVICES_LAPIC_H

#include "arch/x86/msr.h"
#include "guest/devices/apic_message.h"

/*
 * The local APIC's address after a reset, and its number; firmware/ tells the
 * guest both.
 */
#define GUEST_LAPIC_GPA 0xfee00000
#define GUEST_LAPIC_ID 0

/* The timer's frequency with a divisor of 1; CPUID leaf 15h tells it. */
#define LAPIC_TIMER_HZ 25000000
#define LAPIC_NO_EVENT (~0ULL)
#define LAPIC_NOWHERE (~0ULL)
#define LAPIC_NO_VECTOR (-1)

/* The local vector table, in the order of its registers. */
enum lapic_lvt {
	LVT_TIMER,
	LVT_THERMAL,
	LVT_PERFORMANCE,
	LVT_LINT0,
	LVT_LINT1,
	LVT_ERROR,
	LVT_COUNT
};

/* By IA32_APIC_BASE (10.12.1). */
enum lapic_mode { LAPIC_DISABLED, LAPIC_XAPIC, LAPIC_X2APIC };

#define LAPIC_REGISTERS 64
#define LAPIC_EOI 0xb0 /* offset of the register (table 10-1) */

struct lapic_config {
	/*
	 * Returns the earliest time, in ns, at which the guest's TSC has that
	 * value or more; 0: it has it already.
	 */
	u64 (*tsc_to_ns)(void *ctx, u64 tsc);
	/* Tells the I/O APIC that a level-triggered interrupt has ended. */
	void (*end_of_interrupt)(void *ctx, u8 vector);
	void *ctx;
	u8 maxphyaddr; /* the guest's, for IA32_APIC_BASE */
};

struct lapic {
	struct lapic_config config;
	u64 base; /* IA32_APIC_BASE */
	/*
	 * By enum lapic_register. A read gives these values, except those that
	 * read_register() makes.
	 */
	u32 reg[LAPIC_REGISTERS];
	u32 errors; /* that the next write to the ESR will show */
	u8 lint; /* the levels of LINT0 and LINT1 */
	bool nmi; /* waits until the processor takes it */
	bool init; /* the processor has sent an INIT to itself */
	/* The timer. */
	u64 due; /* the time at which it fires, in ns, or LAPIC_NO_EVENT */
	u64 not_before; /* it does not fire before that time, in ns */
	u64 tsc_deadline; /* IA32_TSC_DEADLINE */
};

/* The state is that in which a PC's firmware leaves it: see above. */
void lapic_init(struct lapic *lapic, const struct lapic_config *config);

static inline enum lapic_mode lapic_mode(const struct lapic *lapic)
{
	if (!(lapic->base & APIC_BASE_ENABLE))
		return LAPIC_DISABLED;
	return lapic->base & APIC_BASE_X2APIC ? LAPIC_X2APIC : LAPIC_XAPIC;
}

/*
 * Returns the address of its page of registers; LAPIC_NOWHERE if it has none:
 * only xAPIC mode has such a page. The shadow MMU needs it for every frame, so
 * this is inline.
 */
static inline gpa_t lapic_page(const struct lapic *lapic)
{
	return lapic_mode(lapic) == LAPIC_XAPIC ? lapic->base & PAGE_MASK
						: LAPIC_NOWHERE;
}

/*
 * Access to the register at @offset of the page, a multiple of 4. A write of a
 * part of a register, or beside one, is ignored (10.4.1).
 */
u32 lapic_read(struct lapic *lapic, u32 offset, u64 now);
void lapic_write(struct lapic *lapic, u32 offset, u32 value, unsigned int size,
		 u64 now);

/*
 * Access to IA32_APIC_BASE, IA32_TSC_DEADLINE and the x2APIC's MSRs. Returns
 * false if #GP(0) is due.
 */
bool lapic_read_msr(struct lapic *lapic, u32 index, u64 *value, u64 now);
bool lapic_write_msr(struct lapic *lapic, u32 index, u64 value, u64 now);

/* CR8, bits 7:4 of the TPR (10.8.6.1). */
u8 lapic_cr8(const struct lapic *lapic);
void lapic_set_cr8(struct lapic *lapic, u8 cr8);

/*
 * Receives a message; returns false if it is not for this processor, or is not
 * accepted.
 */
bool lapic_receive(struct lapic *lapic, const struct apic_message *message);

/* Sets the level of LINT0 or LINT1. */
void lapic_set_lint(struct lapic *lapic, unsigned int pin, bool level);

/* Returns true if a signal at LINT0 makes the processor ask the 8259s. */
bool lapic_passes_extint(const struct lapic *lapic);

/* Returns true if LINT0 may become an NMI. */
bool lapic_can_raise_nmi(const struct lapic *lapic);

/* Returns the vector that the processor must take now, or LAPIC_NO_VECTOR. */
int lapic_pending(const struct lapic *lapic);

/*
 * The processor takes the vector; returns it, or the spurious vector if there
 * is none (10.9).
 */
u8 lapic_acknowledge(struct lapic *lapic);

/* Returns true if the vector is requested and not yet taken. */
bool lapic_requested(const struct lapic *lapic, u8 vector);

/* Returns true if an interrupt is in service. */
bool lapic_in_service(const struct lapic *lapic);

/* Returns the time of the timer's next interrupt, in ns, or LAPIC_NO_EVENT. */
u64 lapic_next_event(const struct lapic *lapic);
/* Fires the timer if it is due and not held back. */
void lapic_tick(struct lapic *lapic, u64 now);

/* Computes the deadline's time again, after the guest has set its TSC. */
void lapic_tsc_changed(struct lapic *lapic, u64 now);

#endif
