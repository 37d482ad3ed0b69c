/* SPDX-License-Identifier: MIT */
/* The APIC guest: its registers, and the interrupts that it takes. */
#ifndef TESTS_GUESTS_APIC_H
#define TESTS_GUESTS_APIC_H

#include "tests/guests/paging.h"

/* Registers of the local APIC: SDM vol. 3A, table 10-1. */
#define LAPIC 0xfee00000
#define LAPIC_TPR 0x80
#define LAPIC_PPR 0xa0
#define LAPIC_EOI 0xb0
#define LAPIC_SVR 0xf0
#define LAPIC_ESR 0x280
#define LAPIC_ICR 0x300
#define LAPIC_ICR_HIGH 0x310
#define LAPIC_TIMER 0x320
#define LAPIC_LINT0 0x350
#define LAPIC_INITIAL 0x380
#define LAPIC_CURRENT 0x390
#define LAPIC_DIVIDE 0x3e0
#define LAPIC_SELF_IPI 0x3f0

#define SVR_ENABLED (BIT(8) | 0xff)
#define ICR_ASSERT BIT(14)
#define ICR_NMI (4U << 8)
#define ICR_SELF (1U << 18)
#define ICR_OTHERS (3U << 18)
#define LVT_MASKED BIT(16)
#define LVT_EXTINT (7U << 8)
#define LVT_PERIODIC BIT(17)
#define LVT_DEADLINE BIT(18)
#define DIVIDE_BY_1 0xb
#define ESR_SEND_ILLEGAL BIT(5)

#define MSR_APIC_BASE 0x1b
#define APIC_BASE_X2APIC BIT(10)
#define APIC_BASE_ENABLE BIT(11)
#define MSR_X2APIC 0x800
#define MSR_TSC_DEADLINE 0x6e0

#define IOAPIC 0xfec00000
#define IOAPIC_TIMER 2 /* its inputs */
#define IOAPIC_SERIAL 4
#define IOAPIC_LEVEL BIT(15)

#define PIC1 0x20
#define PIC2 0xa0
#define PIC_BASE 0x70
#define PIC_EOI 0x20
#define PIT_MODE 0x43
#define PIT_COUNT 0x40
#define COM1 0x3f8

#define LOW 0x41 /* vectors, of three classes */
#define LOW_TOO 0x42
#define HIGH 0x61
#define TIMER 0x51
#define SOFTWARE 0x80

/* apic_interrupts.c */

extern bool x2apic; /* the local APIC's registers are MSRs */
u64 read_msr(u32 index);
void write_msr(u32 index, u64 value);
u64 rdtsc(void);
u32 apic_read(u32 reg);
void apic_write(u32 reg, u32 value);

/* The interrupts since begin_count(). */
extern u8 taken[64]; /* the vectors, in their order */
extern u32 count;
extern u32 deepest; /* number of handlers within each other, at most */

/* Loads an IDT whose handlers count, and enables the local APIC. */
void set_up_interrupts(void);
/* @action: called by the next interrupt's handler before its end; or NULL. */
void begin_count(void (*action)(void));
/* The same for the next interrupt, from within @action. */
void call_at_next(void (*action)(void));
void enable_interrupts(void);
void disable_interrupts(void);
/* Spends time until @expected interrupts have come; false if they don't. */
bool interrupts_come(u32 expected);

#endif
