/* SPDX-License-Identifier: MIT */
/* Time since boot, from the time-stamp counter. */
#ifndef ARCH_X86_TIME_H
#define ARCH_X86_TIME_H

#include "lib/types.h"

extern u64 tsc_hz; /* ticks a second, set by time_init */

struct acpi_facts;

/*
 * Finds out tsc_hz, which takes up to 100 ms; @acpi may name a timer. Panics if
 * no clock answers.
 */
void time_init(const struct acpi_facts *acpi);

/* Nanoseconds since time_init; never goes back. */
u64 time_ns(void);

/* The TSC's value at time_ns() == ns; exact within a few ticks. */
u64 time_ns_to_tsc(u64 ns);

/*
 * The inverse, rounded up: the first time_ns() at which the TSC has that value;
 * ~0 - 1 for a value that is centuries away.
 */
u64 time_tsc_to_ns(u64 tsc);

/* Waits until `ns` nanoseconds are over. */
void time_delay(u64 ns);

#endif
