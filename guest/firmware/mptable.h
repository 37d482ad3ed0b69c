/* SPDX-License-Identifier: MIT */
/*
 * The MP table (Intel MultiProcessor Specification 1.4), which tells kernels
 * that know no ACPI where the I/O APIC is and what is wired to it.
 */
#ifndef GUEST_FIRMWARE_MPTABLE_H
#define GUEST_FIRMWARE_MPTABLE_H

#include "guest/memory.h"

/* The floating pointer: in the BIOS ROM, where it is searched (chapter 4). */
#define MPTABLE_GPA 0xf0000

/* Writes it; CPUID leaf 1 gives the processor's @signature and @features. */
void mptable_write(struct guest_memory *gm, u32 signature, u32 features);

#endif
