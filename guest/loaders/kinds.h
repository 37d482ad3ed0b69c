/* SPDX-License-Identifier: MIT */
/*
 * The kinds of kernels, for loader.c. Each has a function that returns true for
 * a file of its kind, and one that puts such a kernel, its modules and its
 * information into the guest's memory, and returns LOAD_OK or the fault.
 */
#ifndef GUEST_LOADERS_KINDS_H
#define GUEST_LOADERS_KINDS_H

#include "guest/loaders/loader.h"

/*
 * Linux by its own rules: a bzImage, entered in 64-bit mode, or in 32-bit mode
 * if it has no other (Documentation/arch/x86/boot.rst, "64-bit Boot Protocol"
 * and "32-bit Boot Protocol").
 */
bool linux_is_kernel(const u8 *file, size_t size);
const char *linux_load(struct guest_memory *gm,
		       const struct load_request *request,
		       struct guest_entry *out);

/* Multiboot Specification 0.6.96. */
bool multiboot_is_kernel(const u8 *file, size_t size);
const char *multiboot_load(struct guest_memory *gm,
			   const struct load_request *request,
			   struct guest_entry *out);

/* Multiboot2 Specification 2.0, for x86, as on a BIOS machine. */
bool multiboot2_is_kernel(const u8 *file, size_t size);
const char *multiboot2_load(struct guest_memory *gm,
			    const struct load_request *request,
			    struct guest_entry *out);

#endif
