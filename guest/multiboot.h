/* SPDX-License-Identifier: MIT */
/*
 * Loads a multiboot 1 kernel (Multiboot Specification 0.6.96): ELF of 32 bits,
 * or any format whose header gives the addresses. One module at most.
 */
#ifndef GUEST_MULTIBOOT_H
#define GUEST_MULTIBOOT_H

#include "guest/memory.h"

enum multiboot_status {
	MULTIBOOT_OK,
	MULTIBOOT_NO_HEADER,
	MULTIBOOT_UNSUPPORTED, /* it demands what Umbra does not know */
	MULTIBOOT_NOT_ELF32,
	MULTIBOOT_TRUNCATED,
	MULTIBOOT_NO_MEMORY, /* it wants to be where there is no RAM */
	MULTIBOOT_CMDLINE_TOO_LONG
};

#define MULTIBOOT_LOADED 0x2badb002 /* EAX at the kernel's entry */

struct multiboot_entry {
	u32 eip;
	u32 ebx; /* struct multiboot_info */
};

/* Is there a multiboot 1 header in the file? */
bool multiboot_is_kernel(const void *image, size_t size);

/*
 * Puts kernel, module (`module_size` may be 0), command line and the
 * information for the kernel into the guest's memory, which must be untouched.
 */
enum multiboot_status multiboot_load(struct guest_memory *gm, const void *image,
				     size_t size, const void *module,
				     size_t module_size, const char *cmdline,
				     struct multiboot_entry *out);

/* The status in words, with the remedy. */
const char *multiboot_status_text(enum multiboot_status status);

#endif
