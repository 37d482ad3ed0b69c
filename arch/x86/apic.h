/* SPDX-License-Identifier: MIT */
/* The local APIC, by which all interrupts come: its timer's, and the 8259s'. */
#ifndef ARCH_X86_APIC_H
#define ARCH_X86_APIC_H

#include "lib/types.h"

#define APIC_TIMER_VECTOR 0xf0
#define APIC_SPURIOUS_VECTOR 0xff

/*
 * Masks both 8259s, enables the APIC and measures its timer's rate against
 * the TSC (time_init comes first). Panics if the processor has no APIC.
 */
void apic_init(void);

/* Lets the 8259s interrupt by the pin LINT0, or not. At first they may not. */
void apic_accept_8259(bool on);

/*
 * Lets the timer interrupt once, when the TSC reaches `tsc_deadline`: at once
 * if the deadline has passed, early if it lies beyond the counter's range of
 * some seconds. Replaces an earlier deadline.
 */
void apic_timer_arm(u64 tsc_deadline);

/* Stops the timer. */
void apic_timer_disarm(void);

/*
 * Halts for at most @ns nanoseconds; before apic_init it polls the clock for
 * all of them. time_init comes first.
 */
void apic_sleep(u64 ns);

/*
 * Handles an interrupt of the machine, also one that a VM exit has
 * acknowledged: signals EOI where it is due.
 */
void apic_handle_interrupt(unsigned int vector);

#endif
