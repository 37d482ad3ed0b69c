/* SPDX-License-Identifier: MIT */
/*
 * The boot loader's facts, out of the Multiboot2 information (Multiboot2
 * Specification 2.0, section 3.6) and into one structure. Pure C over a
 * buffer: nothing in the information is believed unchecked.
 */
#ifndef BOOT_MULTIBOOT2_H
#define BOOT_MULTIBOOT2_H

#include "arch/x86/boot_info.h"

#define MULTIBOOT2_MAGIC 0x36d76289 /* in EAX at entry */

enum mb2_status {
	MB2_OK,
	MB2_MISALIGNED, /* the information isn't at a multiple of 8 */
	MB2_TOO_SMALL, /* for its own header */
	MB2_TOO_LARGE, /* says to be larger than it can be */
	MB2_TAG_SIZE, /* a tag reaches over the end or is too short */
	MB2_NO_END, /* no end tag */
	MB2_NO_NUL, /* a string without its NUL */
	MB2_ENTRY_SIZE, /* a table whose entries have an impossible size */
	MB2_MODULE_RANGE, /* a module that ends before it starts */
	MB2_TOO_MANY_MODULES,
	MB2_STATUS_COUNT
};

/*
 * Parses the information at `mbi`, of which at most `max` bytes may be read.
 * Strings and ELF headers in *out point into it. What is not MB2_OK leaves
 * *out with what was read until then.
 */
enum mb2_status multiboot2_parse(const void *mbi, size_t max,
				 struct boot_info *out);

/* The fault in words. */
const char *multiboot2_status_name(enum mb2_status status);

#endif
