/* SPDX-License-Identifier: MIT */
/*
 * The part that multiboot 1 and 2 kernels share. Their code and data go to
 * physical addresses that the file names: above 1 MiB, or between
 * IMAGE_LOW_START and the EBDA. The information for the kernel goes below
 * IMAGE_LOW_START.
 */
#ifndef GUEST_LOADERS_IMAGE_H
#define GUEST_LOADERS_IMAGE_H

#include "guest/loaders/loader.h"

#define IMAGE_LOW_START 0x10000ULL

#define IMAGE_PIECES_MAX 64

struct image {
	gpa_t entry; /* physical */
	gpa_t end; /* of the highest piece */
	size_t count;
	struct load_range pieces[IMAGE_PIECES_MAX];
	struct load_range wanted; /* by the last piece that was looked at */
};

/* Multiboot's address fields. */
struct image_addresses {
	u32 header; /* of the multiboot header */
	u32 load; /* of the first byte to load; ALL_OF_FILE: byte 0 */
	u32 load_end; /* 0: all the rest of the file */
	u32 bss_end; /* 0: no bss */
};

#define IMAGE_ALL_OF_FILE 0xffffffffU

/* The part of a kernel's multiboot header that concerns its image. */
struct image_header {
	size_t at; /* its offset in the file */
	bool has_addresses, has_entry; /* else the ELF file's are used */
	struct image_addresses addresses;
	u32 entry;
};

/* The text screen, as both specifications describe it ("framebuffer"). */
extern const struct image_screen {
	u64 address;
	u32 pitch; /* bytes of a row */
	u32 columns, rows;
	u8 cell_bits, type;
	u16 reserved;
} image_screen;

/*
 * Loads a kernel: by the header's addresses, or, without them, as an ELF file
 * for x86 of 32 or 64 bits, whose segments go to their physical addresses. The
 * ELF file's entry point may be a segment's virtual address, as GRUB allows, or
 * a physical one. *out must be all zeroes. Returns LOAD_OK or the fault.
 */
const char *image_load(struct guest_memory *gm,
		       const struct load_request *request,
		       const struct image_header *header, struct image *out);

/*
 * Puts the modules below the end of low memory, on page boundaries, above 1 MiB
 * and clear of the image, and their first addresses into @starts. Returns false
 * if there is no room.
 */
bool image_load_modules(struct guest_memory *gm,
			const struct load_request *request,
			const struct image *image, u32 *starts);

/* The entry of a multiboot kernel, with its information at @info. */
struct guest_entry image_entry(const struct image *image, const char *kind,
			       u32 magic, gpa_t info);

#endif
