/* SPDX-License-Identifier: MIT */
/*
 * Loads a Linux kernel by the kernel's own rules: a bzImage, entered in 64-bit
 * mode (Documentation/arch/x86/boot.rst, "64-bit Boot Protocol").
 */
#ifndef GUEST_LINUX_H
#define GUEST_LINUX_H

#include "guest/memory.h"

enum linux_status {
	LINUX_OK,
	LINUX_NOT_A_KERNEL,
	LINUX_TRUNCATED,
	LINUX_TOO_OLD,
	LINUX_NO_64BIT_ENTRY,
	LINUX_MEMORY_TOO_SMALL,
	LINUX_INITRD_TOO_LARGE,
	LINUX_CMDLINE_TOO_LONG
};

/* What the setup header says, checked against the file's length. */
struct linux_image {
	const u8 *setup; /* the file's start: the real-mode part */
	size_t header_end; /* where the setup header in it ends */
	const u8 *kernel; /* the protected-mode part */
	size_t kernel_size;
	u64 pref_address; /* where the kernel wants to be */
	u32 init_size; /* what it needs there, in bytes */
	u32 cmdline_size; /* the longest command line, without the NUL */
	u64 initrd_addr_max; /* the highest address of an initramfs' bytes */
	u16 version; /* of the boot protocol, 0x020c being 2.12 */
};

/*
 * The processor's state at the kernel's entry, besides what is the same for
 * all kernels: CPL 0, 64-bit mode, interrupts off, flat segments.
 */
struct linux_entry {
	u64 rip;
	u64 rsi; /* struct boot_params */
	u64 cr3; /* the first 4 GiB, mapped onto themselves */
	u64 gdt_base;
	u16 gdt_limit;
	u16 cs;
	u16 ds; /* for DS, ES and SS */
};

/* Reads the headers of a kernel file of `size` bytes. Touches nothing else. */
enum linux_status linux_parse(const void *image, size_t size,
			      struct linux_image *out);

/*
 * Puts the kernel, the initramfs (`initrd_size` may be 0), the command line
 * and the boot parameters into the guest's memory, which must be untouched.
 */
enum linux_status linux_load(struct guest_memory *gm,
			     const struct linux_image *image,
			     const void *initrd, size_t initrd_size,
			     const char *cmdline, struct linux_entry *out);

/* The status in words, with the remedy. */
const char *linux_status_text(enum linux_status status);

#endif
