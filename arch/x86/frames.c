/* SPDX-License-Identifier: MIT */
/*
 * A bitmap has a set bit for each free frame. It lies in RAM itself, so its own
 * place must be found before the bitmap exists: a short list of the taken
 * ranges serves for this.
 */
#include "arch/x86/paging.h"
#include "arch/x86/frames.h"
#include "arch/x86/boot_symbols.h"
#include "lib/page.h"
#include "lib/string.h"

#define WORD_BITS 64

/* The first page holds the BIOS's data, which a guest may need unchanged. */
#define BIOS_DATA_END PAGE_SIZE
/* The extended BIOS data area, 128 KiB at most, the video memory, the ROMs. */
#define LEGACY_START 0x80000
#define LEGACY_END 0x100000

struct range {
	hpa_t start, end; /* end: the first byte after it */
};

/*
 * BIOS data, legacy area, image, information, symbols and their names, and the
 * bitmap.
 */
#define FIXED_RANGES 7

static struct {
	u64 *free, *saved;
	u64 words; /* of the bitmap */
	u64 free_frames, saved_frames;
	hfn_t frames; /* below frames_top */
	hfn_t alloc_hint, claim_hint; /* every higher frame is taken */
	struct range taken[FIXED_RANGES + 2 * BOOT_MODULES_MAX +
			   BOOT_REGIONS_MAX]; /* modules: from and to */
	unsigned int taken_count;
} memory;

static bool is_free(hfn_t hfn)
{
	return hfn < memory.frames &&
	       memory.free[hfn / WORD_BITS] & BIT(hfn % WORD_BITS);
}

static void set_free(hfn_t hfn, bool free)
{
	if (hfn >= memory.frames || is_free(hfn) == free)
		return;
	memory.free[hfn / WORD_BITS] ^= BIT(hfn % WORD_BITS);
	memory.free_frames += free ? 1 : -1ULL;
}

static void mark_taken(hpa_t start, hpa_t end)
{
	if (start < end && memory.taken_count < ARRAY_SIZE(memory.taken))
		memory.taken[memory.taken_count++] =
			(struct range){ start, end };
}

static void list_taken(const struct boot_info *info, hpa_t image_start,
		       hpa_t image_end)
{
	struct elf64_section table, strings;

	memory.taken_count = 0;
	mark_taken(0, BIOS_DATA_END);
	mark_taken(LEGACY_START, LEGACY_END);
	mark_taken(image_start, image_end);
	mark_taken(info->start, info->start + info->size);
	if (boot_symbols(&info->elf, &table, &strings)) {
		mark_taken(table.address, table.address + table.size);
		mark_taken(strings.address, strings.address + strings.size);
	}
	for (unsigned int i = 0; i < info->module_count; i++)
		mark_taken(info->modules[i].start, info->modules[i].end);
	for (unsigned int i = 0; i < info->region_count; i++) {
		const struct boot_region *r = &info->regions[i];

		if (r->type != BOOT_MEMORY_RAM)
			mark_taken(r->start, r->start + r->size);
	}
}

/* The highest place for `size` bytes in [start, end); 0 if there is none. */
static hpa_t highest_gap(hpa_t start, hpa_t end, u64 size)
{
	bool moved;

	do {
		moved = false;
		if (end < start || end - start < size)
			return 0;
		for (unsigned int i = 0; i < memory.taken_count; i++) {
			const struct range *t = &memory.taken[i];

			if (t->start < end && t->end > end - size) {
				end = ALIGN_DOWN(t->start, PAGE_SIZE);
				moved = true;
			}
			if (end < start || end - start < size)
				return 0;
		}
	} while (moved);
	return end - size;
}

/*
 * The highest place below 4 GiB for `size` bytes, whole pages, that is RAM and
 * not taken; 0 if there is none. Above 4 GiB nothing is mapped yet.
 */
static hpa_t place(const struct boot_info *info, u64 size)
{
	hpa_t best = 0;

	for (unsigned int i = 0; i < info->region_count; i++) {
		const struct boot_region *r = &info->regions[i];
		hpa_t start = ALIGN_UP(r->start, PAGE_SIZE);
		hpa_t end = MIN(r->start + r->size, 4 * GIB);

		if (r->type == BOOT_MEMORY_RAM)
			best = MAX(best, highest_gap(start,
						     ALIGN_DOWN(end, PAGE_SIZE),
						     size));
	}
	return best;
}

static hfn_t count_frames(const struct boot_info *info)
{
	hfn_t frames = 0;

	for (unsigned int i = 0; i < info->region_count; i++) {
		const struct boot_region *r = &info->regions[i];
		hpa_t end = MIN(r->start + r->size,
				DEVICE_MAP_BASE - DIRECT_MAP_BASE);

		if (r->type == BOOT_MEMORY_RAM)
			frames = MAX(frames, end >> PAGE_SHIFT);
	}
	return frames;
}

