/* SPDX-License-Identifier: MIT */
/* Multiboot 2 kernels (Multiboot2 Specification 2.0), as on a BIOS machine. */
#ifndef GUEST_LOADERS_MULTIBOOT2_H
#define GUEST_LOADERS_MULTIBOOT2_H

#include "guest/loaders/loader.h"

#define MULTIBOOT2_LOADED 0x36d76289 /* EAX at the kernel's entry */

/* Returns true if the file has a multiboot 2 header for x86. */
bool multiboot2_is_kernel(const u8 *file, size_t size);

enum load_status multiboot2_load(struct guest_memory *gm,
				 const struct load_request *request,
				 struct guest_entry *out);

#endif
