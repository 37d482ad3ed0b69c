/* SPDX-License-Identifier: MIT */
#include "boot/regions.h"

static bool touches(const struct boot_region *a, const struct boot_region *b)
{
	return a->start <= b->start + b->size && b->start <= a->start + a->size;
}

static bool overlaps(const struct boot_region *a, const struct boot_region *b)
{
	return a->start < b->start + b->size && b->start < a->start + a->size;
}

static void lose_region(struct boot_info *info,
			const struct boot_region *region)
{
	if (region->type != BOOT_MEMORY_RAM)
		return;
	info->regions_lost++;
	info->ram_lost += region->size;
}

/*
 * The list is full, so the smallest region of RAM leaves it. A region that is
 * not RAM is needed only if it lies on RAM.
 */
static void replace_region(struct boot_info *info,
			   const struct boot_region *added)
{
	bool needed = added->type == BOOT_MEMORY_RAM;
	struct boot_region *smallest = NULL;

	for (unsigned int i = 0; i < info->region_count; i++) {
		struct boot_region *r = &info->regions[i];

		if (r->type != BOOT_MEMORY_RAM)
			continue;
		needed |= overlaps(r, added);
		if (!smallest || r->size < smallest->size)
			smallest = r;
	}
	if (!needed || !smallest ||
	    (added->type == BOOT_MEMORY_RAM && added->size <= smallest->size))
		return lose_region(info, added);
	lose_region(info, smallest);
	*smallest = *added;
}

void region_add(struct boot_info *info, const struct boot_region *added)
{
	for (unsigned int i = 0; i < info->region_count; i++) {
		struct boot_region *r = &info->regions[i];
		hpa_t end = MAX(r->start + r->size, added->start + added->size);

		if (r->type != added->type || !touches(r, added))
			continue;
		r->start = MIN(r->start, added->start);
		r->size = end - r->start;
		return;
	}
	if (info->region_count == BOOT_REGIONS_MAX)
		return replace_region(info, added);
	info->regions[info->region_count++] = *added;
}
