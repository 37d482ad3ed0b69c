/* SPDX-License-Identifier: MIT */
/*
 * The ACPI tables of the guest's machine (ACPI 6.4): what it finds there
 * besides PCI, and how it is switched off and reset. They lie among a PC's
 * ROMs, where kernels search them; the E820 map calls that reserved.
 */
#ifndef GUEST_ACPI_H
#define GUEST_ACPI_H

#include "guest/memory.h"

/* The root pointer, in the range that is searched for it (5.2.5.1). */
#define ACPI_RSDP_GPA 0xe0000

/* The APICs, as both these tables and the MP table have them. */
#define GUEST_LAPIC_GPA 0xfee00000
#define GUEST_IOAPIC_GPA 0xfec00000
#define GUEST_LAPIC_ID 0
#define GUEST_IOAPIC_ID 0
/* The I/O APIC's input n is the ISA bus's IRQ n, but for the timer's. */
#define GUEST_IOAPIC_TIMER_INPUT 2

/* Writes the tables into the guest's memory. */
void acpi_write(struct guest_memory *gm);

/* The sum of so many bytes modulo 256, which a good table makes 0. */
u8 acpi_sum(const void *table, size_t size);

#endif
