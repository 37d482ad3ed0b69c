/* SPDX-License-Identifier: MIT */
/*
 * Umbra's own page tables (SDM vol. 3A, 4.5); paging.h shows the address
 * space. They are built once, and only device mappings are added later. An
 * entry is never changed once it is present, so nothing is ever flushed.
 */
#include "arch/x86/cpu.h"
#include "arch/x86/cpuid.h"
#include "arch/x86/gdt.h"
#include "arch/x86/msr.h"
#include "arch/x86/paging.h"
#include "arch/x86/regs.h"
#include "arch/x86/frames.h"
#include "arch/x86/boot_info.h"
#include "lib/log.h"

#define TABLE_ENTRIES 512
#define TABLE_LEVELS 4

/* The image has the last addresses; the direct map has no less room. */
#define DEVICE_MAP_SIZE (BIT(46) - 4 * GIB)

/* The PC's video memory, which must not be cached. */
#define VIDEO_START 0xa0000
#define VIDEO_END 0xc0000

/*
 * The page-attribute table as after reset, except entry 1 (PWT alone): it is
 * write-combining here, in place of write-through (SDM vol. 3A, 11.12.2 to 4).
 */
#define PAT_WITH_COMBINING 0x0007040600070106
#define PTE_WRITE_COMBINING PTE_PWT

extern const u8 image_start[], image_text_end[], image_rodata_end[],
	image_end[];

hpa_t image_load_base;

static u64 *root;
static u64 nx; /* PTE_NX where the processor has it */
static bool huge_pages; /* of 1 GiB */

/*
 * Memory outside of the direct map: the frames of the image and of the
 * framebuffer.
 */
enum { HOLE_IMAGE, HOLE_FRAMEBUFFER, HOLES };

static struct {
	hpa_t start, end;
} holes[HOLES];

/* The size that an entry of a table at `level` (1: page table) maps, in bytes. */
static u64 level_size(int level)
{
	return PAGE_SIZE << (9 * (level - 1));
}

static u64 *new_table(void)
{
	u64 *table = frames_alloc(1);

	if (!table)
		panic("no memory for Umbra's own page tables");
	return table;
}

/* Maps one page of level_size(level), unless the address is mapped already. */
static void map_page(u64 virt, hpa_t hpa, u64 flags, int level)
{
	u64 *table = root;

	for (int l = TABLE_LEVELS;; l--) {
		u64 *entry = &table[virt / level_size(l) % TABLE_ENTRIES];

		if (l == level && !*entry) {
			*entry = hpa | flags | PTE_P | PTE_A | PTE_D;
			if (level > 1)
				*entry |= PTE_PS;
			return;
		}
		if (l == 1 || (*entry & PTE_PS))
			return;
		if (!*entry)
			*entry = virt_to_phys(new_table()) | PTE_P | PTE_W |
				 PTE_A;
		table = phys_to_virt(*entry & PTE_ADDR_MASK);
	}
}

/* Maps [hpa, end) at `virt`, by the largest pages up to `max_level`. */
static void map(u64 virt, hpa_t hpa, hpa_t end, u64 flags, int max_level)
{
	while (hpa < end) {
		int level = max_level;

		while (level > 1 && ((virt | hpa) % level_size(level) ||
				     end - hpa < level_size(level)))
			level--;
		map_page(virt, hpa, flags, level);
		virt += level_size(level);
		hpa += level_size(level);
	}
}

static void map_direct(hpa_t start, hpa_t end, u64 flags, int max_level)
{
	map(DIRECT_MAP_BASE + start, start, end, PTE_W | nx | flags, max_level);
}

/* Maps the range without the hole, by pages of 2 MiB at most. */
static void map_direct_around(hpa_t start, hpa_t end, hpa_t hole_start,
			      hpa_t hole_end)
{
	map_direct(start, MIN(end, MAX(start, hole_start)), 0, 2);
	map_direct(MAX(start, hole_end), end, 0, 2);
}

/*
 * Maps the first 4 GiB, without the image's frames and the framebuffer's, and
 * then the RAM above them. A large page must not span memory of different cache
 * types (SDM vol. 3A, 11.11.9): so the first 2 MiB have small pages, and below
 * 4 GiB, where the PC's devices are, no page has 1 GiB.
 */
