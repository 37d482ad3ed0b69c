/* SPDX-License-Identifier: MIT */
/*
 * The machine's RAM, one bit a frame. Umbra takes what it needs for itself
 * from the top of the RAM below 4 GiB; the rest is given to the guest.
 */
#ifndef ARCH_X86_FRAMES_H
#define ARCH_X86_FRAMES_H

#include "lib/types.h"

struct boot_info;

/*
 * Copies each module to the highest place below 4 GiB that is RAM and free, and
 * changes @info to say so; a module that lies higher already stays. The boot
 * loader leaves them low, where the guest shall have the frames of its own
 * addresses. To be called before frames_init, with the same image.
 */
void frames_raise_modules(struct boot_info *info, hpa_t image_start,
			  hpa_t image_end);

/*
 * Takes stock: RAM is what the memory map calls so and no other entry denies,
 * without the first page, the extended BIOS data area, the image, the
 * information itself, the modules and the ELF symbol table. `image_start` and
 * `image_end`: the image's physical addresses. False: there is no RAM worth
 * the name in the map.
 */
bool frames_init(const struct boot_info *info, hpa_t image_start,
		 hpa_t image_end);

/*
 * Allocates `pages` frames in a row, zeroed, for Umbra's own use, for good.
 * They come from the top of the RAM below 4 GiB, else from above. Returns the
 * direct map's address, or NULL if there is no such run.
 */
void *frames_alloc(size_t pages);

/*
 * Marks a free frame, which is RAM that neither Umbra nor a guest has, as given
 * away. Returns false if it was not free.
 */
bool frames_claim(hfn_t hfn);

/* Claims the highest free frame; returns HFN_NONE if there is none. */
hfn_t frames_claim_any(void);

/*
 * Remembers which frames are free, for frames_restore, which takes all back
 * that was handed out since; nobody may use these any more. Returns false if
 * there is no memory for it.
 */
bool frames_save(void);
void frames_restore(void);

/* The first address after the last frame of RAM. */
u64 frames_top(void);

/* Number of free frames. */
u64 frames_free_count(void);

#endif
