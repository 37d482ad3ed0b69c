/* SPDX-License-Identifier: MIT */
/* The guest's physical memory: see memory.h. */
#include "guest/memory.h"

#include "lib/page.h"
#include "lib/string.h"

#define GUEST_MEMORY_MIN (2 * MIB)

/* The guest's RAM, as ranges of guest frames. */
struct frame_range {
	gfn_t first;
	gfn_t end;
};

#define RAM_RANGES 3

static void ram_ranges(const struct guest_memory *gm,
		       struct frame_range ranges[RAM_RANGES])
{
	gfn_t above_4g = GUEST_ABOVE_4G_START >> PAGE_SHIFT;

	ranges[0].first = 0;
	ranges[0].end = GUEST_EBDA_END >> PAGE_SHIFT;
	ranges[1].first = GUEST_VGA_TEXT_START >> PAGE_SHIFT;
	ranges[1].end = gm->low_end >> PAGE_SHIFT;
	ranges[2].first = above_4g;
	ranges[2].end = MAX(gm->gfn_count, above_4g);
}

/*
 * Two passes: first each gfn gets the frame of its own number, if it is free.
 * Only then do the others get free frames: none of these could have become a
 * gfn's own.
 */
static bool claim_frames(struct guest_memory *gm)
{
	struct frame_range ranges[RAM_RANGES];

	ram_ranges(gm, ranges);
	for (size_t i = 0; i < RAM_RANGES; i++) {
		for (gfn_t gfn = ranges[i].first; gfn < ranges[i].end; gfn++) {
			if (gm->ops->claim(gfn))
				gm->p2m[gfn] = gfn;
		}
	}

	for (size_t i = 0; i < RAM_RANGES; i++) {
		for (gfn_t gfn = ranges[i].first; gfn < ranges[i].end; gfn++) {
			if (gm->p2m[gfn] == HFN_NONE) {
				gm->p2m[gfn] = gm->ops->claim_any();
				gm->relocated++;
			}
			if (gm->p2m[gfn] == HFN_NONE)
				return false;
			clear_pages(gm->ops->map(gm->p2m[gfn]), 1);
		}
	}
	return true;
}

u64 guest_memory_frames(u64 bytes)
{
	if (bytes > GUEST_LOW_RAM_LIMIT)
		bytes += GUEST_ABOVE_4G_START - GUEST_LOW_RAM_LIMIT;
	return bytes >> PAGE_SHIFT;
}

const char *guest_memory_check(u64 bytes, u64 spare)
{
	if (bytes < GUEST_MEMORY_MIN)
		return GUEST_MEMORY_TOO_SMALL;
	return bytes > spare ? GUEST_MEMORY_TOO_LITTLE_RAM : GUEST_MEMORY_OK;
}

const char *guest_memory_init(struct guest_memory *gm,
			      const struct guest_memory_ops *ops, u64 bytes)
{
	u64 table_bytes;

	memset(gm, 0, sizeof(*gm));
	gm->ops = ops;
	gm->low_end = MIN(ALIGN_DOWN(bytes, PAGE_SIZE), GUEST_LOW_RAM_LIMIT);
	gm->gfn_count = guest_memory_frames(bytes);

	table_bytes = gm->gfn_count * sizeof(gm->p2m[0]);
	gm->p2m = ops->alloc(ALIGN_UP(table_bytes, PAGE_SIZE) >> PAGE_SHIFT);
	if (!gm->p2m)
		return "no memory for the table of the guest's frames: give the "
		       "guest less, or the machine more";
	for (gfn_t gfn = 0; gfn < gm->gfn_count; gfn++)
		gm->p2m[gfn] = HFN_NONE;

	return claim_frames(gm) ? GUEST_MEMORY_OK : GUEST_MEMORY_TOO_LITTLE_RAM;
}

bool guest_memory_replace(struct guest_memory *gm, gfn_t gfn)
{
	hfn_t hfn = gm->ops->claim_any();

	if (hfn == HFN_NONE)
		return false;
	clear_pages(gm->ops->map(hfn), 1);
	gm->relocated += gm->p2m[gfn] == gfn;
	gm->p2m[gfn] = hfn;
	return true;
}

void guest_memory_move(struct guest_memory *gm, gfn_t gfn, hfn_t hfn)
{
	memcpy(gm->ops->map(hfn), gm->ops->map(gm->p2m[gfn]), PAGE_SIZE);
	gm->p2m[gfn] = hfn;
}

void *guest_memory_map(const struct guest_memory *gm, gpa_t gpa)
{
	hfn_t hfn = guest_memory_hfn(gm, gpa >> PAGE_SHIFT);

	if (hfn == HFN_NONE)
		return NULL;
	return (u8 *)gm->ops->map(hfn) + (gpa & ~PAGE_MASK);
}

bool guest_memory_uncovers(const struct guest_memory *gm, gpa_t before,
			   gpa_t after)
{
	return before != after &&
	       (guest_memory_hfn(gm, before >> PAGE_SHIFT) != HFN_NONE ||
		guest_memory_hfn(gm, after >> PAGE_SHIFT) != HFN_NONE);
}

/* Copies to the guest's memory if @write is true, else from it. */
static bool copy(const struct guest_memory *gm, gpa_t gpa, u8 *buf, size_t len,
		 bool write)
{
	while (len) {
		size_t chunk = MIN(len, PAGE_SIZE - (gpa & ~PAGE_MASK));
		void *page = guest_memory_map(gm, gpa);

		if (!page)
			return false;
		memcpy(write ? page : buf, write ? buf : page, chunk);
		buf += chunk;
		gpa += chunk;
		len -= chunk;
	}
	return true;
}

bool guest_memory_read(const struct guest_memory *gm, gpa_t gpa, void *buf,
		       size_t len)
{
	return copy(gm, gpa, buf, len, false);
}

bool guest_memory_write(const struct guest_memory *gm, gpa_t gpa,
			const void *buf, size_t len)
{
	return copy(gm, gpa, (u8 *)buf, len, true);
}

size_t guest_memory_e820(const struct guest_memory *gm, struct e820_entry *map)
{
	u64 end = gm->gfn_count << PAGE_SHIFT;
	size_t count = 0;

	map[count++] = (struct e820_entry){ 0, GUEST_BASE_RAM_END, E820_RAM };
	map[count++] =
		(struct e820_entry){ GUEST_ROM_START,
				     GUEST_HIGH_RAM_START - GUEST_ROM_START,
				     E820_RESERVED };
	map[count++] = (struct e820_entry){ GUEST_HIGH_RAM_START,
					    gm->low_end - GUEST_HIGH_RAM_START,
					    E820_RAM };
	if (end > GUEST_ABOVE_4G_START)
		map[count++] = (struct e820_entry){ GUEST_ABOVE_4G_START,
						    end - GUEST_ABOVE_4G_START,
						    E820_RAM };
	return count;
}
