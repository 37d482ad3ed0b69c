/* SPDX-License-Identifier: MIT */
/*
 * Loads a Linux kernel by the kernel's own rules: a bzImage, entered in 64-bit
 * mode, or in 32-bit mode where it knows no other (Documentation/arch/x86/
 * boot.rst, "64-bit Boot Protocol" and "32-bit Boot Protocol").
 */
#ifndef GUEST_LOADERS_LINUX_H
#define GUEST_LOADERS_LINUX_H

#include "guest/loaders/loader.h"

/* Returns true for a bzImage. */
bool linux_is_kernel(const u8 *file, size_t size);

/*
 * Puts the kernel, the initramfs, the command line and the boot parameters
 * into the guest's memory.
 */
enum load_status linux_load(struct guest_memory *gm,
			    const struct load_request *request,
			    struct guest_entry *out);

#endif
