/* SPDX-License-Identifier: MIT */
/*
 * Loads a guest kernel of any kind that Umbra knows; the kind is recognised
 * from the file:
 *
 *	bzImage		Linux, by its 64-bit or its 32-bit entry (kinds.h)
 *	multiboot 2	ELF, or any format whose header gives the addresses
 *	multiboot 1	the same (image.h)
 *
 * All files are untrusted: no byte beyond them is read, none is written
 * outside the guest's RAM.
 */
#ifndef GUEST_LOADERS_LOADER_H
#define GUEST_LOADERS_LOADER_H

#include "arch/x86/boot_info.h"
#include "guest/memory.h"

enum load_status {
	LOAD_OK,
	LOAD_UNKNOWN_KIND,
	LOAD_BAD_HEADER, /* fields that contradict each other */
	LOAD_TRUNCATED,
	LOAD_LINUX_TOO_OLD,
	LOAD_UNSUPPORTED, /* it demands what Umbra does not offer */
	LOAD_NO_FORMAT, /* neither ELF for x86 nor addresses */
	LOAD_BAD_SEGMENT, /* more of it in the file than in memory */
	LOAD_NO_SEGMENT,
	LOAD_TOO_MANY_SEGMENTS,
	LOAD_OVERLAP, /* of two segments */
	LOAD_NO_ENTRY, /* the entry point is in no segment */
	LOAD_TOO_HIGH, /* above 4 GiB */
	LOAD_OCCUPIED, /* it goes to where the firmware or the loader is */
	LOAD_NO_MEMORY,
	LOAD_MODULE_TOO_LARGE,
	LOAD_CMDLINE_TOO_LONG,
	LOAD_STATUS_COUNT
};

#define LOAD_MODULES_MAX BOOT_MODULES_MAX /* so none is left out */

struct load_module {
	const void *start; /* the file */
	size_t size;
	const char *name;
};

/* The files and the words for the guest. */
struct load_request {
	const u8 *kernel; /* the file */
	size_t kernel_size;
	/* To Linux, the pieces of its initramfs; to others, their modules. */
	const struct load_module *modules;
	size_t module_count;
	const char *cmdline;
	gpa_t rsdp; /* of the ACPI tables; 0: there are none */
};

/* A piece of the guest's memory. */
struct load_range {
	gpa_t start, end; /* end: the first byte after it */
};

/* Selectors for an entry without a GDT: anything but null. */
#define GUEST_FLAT_CS 0x08
#define GUEST_FLAT_DS 0x10

/*
 * The processor's state at the kernel's first instruction, besides what is
 * the same for all: CPL 0, interrupts off, flat segments.
 */
struct guest_entry {
	const char *kind; /* of kernel, in a word */
	bool long_mode; /* 64-bit code; else 32-bit code, unpaged */
	u64 rip;
	u64 rax, rbx, rsi;
	u64 cr3; /* in long mode */
	u64 gdt_base;
	u16 gdt_limit; /* 0: no GDT, but the selectors are valid all the same */
	u16 cs;
	u16 ds; /* for DS, ES and SS */
	struct load_range wanted; /* of a kernel that has no place; or end 0 */
};

/* Returns true if the file is a kernel of a kind that Umbra loads. */
bool guest_kernel_is_known(const u8 *file, size_t size);

/*
 * Loads all of it into the guest's memory, which must be untouched. If there is
 * no place for a piece, out->wanted says where it was to go.
 */
enum load_status guest_load(struct guest_memory *gm,
			    const struct load_request *request,
			    struct guest_entry *out);

/* The status in words, with the remedy. */
const char *load_status_text(enum load_status status);

#endif
