/* SPDX-License-Identifier: MIT */
/*
 * What multiboot 1 and 2 kernels have in common: their code and data go to
 * physical addresses that the file names: above 1 MiB, or below the EBDA and
 * above IMAGE_LOW_START. The information goes below that.
 */
#ifndef GUEST_LOADERS_IMAGE_H
#define GUEST_LOADERS_IMAGE_H

#include "guest/loaders/loader.h"

#define IMAGE_LOW_START 0x10000ULL

struct image {
	u32 entry; /* physical */
	gpa_t end; /* of the highest piece */
};

/*
 * An ELF file for x86, of 32 or 64 bits: its segments, by their physical
 * addresses. An entry point that is the virtual address of a segment's byte
 * becomes the physical one, as GRUB has it.
 */
enum load_status image_load_elf(struct guest_memory *gm, const u8 *file,
				size_t size, struct image *out);

/* Multiboot's address fields. */
struct image_addresses {
	u32 header; /* where the multiboot header goes */
	u32 load; /* where the first byte goes; ALL_OF_FILE: from byte 0 on */
	u32 load_end; /* 0: all the rest of the file */
	u32 bss_end; /* 0: no bss */
};

#define IMAGE_ALL_OF_FILE 0xffffffffU

/* By those addresses; @header_at: where the header is in the file. */
enum load_status image_load_flat(struct guest_memory *gm, const u8 *file,
				 size_t size, size_t header_at,
				 const struct image_addresses *addresses,
				 struct image *out);

/*
 * Puts a module below @top, on a page boundary and clear of the image; its
 * first address, or 0 where it has no room.
 */
gpa_t image_load_module(struct guest_memory *gm,
			const struct load_module *module,
			const struct image *image, gpa_t top);

#endif
