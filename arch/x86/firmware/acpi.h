/* SPDX-License-Identifier: MIT */
/*
 * The part of the machine's own ACPI tables that Umbra uses (the guest's are
 * made by guest/firmware/firmware.h): for power-off and reset, a second clock,
 * and serial ports. Source: ACPI Specification 6.4, 5.2; Microsoft's "Serial
 * Port Console Redirection Table (SPCR)" and "Debug Port Table 2 (DBG2)".
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
	u64 address; /* a port, or a host-physical address */
	u8 access; /* bytes of a register, and from one to the next */
};

struct acpi_facts {
	u16 pm_timer; /* its port; 0: none */
	bool pm_timer_is_wide; /* 32 bits, else 24 */
	u16 pm1_control[2]; /* the ports of PM1a_CNT and PM1b_CNT; 0: none */
	u16 smi_command; /* its port; 0: none */
	u8 acpi_enable; /* the value that hands PM1 over to an OS */
	bool has_s5; /* there is a soft-off */
	u8 s5_type[2]; /* its SLP_TYP for each pm1_control */
	enum acpi_space reset_space;
	u64 reset_address;
	u8 reset_value;
	struct acpi_serial serial[ACPI_SERIAL_TABLES];
	u32 processors; /* that the MADT enables; 0: unknown */
};

/*
 * Reads the tables that @rsdp, a copy of @size bytes, leads to. A table with a
 * wrong checksum or length is left out. A fact that no table has is 0, or
 * ACPI_NO_SPACE.
 */
void acpi_read(const void *rsdp, size_t size, firmware_memory *memory,
	       struct acpi_facts *facts);

#endif
