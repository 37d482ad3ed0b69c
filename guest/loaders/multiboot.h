/* SPDX-License-Identifier: MIT */
/* Multiboot 1 kernels (Multiboot Specification 0.6.96). */
#ifndef GUEST_LOADERS_MULTIBOOT_H
#define GUEST_LOADERS_MULTIBOOT_H

#include "guest/loaders/loader.h"

#define MULTIBOOT_LOADED 0x2badb002 /* EAX at the kernel's entry */

/* Returns true if the file has a multiboot 1 header. */
bool multiboot_is_kernel(const u8 *file, size_t size);

enum load_status multiboot_load(struct guest_memory *gm,
				const struct load_request *request,
				struct guest_entry *out);

#endif
