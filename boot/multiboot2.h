/* SPDX-License-Identifier: MIT */
/*
 * Reads the boot loader's facts from the Multiboot2 information (Multiboot2
 * Specification 2.0, section 3.6) into one structure. Pure C over a buffer:
 * every size and offset is checked before it is used.
 */
#ifndef BOOT_MULTIBOOT2_H
#define BOOT_MULTIBOOT2_H

#include "arch/x86/boot_info.h"

#define MULTIBOOT2_MAGIC 0x36d76289 /* in EAX at entry */

/* The faults of the information, in words. */
#define MB2_OK NULL
#define MB2_MISALIGNED "it does not start at a multiple of 8"
#define MB2_TOO_SMALL "it is shorter than its own header"
#define MB2_TOO_LARGE "it claims to be larger than it can be"
#define MB2_TAG_SIZE "a tag has an impossible size"
#define MB2_NO_END "there is no end tag"
#define MB2_NO_NUL "a string does not end within its tag"
#define MB2_ENTRY_SIZE "a table's entries have an impossible size"
#define MB2_MODULE_RANGE "a module ends before it starts"
#define MB2_TOO_MANY_MODULES "more than 16 modules: put some in an archive"

/*
 * Parses the information at `mbi`, and reads at most `max` bytes of it.
 * Strings and ELF headers in *out point into it. Returns MB2_OK or the fault;
 * after a fault *out has the facts that were read before it.
 */
const char *multiboot2_parse(const void *mbi, size_t max,
			     struct boot_info *out);

#endif
