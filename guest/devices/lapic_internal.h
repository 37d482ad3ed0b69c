/* SPDX-License-Identifier: MIT */
/* Shared by the files of the local APIC. */
#ifndef GUEST_DEVICES_LAPIC_INTERNAL_H
#define GUEST_DEVICES_LAPIC_INTERNAL_H

#include "guest/devices/lapic.h"

/*
 * The registers (SDM vol. 3A, tables 10-1 and 10-6). The number of one is its
 * offset in the page / 16, and its MSR - 800h.
 */
enum lapic_register {
	REG_ID = 0x02,
	REG_VERSION = 0x03,
	REG_TPR = 0x08,
	REG_APR = 0x09, /* 0, as RRD: there is one APIC, so no arbitration */
	REG_PPR = 0x0a,
	REG_EOI = 0x0b,
	REG_RRD = 0x0c,
	REG_LDR = 0x0d, /* of xAPIC mode */
	REG_DFR = 0x0e,
	REG_SVR = 0x0f,
	REG_ISR = 0x10, /* a bit for each vector, as in TMR and IRR */
	REG_TMR = 0x18,
	REG_IRR = 0x20,
	REG_ESR = 0x28,
	REG_ICR = 0x30,
	REG_ICR_HIGH = 0x31,
	REG_LVT = 0x32,
	REG_INITIAL = 0x38,
	REG_CURRENT = 0x39,
	REG_DIVIDE = 0x3e,
	REG_SELF_IPI = 0x3f
};

/* Number of registers of IRR, of ISR and of TMR. */
#define LAPIC_WORDS 8

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
#define TIMER_PERIODIC BIT(17)
#define TIMER_TSC_DEADLINE BIT(18)

#define ICR_HIGH_SHIFT 32

/* The interrupt command register, whose halves are two registers in memory. */
static inline u64 lapic_icr(const struct lapic *lapic)
{
	return (u64)lapic->reg[REG_ICR_HIGH] << ICR_HIGH_SHIFT |
	       lapic->reg[REG_ICR];
}

/* lapic.c */
u32 lapic_logical_id(const struct lapic *lapic);
u8 lapic_processor_priority(const struct lapic *lapic);
/* Notes an error for the ESR, and interrupts if the guest wants that. */
void lapic_error(struct lapic *lapic, enum lapic_error error);
/* Does the action that the entry of the local vector table names. */
void lapic_deliver_local(struct lapic *lapic, enum lapic_lvt which);
void lapic_end_of_interrupt(struct lapic *lapic);
/* Sends the message of the interrupt command register. */
void lapic_send_ipi(struct lapic *lapic);
/* Resets all but IA32_APIC_BASE and the lines (10.4.7.1). */
void lapic_reset(struct lapic *lapic);

/*
 * lapic_timer.c. Fires the timer if it is due, even while it is held back. Call
 * this before a change of anything that decides when and how it fires.
 */
void lapic_timer_fire(struct lapic *lapic, u64 now);
/* Call each of these after lapic_tick(). */
u32 lapic_timer_current(const struct lapic *lapic, u64 now);
void lapic_timer_set_initial(struct lapic *lapic, u32 count, u64 now);
void lapic_timer_set_divide(struct lapic *lapic, u32 value, u64 now);
void lapic_timer_set_deadline(struct lapic *lapic, u64 tsc);
/* Disarms the timer if its change of mode from @before does so. */
void lapic_timer_mode_changed(struct lapic *lapic, u32 before);

#endif
