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

/* The faults of a kernel, in words, with the remedy. */
#define LOAD_OK NULL
#define LOAD_UNKNOWN_KIND                                                      \
	"this is not a Linux kernel, and it has no multiboot header: give a "  \
	"bzImage (on Debian, /boot/vmlinuz-*)"
#define LOAD_BAD_HEADER "its header contradicts itself"
#define LOAD_TRUNCATED                                                         \
	"a part that its header names is not in the file: the file is cut "    \
	"off or broken; copy it again"
#define LOAD_LINUX_TOO_OLD                                                     \
	"its boot protocol is before 2.10: take a Linux from 2.6.31 on; "      \
	"iPXE and memdisk only look like Linux, and need a BIOS, which the "   \
	"guest does not have"
#define LOAD_UNSUPPORTED                                                       \
	"its header demands something that Umbra does not offer, for "         \
	"example a video mode"
#define LOAD_NO_FORMAT                                                         \
	"it is no ELF file for x86, and its multiboot header gives no load "   \
	"addresses"
#define LOAD_BAD_SEGMENT                                                       \
	"a segment of its ELF file is larger in the file than in memory: "     \
	"link it again"
#define LOAD_NO_SEGMENT "its ELF file has no segment to load"
#define LOAD_TOO_MANY_SEGMENTS "its ELF file has more than 64 segments to load"
#define LOAD_OVERLAP "two segments of its ELF file go to the same place"
#define LOAD_NO_ENTRY "its entry point is in none of the loaded pieces"
#define LOAD_TOO_HIGH "a piece of it goes above 4 GiB: link it lower"
#define LOAD_OCCUPIED                                                          \
	"a piece of it goes below 1 MiB where the firmware or boot "           \
	"information is: link it to 1 MiB or above, or from 64 KiB to 639 "    \
	"KiB"
#define LOAD_NO_MEMORY                                                         \
	"the guest's memory is too small for the kernel: give it more"
#define LOAD_MODULE_TOO_LARGE                                                  \
	"the guest's memory is too small for the initramfs (or module): "      \
	"give it more, or take a smaller one"
#define LOAD_CMDLINE_TOO_LONG                                                  \
	"the kernel's command line is too long: shorten it"

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
	/* For Linux the pieces of its initramfs, for others their modules. */
	const struct load_module *modules;
	size_t module_count;
	const char *cmdline;
	gpa_t rsdp; /* of the ACPI tables; 0: there are none */
};

/* A piece of the guest's memory. */
struct load_range {
	gpa_t start, end; /* end: the first byte after it */
};

/* Selectors for an entry without a GDT: any values except null. */
#define GUEST_FLAT_CS 0x08
#define GUEST_FLAT_DS 0x10

/*
 * The processor's state at the kernel's first instruction. All kernels begin at
 * CPL 0, with interrupts off, and with flat segments.
 */
struct guest_entry {
	const char *kind; /* the kind of kernel, in a word */
	bool long_mode; /* 64-bit code; else 32-bit code, unpaged */
	u64 rip;
	u64 rax, rbx, rsi;
	u64 cr3; /* in long mode */
	u64 gdt_base;
	u16 gdt_limit; /* 0: no GDT, but the selectors are valid all the same */
	u16 cs;
	u16 ds; /* for DS, ES and SS */
	/* by a piece that has no place; else its end is 0 */
	struct load_range wanted;
};

/* Returns true if the file is a kernel of a kind that Umbra loads. */
bool guest_kernel_is_known(const u8 *file, size_t size);

/*
 * Loads the kernel and the modules into the guest's memory, which must be
 * untouched. If a piece has no place, out->wanted is the range where it should
 * have gone. Returns LOAD_OK or the fault.
 */
const char *guest_load(struct guest_memory *gm,
		       const struct load_request *request,
		       struct guest_entry *out);

#endif
