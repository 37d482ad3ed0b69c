/* SPDX-License-Identifier: MIT */
/* A local APIC after its reset, and its time. */
#ifndef TESTS_UNIT_LAPIC_WORLD_H
#define TESTS_UNIT_LAPIC_WORLD_H

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

#include "arch/x86/msr.h"
#include "guest/devices/lapic.h"

#define TICK_NS 40 /* of the timer, undivided */
#define X2APIC (0xfee00000 | BIT(8) | BIT(10) | BIT(11))
#define XAPIC (0xfee00000 | BIT(8) | BIT(11))

/* Offsets of registers, SDM vol. 3A, table 10-1. */
enum {
	ID = 0x20,
	TPR = 0x80,
	PPR = 0xa0,
	EOI = 0xb0,
	LDR = 0xd0,
	DFR = 0xe0,
	SVR = 0xf0,
	ISR = 0x100,
	TMR = 0x180,
	IRR = 0x200,
	ESR = 0x280,
	ICR = 0x300,
	ICR2 = 0x310,
	LVTT = 0x320,
	LVT0 = 0x350,
	LVT1 = 0x360,
	LVTE = 0x370,
	TMICT = 0x380,
	TMCCT = 0x390,
	TDCR = 0x3e0,
	SELF = 0x3f0,
};

static struct lapic apic;
static u64 now;
static int ended; /* the last vector told to the I/O APIC */

static inline u64 tsc_to_ns(void *ctx, u64 tsc)
{
	return tsc <= now ? 0 : tsc; /* a TSC that counts ns */
}

static inline void end_of_interrupt(void *ctx, u8 vector)
{
	ended = vector;
}

static inline u32 apic_read(u32 offset)
{
	return lapic_read(&apic, offset, now);
}

static inline void apic_write(u32 offset, u32 value)
{
	lapic_write(&apic, offset, value, 4, now);
}

static inline int setup(void **state)
{
	lapic_init(&apic,
		   &(struct lapic_config){ .tsc_to_ns = tsc_to_ns,
					   .end_of_interrupt = end_of_interrupt,
					   .maxphyaddr = 39 });
	now = 1000000;
	ended = -1;
	return 0;
}

static inline bool apic_receive(u8 vector, bool level)
{
	const struct apic_message message = { .destination = 0,
					      .vector = vector,
					      .level = level };

	return lapic_receive(&apic, &message);
}

/* As many elements of ISR, TMR or IRR as there are, at that vector. */
static inline bool vector_bit(u32 offset, u8 vector)
{
	return apic_read(offset + vector / 32 * 16) >> (vector % 32) & 1;
}

#endif