/*
 * A module's new place is in no taken range, and the taken ranges have the old
 * and the new place of every module: so no copy overlaps a module.
 */
void frames_raise_modules(struct boot_info *info, hpa_t image_start,
			  hpa_t image_end)
{
	list_taken(info, image_start, image_end);
	for (unsigned int i = 0; i < info->module_count; i++) {
		struct boot_module *module = &info->modules[i];
		u64 size = module->end - module->start;
		hpa_t start = place(info, ALIGN_UP(size, PAGE_SIZE));

		if (start <= module->start || module->end > 4 * GIB)
			continue;
		memcpy(phys_to_virt(start), phys_to_virt(module->start), size);
		module->start = start;
		module->end = start + size;
		mark_taken(start, start + size);
	}
}

static void reset_hints(void)
{
	memory.alloc_hint = MIN(memory.frames, (4 * GIB) >> PAGE_SHIFT);
	memory.claim_hint = memory.frames;
}

bool frames_init(const struct boot_info *info, hpa_t image_start,
		 hpa_t image_end)
{
	hpa_t bitmap;
	u64 size;

	memset(&memory, 0, sizeof(memory));
	memory.frames = count_frames(info);
	memory.words = (memory.frames + WORD_BITS - 1) / WORD_BITS;
	size = ALIGN_UP(memory.words * sizeof(u64), PAGE_SIZE);
	list_taken(info, image_start, image_end);
	bitmap = size ? place(info, size) : 0;
	if (!bitmap)
		return false;
	mark_taken(bitmap, bitmap + size);
	memory.free = phys_to_virt(bitmap);
	memset(memory.free, 0, size);

	/*
	 * Whole frames of RAM are free, except those with a byte that is taken.
	 */
	for (unsigned int i = 0; i < info->region_count; i++) {
		const struct boot_region *r = &info->regions[i];
		hfn_t hfn = ALIGN_UP(r->start, PAGE_SIZE) >> PAGE_SHIFT;
		hfn_t end =
			MIN((r->start + r->size) >> PAGE_SHIFT, memory.frames);

		if (r->type == BOOT_MEMORY_RAM)
			for (; hfn < end; hfn++)
				set_free(hfn, true);
	}
	for (unsigned int i = 0; i < memory.taken_count; i++) {
		const struct range *t = &memory.taken[i];

		for (hfn_t hfn = t->start >> PAGE_SHIFT;
		     hfn < memory.frames && hfn <= (t->end - 1) >> PAGE_SHIFT;
		     hfn++)
			set_free(hfn, false);
	}
	reset_hints();
	return true;
}

/* The highest run of `pages` free frames in [low, high); HFN_NONE: none. */
static hfn_t find_run(hfn_t low, hfn_t high, size_t pages)
{
	size_t run = 0;

	for (hfn_t hfn = high; hfn-- > low;) {
		run = is_free(hfn) ? run + 1 : 0;
		if (run == pages)
			return hfn;
	}
	return HFN_NONE;
}

void *frames_alloc(size_t pages)
{
	hfn_t boundary = MIN(memory.frames, (4 * GIB) >> PAGE_SHIFT);
	hfn_t hfn;
	void *p;

	if (!pages)
		return NULL;
	hfn = find_run(0, memory.alloc_hint, pages);
	if (hfn == HFN_NONE)
		hfn = find_run(boundary, memory.frames, pages);
	else if (pages == 1)
		memory.alloc_hint = hfn;
	if (hfn == HFN_NONE)
		return NULL;
	for (size_t i = 0; i < pages; i++)
		set_free(hfn + i, false);
	p = phys_to_virt(hfn << PAGE_SHIFT);
	clear_pages(p, pages);
	return p;
}

bool frames_claim(hfn_t hfn)
{
	if (!is_free(hfn))
		return false;
	set_free(hfn, false);
	return true;
}

hfn_t frames_claim_any(void)
{
	hfn_t hfn = find_run(0, memory.claim_hint, 1);

	if (hfn == HFN_NONE)
		return HFN_NONE;
	memory.claim_hint = hfn;
	set_free(hfn, false);
	return hfn;
}

bool frames_save(void)
{
	size_t size = memory.words * sizeof(u64);
	u64 *copy = frames_alloc(ALIGN_UP(size, PAGE_SIZE) / PAGE_SIZE);

	if (!copy)
		return false;
	memcpy(copy, memory.free, size);
	memory.saved = copy;
	memory.saved_frames = memory.free_frames;
	return true;
}

void frames_restore(void)
{
	memcpy(memory.free, memory.saved, memory.words * sizeof(u64));
	memory.free_frames = memory.saved_frames;
	reset_hints();
}

u64 frames_top(void)
{
	return memory.frames << PAGE_SHIFT;
}

u64 frames_free_count(void)
{
	return memory.free_frames;
}
