/* SPDX-License-Identifier: MIT */
/*
 * The boot loader's facts about the machine: data alone. boot/multiboot2.c
 * fills it in; the rooms below read it and need not know the loader.
 */
#ifndef ARCH_X86_BOOT_INFO_H
#define ARCH_X86_BOOT_INFO_H

#include "lib/types.h"

#define BOOT_MODULES_MAX 16
#define BOOT_REGIONS_MAX 128

/* Types of memory, as in the specification (and ACPI 6.4, table 15.2). */
enum boot_memory_type {
	BOOT_MEMORY_RAM = 1,
	BOOT_MEMORY_RESERVED = 2,
	BOOT_MEMORY_ACPI = 3,
	BOOT_MEMORY_NVS = 4,
	BOOT_MEMORY_BAD = 5
};

struct boot_region {
	hpa_t start;
	u64 size; /* start + size does not wrap */
	/* enum boot_memory_type, or another number of the firmware's */
	u32 type;
};

struct boot_module {
	hpa_t start, end; /* end: the first byte after it */
	const char *string; /* its command line */
};

enum boot_framebuffer_type {
	BOOT_FRAMEBUFFER_NONE, /* no tag */
	BOOT_FRAMEBUFFER_INDEXED, /* pixels are indices into a palette */
	BOOT_FRAMEBUFFER_PIXELS,
	BOOT_FRAMEBUFFER_TEXT
};

/* The place of one colour in a pixel. */
struct boot_channel {
	u8 position; /* of the lowest bit */
	u8 size; /* in bits */
};

struct boot_framebuffer {
	enum boot_framebuffer_type type;
	hpa_t address;
	u32 pitch, width, height; /* in characters for text */
	u8 bits_per_pixel;
	struct boot_channel red, green, blue; /* of PIXELS */
};

/*
 * The image's ELF section headers; GRUB stores each section's address in
 * sh_addr.
 */
struct boot_elf {
	const void *headers; /* in the information, unaligned */
	u32 count, entry_size;
};

#define BOOT_RSDP_MAX 64

struct boot_info {
	hpa_t start; /* of the information itself: filled in by kmain */
	u32 size;
	const char *cmdline; /* "" if there is none */
	const char *loader; /* the boot loader's name, "" if not given */
	struct boot_module modules[BOOT_MODULES_MAX];
	unsigned int module_count;
	struct boot_region regions[BOOT_REGIONS_MAX];
	unsigned int region_count;
	/* RAM that is not used, since the list has no room for more regions. */
	unsigned int regions_lost;
	u64 ram_lost; /* in bytes */
	u8 rsdp[BOOT_RSDP_MAX]; /* a copy; the newer one if there are two */
	unsigned int rsdp_size; /* 0: none */
	bool rsdp_is_new; /* ACPI 2.0 or later: with an XSDT */
	struct boot_framebuffer framebuffer;
	struct boot_elf elf;
	bool efi; /* the loader passed an EFI system table */
	hpa_t efi_table; /* its address if it has the 64-bit form, else 0 */
	u32 processors; /* by the MADT; 0: unknown; filled in by kmain */
};

#endif
