/* SPDX-License-Identifier: MIT */
/*
 * The machine's RAM, one bit a frame. Umbra takes its own frames from the top
 * of the RAM below 4 GiB; the guest gets the rest.
 */
#ifndef ARCH_X86_FRAMES_H
#define ARCH_X86_FRAMES_H

#include "lib/types.h"

struct boot_info;

/*
 * Copies each module to the highest place below 4 GiB that is RAM and free, and
 * changes its address in @info; a module that lies higher already stays. The
 * boot loader leaves modules at low addresses, where each frame of the guest
 * should lie at the host frame of its own number. Call it before frames_init,
 * with the same image.
 */
void frames_raise_modules(struct boot_info *info, hpa_t image_start,
			  hpa_t image_end);

/*
 * Finds the free frames: the map calls them RAM, no entry of another type
 * overlaps them, and they have no byte of the first page, the legacy area below
 * 1 MiB, the image, the information itself, the modules and the ELF symbol
 * table. `image_start` and `image_end` are the image's physical addresses.
 * Returns false if the map has no RAM, or too little for the bitmap.
 */
bool frames_init(const struct boot_info *info, hpa_t image_start,
		 hpa_t image_end);

/*
 * Allocates `pages` frames in a row, zeroed, for Umbra's own use, for good.
 * They come from the top of the RAM below 4 GiB, else from above. Returns the
 * direct map's address, or NULL if there is no such run.
 */
void *frames_alloc(size_t pages);

/* Takes a frame for the guest. Returns false if it is not free. */
bool frames_claim(hfn_t hfn);

/* Claims the highest free frame; returns HFN_NONE if there is none. */
hfn_t frames_claim_any(void);

/*
 * Remembers which frames are free. frames_restore() makes them free again, so
 * no frame that was handed out in between may be in use then. Returns false if
 * there is no memory for the copy.
 */
bool frames_save(void);
void frames_restore(void);

/* The first address after the last frame of RAM. */
u64 frames_top(void);

/* Number of free frames. */
u64 frames_free_count(void);

#endif
