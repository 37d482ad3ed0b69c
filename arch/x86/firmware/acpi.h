/* SPDX-License-Identifier: MIT */
/*
 * The part of the machine's own ACPI tables that Umbra uses (the guest's are
 * made by guest/firmware/firmware.h): how to switch it off and to reset it, a
 * second clock, and serial ports. Source: ACPI Specification 6.4, 5.2;
 * Microsoft's "Serial Port Console Redirection Table (SPCR)" and "Debug Port
 * Table 2 (DBG2)".
 */
#ifndef ARCH_X86_FIRMWARE_ACPI_H
#define ARCH_X86_FIRMWARE_ACPI_H

#include "arch/x86/firmware/table.h"

/* An address space of a register (5.2.3.2). */
enum acpi_space { ACPI_MEMORY, ACPI_IO, ACPI_NO_SPACE };

/* The tables that name a serial port. */
enum acpi_serial_table {
	ACPI_SPCR, /* the firmware's console */
	ACPI_DBG2, /* a debug port */
	ACPI_SERIAL_TABLES
};

/* A 16550 UART; address 0: none is named. */
struct acpi_serial {
	enum acpi_space space;
	u64 address; /* a port, or in memory */
	u8 access; /* bytes of a register, and from one to the next */
};

struct acpi_facts {
	u16 pm_timer; /* its port; 0: none */
	bool pm_timer_is_wide; /* 32 bits, else 24 */
	u16 pm1_control[2]; /* the ports of PM1a_CNT and PM1b_CNT; 0: none */
	u16 smi_command; /* a byte to this port, 0: none, ... */
	u8 acpi_enable; /* ... this, hands these registers to us */
	bool has_s5; /* soft-off is known, with this SLP_TYP for each of them */
	u8 s5_type[2];
	enum acpi_space reset_space;
	u64 reset_address;
	u8 reset_value;
	struct acpi_serial serial[ACPI_SERIAL_TABLES];
	u32 processors; /* that are enabled, by the MADT; 0: not told */
};

/*
 * Reads the tables that @rsdp, a copy of @size bytes, leads to. What a
 * table does not tell, or tells with a wrong checksum or length, is left out.
 */
void acpi_read(const void *rsdp, size_t size, firmware_memory *memory,
	       struct acpi_facts *facts);

#endif
