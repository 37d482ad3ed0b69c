/* SPDX-License-Identifier: MIT */
/*
 * The model's machine: the guest's memory, its places in the host, and a copy
 * of it, the mirror, which has the right contents.
 *
 * Frames, by gfn:
 *
 * - 0 to 39: RAM, in scattered host frames, and no RAM up to 511;
 * - 24 to 32, among these: in host frames of the same number;
 * - 512 to 519: RAM, scattered, so tables lie in 2 MiB that are RAM in part;
 * - 1024 to 2047: RAM, contiguous and aligned in the host: two large pages;
 * - 2048 to 2559: RAM, contiguous, but not aligned;
 * - 2560 to 3071: RAM, contiguous and aligned, except one frame.
 */
#ifndef TESTS_MODEL_WORLD_H
#define TESTS_MODEL_WORLD_H

#include "lib/types.h"

#define WORLD_LOW_FRAMES 40
/* Host frames and guest frames have the same number, so roots can be placed. */
#define WORLD_SAME_GFN 24
#define WORLD_SAME_FRAMES 9
#define WORLD_HIGH_GFN 512
#define WORLD_HIGH_FRAMES 8
#define WORLD_SCATTERED (WORLD_LOW_FRAMES + WORLD_HIGH_FRAMES)
#define WORLD_LARGE_GFN 1024
#define WORLD_SHIFTED_GFN 2048
#define WORLD_HOLED_GFN 2560
#define WORLD_HOLE_GFN (WORLD_HOLED_GFN + 300)
#define WORLD_END_GFN 3072
/* The MMU also knows some frames that are no RAM. */
#define WORLD_GFN_COUNT (WORLD_END_GFN + 8)
#define WORLD_FRAMES (WORLD_SCATTERED + WORLD_END_GFN - WORLD_LARGE_GFN)
/* A frame that is no RAM, and is often used. */
#define WORLD_MMIO_GFN 100

/* The guest uses these frames by name, and hardly any others. */
#define WORLD_NAMED 64

/* Memory of the MMU. */
#define WORLD_ARENA_HPA 0x1000000ULL
#define WORLD_ARENA_BYTES (1024 * PAGE_SIZE)

struct world {
	u8 *ram, *mirror; /* by frame */
	u8 *arena;
	u8 *vacated; /* the frames of the same number, when the guest's are
			moved */
	size_t arena_used;
	/* Frames that may hold more than zeros. */
	u32 touched_count;
	u16 touched[WORLD_FRAMES];
	bool is_touched[WORLD_FRAMES];
	/* The dirty log as it should be, by gfn. */
	bool dirty[WORLD_GFN_COUNT];
};

void world_create(struct world *w);
void world_destroy(struct world *w);
/* Makes all zeros, with nothing allocated. */
void world_reset(struct world *w);

/* Moves a device's page from its place to @gfn; HFN_NONE: away. */
void world_move_device(gfn_t gfn);
/* Returns the frame's index, or -1 if it is not RAM. */
int world_frame(gfn_t gfn);
gfn_t world_gfn(unsigned int frame);
gfn_t world_named(unsigned int n);
hfn_t world_hfn(gfn_t gfn);
/* Returns the gfn by the inverse of the p2m, or HFN_NONE. */
gfn_t world_gfn_of_hpa(hpa_t hpa);
/* Makes @hfn the host frame of @gfn, one of the same number. */
void world_move_frame(gfn_t gfn, hfn_t hfn);
/*
 * Returns the memory of the host frame from which a guest's was moved, or NULL.
 */
u8 *world_vacated(struct world *w, hfn_t hfn);
/* Returns the byte in the guest's memory, and in the mirror; NULL: not RAM. */
u8 *world_ram(struct world *w, gpa_t gpa);
u8 *world_mirror(struct world *w, gpa_t gpa);

#endif
