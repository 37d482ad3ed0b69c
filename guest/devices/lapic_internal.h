/* SPDX-License-Identifier: MIT */
/* Between the files of the local APIC. */
#ifndef GUEST_DEVICES_LAPIC_INTERNAL_H
#define GUEST_DEVICES_LAPIC_INTERNAL_H

#include "guest/devices/lapic.h"

/* The error status register (SDM vol. 3A, 10.5.3). */
enum lapic_error {
	ERROR_SEND_ILLEGAL_VECTOR = BIT(5),
	ERROR_RECEIVE_ILLEGAL_VECTOR = BIT(6),
	ERROR_ILLEGAL_REGISTER = BIT(7)
};

/* The spurious-interrupt vector register (10.9). */
#define SVR_VECTOR BITS(7, 0)
#define SVR_ENABLED BIT(8)

/* The timer's mode, in its vector's entry (10.5.4). */
#define LVT_TIMER_MODE BITS(18, 17)
enum lapic_timer_mode {
	TIMER_ONE_SHOT = 0,
	TIMER_PERIODIC = BIT(17),
	TIMER_TSC_DEADLINE = BIT(18)
};

/* lapic.c */
u32 lapic_id(const struct lapic *lapic);
u32 lapic_logical_id(const struct lapic *lapic);
u8 lapic_processor_priority(const struct lapic *lapic);
void lapic_error(struct lapic *lapic, enum lapic_error error);
/* Does the action that the entry of the local vector table names. */
void lapic_deliver_local(struct lapic *lapic, enum lapic_lvt which);
void lapic_end_of_interrupt(struct lapic *lapic);
/* The interrupt command register has been written. */
void lapic_send_ipi(struct lapic *lapic);
/* All but IA32_APIC_BASE and the lines (10.4.7.1). */
void lapic_reset(struct lapic *lapic);

/*
 * lapic_timer.c. A timer that is held back has fired on the guest's machine:
 * call this before a change of anything that says when and how it fires.
 */
void lapic_timer_fire(struct lapic *lapic, u64 now);
/* Each after lapic_tick(). */
u32 lapic_timer_current(const struct lapic *lapic, u64 now);
void lapic_timer_set_initial(struct lapic *lapic, u32 count, u64 now);
void lapic_timer_set_divide(struct lapic *lapic, u32 value, u64 now);
void lapic_timer_set_deadline(struct lapic *lapic, u64 tsc);
/* The timer's mode was @before; disarms it where the change does. */
void lapic_timer_mode_changed(struct lapic *lapic, u32 before);

#endif
