/* SPDX-License-Identifier: MIT */
/*
 * The ACPI tables of the guest's machine (ACPI 6.4): what it finds there
 * besides PCI, and how it is switched off and reset. They lie among a PC's
 * ROMs, where kernels search them; the E820 map calls that reserved.
 */
#ifndef GUEST_FIRMWARE_ACPI_H
#define GUEST_FIRMWARE_ACPI_H

#include "guest/memory.h"

/* The root pointer, in the range that is searched for it (5.2.5.1). */
#define ACPI_RSDP_GPA 0xe0000

/* Writes the tables into the guest's memory. */
void acpi_write(struct guest_memory *gm);

/* The sum of @size bytes modulo 256, which a good table makes 0. */
u8 acpi_sum(const void *table, size_t size);

#endif
