/* SPDX-License-Identifier: MIT */
/*
 * The names of the machine and its firmware. Source: DMTF DSP0134, "System
 * Management BIOS Reference Specification", 3.6; UEFI Specification 2.10, 4.
 */
#ifndef ARCH_X86_FIRMWARE_SMBIOS_H
#define ARCH_X86_FIRMWARE_SMBIOS_H

#include "arch/x86/firmware/table.h"

enum smbios_string {
	SMBIOS_FIRMWARE_VENDOR,
	SMBIOS_FIRMWARE_VERSION,
	SMBIOS_FIRMWARE_DATE,
	SMBIOS_SYSTEM_VENDOR,
	SMBIOS_SYSTEM_NAME,
	SMBIOS_BOARD_VENDOR,
	SMBIOS_BOARD_NAME,
	SMBIOS_STRINGS
};

/* A longer string is cut off; a character outside of printable ASCII is a ?. */
#define SMBIOS_STRING_SIZE 41

struct smbios_names {
	char text[SMBIOS_STRINGS][SMBIOS_STRING_SIZE]; /* "": unknown */
};

/*
 * Reads the names: through the EFI system table at @efi_table, or, if that is
 * 0, from the BIOS's segment F000h. @memory may be paging_map_tables, after
 * paging_init.
 */
void smbios_read(hpa_t efi_table, firmware_memory *memory,
		 struct smbios_names *names);

#endif