static void map_all_memory(const struct boot_info *info)
{
	hpa_t fb_start = holes[HOLE_FRAMEBUFFER].start;
	hpa_t fb_end = holes[HOLE_FRAMEBUFFER].end;

	map(DEVICE_MAP_BASE + fb_start, fb_start, fb_end,
	    PTE_W | nx | PTE_WRITE_COMBINING, 2);

	map_direct(0, VIDEO_START, 0, 1);
	map_direct(VIDEO_START, VIDEO_END, PTE_PCD | PTE_PWT, 1);
	map_direct(VIDEO_END, 2 * MIB, 0, 1);
	map_direct_around(2 * MIB, holes[HOLE_IMAGE].start, fb_start, fb_end);
	map_direct_around(holes[HOLE_IMAGE].end, 4 * GIB, fb_start, fb_end);
	for (unsigned int i = 0; i < info->region_count; i++) {
		const struct boot_region *r = &info->regions[i];
		hpa_t start = ALIGN_DOWN(MAX(r->start, 4 * GIB), 2 * MIB);
		hpa_t end = MIN(r->start + r->size,
				DEVICE_MAP_BASE - DIRECT_MAP_BASE);

		if (r->type == BOOT_MEMORY_RAM)
			map_direct(start, ALIGN_UP(end, 2 * MIB), 0,
				   huge_pages ? 3 : 2);
	}
}

static void map_image_part(const void *start, const void *end, u64 flags)
{
	map((u64)start, virt_to_phys(start), virt_to_phys(end), flags, 1);
}

static void map_image(void)
{
	map_image_part(image_start, image_text_end, 0);
	map_image_part(image_text_end, image_rodata_end, nx);
	map_image_part(image_rodata_end, stacks, PTE_W | nx);
	for (unsigned int i = 0; i < STACK_COUNT; i++)
		map_image_part(stacks[i].bytes, &stacks[i] + 1, PTE_W | nx);
}

void paging_init(const struct boot_info *info, hpa_t fb_start, hpa_t fb_end)
{
	nx = cpu_has_nx() ? PTE_NX : 0;
	huge_pages = cpuid(CPUID_EXT_FEATURES, 0).edx & CPUID_EXT_EDX_PAGE1GB;
	root = new_table();
	holes[HOLE_IMAGE].start = image_load_base;
	holes[HOLE_IMAGE].end = virt_to_phys(image_end);
	holes[HOLE_FRAMEBUFFER].start = fb_start;
	holes[HOLE_FRAMEBUFFER].end = fb_end;
	map_all_memory(info);
	map_image();
	/* No mapping is write-through, so none changes its type here. */
	wrmsr(IA32_PAT, PAT_WITH_COMBINING);
	cr3_write(virt_to_phys(root));
}

/* The width is MAXPHYADDR: SDM vol. 3A, 4.1.4. */
bool paging_reaches(hpa_t hpa, u64 size)
{
	hpa_t end = MIN(BIT(cpuid(CPUID_ADDRESS_SIZE, 0).eax & 0xff),
			DEVICE_MAP_SIZE);

	return hpa < end && size <= end - hpa;
}

const void *paging_map_tables(hpa_t hpa, size_t size)
{
	hpa_t end = hpa + size;

	if (!paging_reaches(hpa, size))
		return NULL;
	for (size_t i = 0; i < ARRAY_SIZE(holes); i++)
		if (hpa < holes[i].end && holes[i].start < end)
			return NULL;
	/*
	 * map_page() skips pages that are mapped: all below 4 GiB, and RAM
	 * above.
	 */
	map_direct(ALIGN_DOWN(hpa, PAGE_SIZE), ALIGN_UP(end, PAGE_SIZE), 0, 1);
	return phys_to_virt(hpa);
}

volatile void *paging_map_device(hpa_t hpa, size_t size)
{
	hpa_t start = ALIGN_DOWN(hpa, PAGE_SIZE);

	if (!paging_reaches(hpa, size))
		return NULL;
	map(DEVICE_MAP_BASE + start, start, ALIGN_UP(hpa + size, PAGE_SIZE),
	    PTE_W | nx | PTE_PCD | PTE_PWT, 1);
	return (volatile void *)(DEVICE_MAP_BASE + hpa);
}
