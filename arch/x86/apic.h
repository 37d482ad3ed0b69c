/* SPDX-License-Identifier: MIT */
/*
 * The local APIC: nothing but a timer, Umbra's only source of interrupts.
 */
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

/*
 * Has the timer interrupt once, when the TSC reaches `tsc_deadline`; one that
 * has passed interrupts at once, one beyond the counter's range (seconds)
 * early. Replaces what was armed before.
 */
void apic_timer_arm(u64 tsc_deadline);

void apic_timer_disarm(void);

/*
 * Halts for @ns, or less; before apic_init, it waits busily. Call it after
 * time_init.
 */
void apic_sleep(u64 ns);

/*
 * The interrupts' handler, also for an exit that acknowledged one: it signals
 * the end of a timer interrupt.
 */
void apic_handle_interrupt(unsigned int vector);

#endif
