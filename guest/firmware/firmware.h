/* SPDX-License-Identifier: MIT */
/*
 * The tables that a PC's firmware leaves in memory. Kernels search for them
 * among the ROMs, a range that the E820 map calls reserved.
 */
#ifndef GUEST_FIRMWARE_FIRMWARE_H
#define GUEST_FIRMWARE_FIRMWARE_H

#include "guest/memory.h"

/* ACPI's root pointer, in the range that is searched for it (5.2.5.1). */
#define ACPI_RSDP_GPA 0xe0000

/*
 * The ACPI tables of the guest's machine (ACPI 6.4): the devices besides PCI,
 * and the ways to power-off and reset.
 */
void acpi_write(struct guest_memory *gm);

/* The MP table's floating pointer: in the BIOS ROM (chapter 4). */
#define MPTABLE_GPA 0xf0000

/*
 * The MP table (Intel MultiProcessor Specification 1.4): it gives kernels
 * without ACPI the I/O APIC's address and its wiring. CPUID leaf 1 has the
 * processor's @signature and @features.
 */
void mptable_write(struct guest_memory *gm, u32 signature, u32 features);

/*
 * The data area of a PC's BIOS, at 40:0, and its extension (EBDA), the last KiB
 * below 640 KiB: kernels ask there for the size of low memory, for COM1 and the
 * text screen, and for tables.
 */
void bios_data_write(struct guest_memory *gm);

#endif
