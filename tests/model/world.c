/* SPDX-License-Identifier: MIT */
/* The model's machine; see world.h. */
#include <stdlib.h>
#include <string.h>

#include "mmu/mmu.h"
#include "tests/model/world.h"

/* Host-physical memory: the guest's frames, some of them in another order. */
#define SCATTERED_HFN 0x40000ULL
#define SCATTERED_STEP 37 /* coprime to WORLD_SCATTERED */
#define SCATTERED_INVERSE 13 /* 37 * 13 = 1 (mod 48) */
#define LARGE_HFN 0x50000ULL
#define SHIFTED_HFN 0x60001ULL
#define HOLED_HFN 0x70000ULL

/* The regions of 2 MiB that are all RAM, or nearly all. */
#define REGION_FRAMES 512
static const u16 named_offsets[] = { 0, 1, 2, REGION_FRAMES - 1 };

/* Places of the frames of the same number; 0: not moved. */
static hfn_t moved[WORLD_SAME_FRAMES];

/* The frame that a device's page covers. */
static gfn_t device = HFN_NONE;

static u8 *alloc_pages(size_t count)
{
	u8 *memory = aligned_alloc(PAGE_SIZE, count * PAGE_SIZE);

	if (!memory)
		abort();
	memset(memory, 0, count * PAGE_SIZE);
	return memory;
}

void world_create(struct world *w)
{
	memset(w, 0, sizeof(*w));
	w->ram = alloc_pages(WORLD_FRAMES);
	w->mirror = alloc_pages(WORLD_FRAMES);
	w->arena = alloc_pages(WORLD_ARENA_BYTES / PAGE_SIZE);
	w->vacated = alloc_pages(WORLD_SAME_FRAMES);
}

void world_destroy(struct world *w)
{
	free(w->ram);
	free(w->mirror);
	free(w->arena);
	free(w->vacated);
}

void world_reset(struct world *w)
{
	for (u32 i = 0; i < w->touched_count; i++) {
		u32 frame = w->touched[i];

		memset(w->ram + frame * PAGE_SIZE, 0, PAGE_SIZE);
		memset(w->mirror + frame * PAGE_SIZE, 0, PAGE_SIZE);
		w->is_touched[frame] = false;
	}
	w->touched_count = 0;
	w->arena_used = 0;
	device = HFN_NONE;
	memset(moved, 0, sizeof(moved));
	memset(w->dirty, 0, sizeof(w->dirty));
}

void world_move_device(gfn_t gfn)
{
	device = gfn;
}

int world_frame(gfn_t gfn)
{
	if (gfn == device)
		return -1;
	if (gfn < WORLD_LOW_FRAMES)
		return (int)gfn;
	if (gfn >= WORLD_HIGH_GFN && gfn < WORLD_HIGH_GFN + WORLD_HIGH_FRAMES)
		return (int)(gfn - WORLD_HIGH_GFN + WORLD_LOW_FRAMES);
	if (gfn >= WORLD_LARGE_GFN && gfn < WORLD_END_GFN &&
	    gfn != WORLD_HOLE_GFN)
		return (int)(gfn - WORLD_LARGE_GFN + WORLD_SCATTERED);
	return -1;
}

gfn_t world_gfn(unsigned int frame)
{
	if (frame < WORLD_LOW_FRAMES)
		return frame;
	if (frame < WORLD_SCATTERED)
		return frame - WORLD_LOW_FRAMES + WORLD_HIGH_GFN;
	return frame - WORLD_SCATTERED + WORLD_LARGE_GFN;
}

gfn_t world_named(unsigned int n)
{
	if (n < WORLD_SCATTERED)
		return world_gfn(n);
	n -= WORLD_SCATTERED;
	return WORLD_LARGE_GFN + n / ARRAY_SIZE(named_offsets) * REGION_FRAMES +
	       named_offsets[n % ARRAY_SIZE(named_offsets)];
}

static bool has_same(u64 frame)
{
	return frame >= WORLD_SAME_GFN &&
	       frame < WORLD_SAME_GFN + WORLD_SAME_FRAMES;
}

void world_move_frame(gfn_t gfn, hfn_t hfn)
{
	moved[gfn - WORLD_SAME_GFN] = hfn == gfn ? 0 : hfn;
}

u8 *world_vacated(struct world *w, hfn_t hfn)
{
	if (!has_same(hfn) || !moved[hfn - WORLD_SAME_GFN])
		return NULL;
	return w->vacated + (hfn - WORLD_SAME_GFN) * PAGE_SIZE;
}

hfn_t world_hfn(gfn_t gfn)
{
	int frame = world_frame(gfn);

	if (frame < 0)
		return HFN_NONE;
	if (has_same(gfn))
		return moved[gfn - WORLD_SAME_GFN] ? moved[gfn - WORLD_SAME_GFN]
						   : gfn;
	if (gfn < WORLD_LARGE_GFN)
		return SCATTERED_HFN + frame * SCATTERED_STEP % WORLD_SCATTERED;
	if (gfn < WORLD_SHIFTED_GFN)
		return LARGE_HFN + gfn - WORLD_LARGE_GFN;
	if (gfn < WORLD_HOLED_GFN)
		return SHIFTED_HFN + gfn - WORLD_SHIFTED_GFN;
	return HOLED_HFN + gfn - WORLD_HOLED_GFN;
}

gfn_t world_gfn_of_hpa(hpa_t hpa)
{
	hfn_t hfn = hpa >> PAGE_SHIFT;
	gfn_t gfn = HFN_NONE;

	for (u32 i = 0; i < WORLD_SAME_FRAMES; i++)
		if (moved[i] && moved[i] == hfn)
			return WORLD_SAME_GFN + i;
	if (has_same(hfn))
		gfn = hfn;
	else if (hfn >= HOLED_HFN)
		gfn = hfn - HOLED_HFN + WORLD_HOLED_GFN;
	else if (hfn >= SHIFTED_HFN)
		gfn = hfn - SHIFTED_HFN + WORLD_SHIFTED_GFN;
	else if (hfn >= LARGE_HFN)
		gfn = hfn - LARGE_HFN + WORLD_LARGE_GFN;
	else if (hfn >= SCATTERED_HFN)
		gfn = world_gfn((hfn - SCATTERED_HFN) * SCATTERED_INVERSE %
				WORLD_SCATTERED);
	return gfn != HFN_NONE && world_hfn(gfn) == hfn ? gfn : HFN_NONE;
}

static u8 *touch_byte(struct world *w, u8 *memory, gpa_t gpa)
{
	int frame = world_frame(gpa >> PAGE_SHIFT);

	if (frame < 0)
		return NULL;
	if (!w->is_touched[frame]) {
		w->is_touched[frame] = true;
		w->touched[w->touched_count++] = (u16)frame;
	}
	return memory + frame * PAGE_SIZE + (gpa & ~PAGE_MASK);
}

u8 *world_ram(struct world *w, gpa_t gpa)
{
	return touch_byte(w, w->ram, gpa);
}

u8 *world_mirror(struct world *w, gpa_t gpa)
{
	return touch_byte(w, w->mirror, gpa);
}
