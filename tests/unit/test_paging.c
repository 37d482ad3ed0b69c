/* SPDX-License-Identifier: MIT */
/*
 * Umbra's own page tables, with paging.c included. They are built in the heap,
 * whose addresses stand for their own physical ones, and walked here.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "arch/x86/cpu.h"
#include "arch/x86/cpuid.h"
#include "arch/x86/console/font.h"
#include "arch/x86/gdt.h"

/* In the place of arch/x86/paging.h, and of its instructions. */
#define ARCH_X86_PAGING_H
#define DIRECT_MAP_BASE 0xffff800000000000ULL
#define DEVICE_MAP_BASE 0xffffc00000000000ULL

#define LOAD_BASE 0x1fe00000ULL
#define TEXT_PAGES 2
#define RODATA_PAGES 1
#define DATA_PAGES 1
#define IMAGE_SIZE                                                             \
	((TEXT_PAGES + RODATA_PAGES + DATA_PAGES) * PAGE_SIZE +                \
	 STACK_COUNT * sizeof(struct guarded_stack))

/* The image as linker.ld lays it out; nothing of it is read. */
u8 image_area[IMAGE_SIZE] __attribute__((aligned(4096)));
asm(".globl image_start, image_text_end, image_rodata_end, stacks, image_end\n"
    ".set image_start, image_area\n"
    ".set image_text_end, image_area + 0x2000\n"
    ".set image_rodata_end, image_area + 0x3000\n"
    ".set stacks, image_area + 0x4000\n"
    ".set image_end, image_area + 0x4000 + 4 * 0x5000\n");

static void *phys_to_virt(hpa_t hpa)
{
	return (void *)hpa;
}

static hpa_t virt_to_phys(const volatile void *virt)
{
	u64 offset = (u64)virt - (u64)image_area;

	return offset <= IMAGE_SIZE ? LOAD_BASE + offset : (u64)virt;
}

/* framebuffer.c needs them, but nothing is drawn. */
const u8 font_glyphs[FONT_GLYPHS][FONT_HEIGHT];

static u64 cr3, pat;

/* The width of physical addresses, by CPUID. */
static u32 width = 46;

static struct cpuid_result fake_cpuid(u32 leaf, u32 subleaf)
{
	return (struct cpuid_result){
		.eax = leaf == CPUID_ADDRESS_SIZE ? width : 0,
	};
}

#define cpuid fake_cpuid
#define cr3_write(value) (cr3 = (value))
#define wrmsr(msr, value) (pat = (msr) == IA32_PAT ? (value) : pat)

extern hpa_t image_load_base;

#include "arch/x86/console/framebuffer.h"
#include "arch/x86/paging.c"

void *frames_alloc(size_t pages)
{
	void *table = aligned_alloc(PAGE_SIZE, pages * PAGE_SIZE);

	return memset(table, 0, pages * PAGE_SIZE);
}

bool cpu_has_nx(void)
{
	return true;
}

static struct boot_info info;

static void init_paging(void)
{
	hpa_t start, end;

	framebuffer_range(&info.framebuffer, &start, &end);
	paging_init(&info, start, end);
}

static void build_paging(hpa_t framebuffer)
{
	memset(&info, 0, sizeof(info));
	info.regions[0] = (struct boot_region){ 0, 512 * MIB, BOOT_MEMORY_RAM };
	info.regions[1] =
		(struct boot_region){ 4 * GIB, 2 * GIB, BOOT_MEMORY_RAM };
	info.region_count = 2;
	if (framebuffer)
		info.framebuffer = (struct boot_framebuffer){
			.type = BOOT_FRAMEBUFFER_PIXELS,
			.address = framebuffer,
			.pitch = 1366 * 4,
			.width = 1366,
			.height = 768,
			.bits_per_pixel = 32,
			.red = { 16, 8 },
			.green = { 8, 8 },
			.blue = { 0, 8 },
		};
	image_load_base = LOAD_BASE;
	init_paging();
	assert_true(cr3 == (u64)root);
}

static void drop_table(u64 *table, int level)
{
	for (int i = 0; level > 1 && i < TABLE_ENTRIES; i++)
		if ((table[i] & PTE_P) && !(table[i] & PTE_PS))
			drop_table(phys_to_virt(table[i] & PTE_ADDR_MASK),
				   level - 1);
	free(table);
}

static int drop(void **state)
{
	drop_table(root, TABLE_LEVELS);
	return 0;
}

/* Returns the leaf that maps the address to its own frame; 0: none. */
static u64 leaf_of(u64 virt)
{
	u64 *table = root;

	for (int level = TABLE_LEVELS;; level--) {
		u64 entry = table[virt / level_size(level) % TABLE_ENTRIES];

		if (!(entry & PTE_P))
			return 0;
		if (level == 1 || entry & PTE_PS)
			return (entry & ~(PTE_ADDR_MASK | PTE_PS)) |
			       (((entry & PTE_ADDR_MASK) |
				 virt % level_size(level)) &
				PAGE_MASK);
		table = phys_to_virt(entry & PTE_ADDR_MASK);
	}
}

#define LEAF_DATA (PTE_P | PTE_W | PTE_A | PTE_D | PTE_NX)

static void assert_direct(hpa_t hpa, u64 flags)
{
	assert_int_equal(leaf_of(DIRECT_MAP_BASE + hpa),
			 hpa | LEAF_DATA | flags);
}

static void test_direct_map(void **state)
{
	build_paging(0);
	assert_direct(0, 0);
	assert_direct(0xb8000, PTE_PCD | PTE_PWT);
	assert_direct(0xc0000, 0);
	assert_direct(0x12345000, 0);
	assert_direct(0xfee00000, 0);
	assert_direct(6 * GIB - PAGE_SIZE, 0);
	assert_int_equal(leaf_of(DIRECT_MAP_BASE + 6 * GIB), 0);
	assert_int_equal(leaf_of(0xb8000), 0);
}

/* Text can't be written, and writable memory not executed, by any address. */
static void test_image(void **state)
{
	u64 start = (u64)image_area;

	build_paging(0);
	assert_int_equal(leaf_of(start), LOAD_BASE | PTE_P | PTE_A | PTE_D);
	assert_int_equal(leaf_of(start + 0x2000),
			 (LOAD_BASE + 0x2000) | PTE_P | PTE_A | PTE_D | PTE_NX);
	assert_int_equal(leaf_of(start + 0x3000),
			 (LOAD_BASE + 0x3000) | LEAF_DATA);
	assert_int_equal(leaf_of(start + 0x4000), 0); /* a stack's guard page */
	assert_int_equal(leaf_of(start + 0x5000),
			 (LOAD_BASE + 0x5000) | LEAF_DATA);
	for (u64 offset = 0; offset < IMAGE_SIZE; offset += PAGE_SIZE)
		assert_int_equal(leaf_of(DIRECT_MAP_BASE + LOAD_BASE + offset),
				 0);
	assert_direct(LOAD_BASE - PAGE_SIZE, 0);
	assert_direct(LOAD_BASE + IMAGE_SIZE, 0);
}

/* All of it is mapped, write-combining, and has no other mapping. */
static void framebuffer_at(hpa_t start)
{
	hpa_t end;

	build_paging(start);
	end = ALIGN_UP(start + info.framebuffer.pitch * info.framebuffer.height,
		       PAGE_SIZE);
	for (hpa_t hpa = start; hpa < end; hpa += PAGE_SIZE) {
		assert_int_equal(leaf_of(DEVICE_MAP_BASE + hpa),
				 hpa | LEAF_DATA | PTE_WRITE_COMBINING);
		assert_int_equal(leaf_of(DIRECT_MAP_BASE + hpa), 0);
	}
	assert_int_equal(leaf_of(DEVICE_MAP_BASE + end), 0);
	assert_int_equal(leaf_of(DEVICE_MAP_BASE + start - PAGE_SIZE), 0);
	/* PWT alone is entry 1: WC. The two others in use are WB and UC. */
	assert_int_equal(PTE_WRITE_COMBINING, PTE_PWT);
	assert_int_equal((u8)(pat >> 8), 0x01);
	assert_int_equal((u8)pat, 0x06);
	assert_int_equal((u8)(pat >> 24), 0x00);
}

static void test_framebuffer_low(void **state)
{
	framebuffer_at(0xc0000000);
	assert_direct(0xc0000000 - PAGE_SIZE, 0);
	assert_direct(0xc0500000, 0);
}

/* A framebuffer not at a multiple of 2 MiB, and before the image. */
static void test_framebuffer_odd(void **state)
{
	framebuffer_at(0x10003000);
}

static void test_framebuffer_high(void **state)
{
	framebuffer_at(0x4000000000);
	assert_direct(0xc0000000, 0);
}

/* A framebuffer on which Umbra can't draw is mapped like other devices. */
static void test_framebuffer_bad(void **state)
{
	build_paging(0);
	info.framebuffer.type = BOOT_FRAMEBUFFER_INDEXED;
	info.framebuffer.address = 0xc0000000;
	drop(state);
	init_paging();
	assert_direct(0xc0000000, 0);
	assert_int_equal(leaf_of(DEVICE_MAP_BASE + 0xc0000000), 0);
}

static void test_device(void **state)
{
	build_paging(0);
	assert_true((u64)paging_map_device(0xfee00ff0, 0x20) ==
		    DEVICE_MAP_BASE + 0xfee00ff0);
	assert_int_equal(leaf_of(DEVICE_MAP_BASE + 0xfee00000),
			 0xfee00000 | LEAF_DATA | PTE_PCD | PTE_PWT);
	assert_int_equal(leaf_of(DEVICE_MAP_BASE + 0xfee01000),
			 0xfee01000 | LEAF_DATA | PTE_PCD | PTE_PWT);
	assert_int_equal(leaf_of(DEVICE_MAP_BASE + 0xfee02000), 0);
}

/* An address beyond the processor's width is a reserved bit in an entry. */
static void test_reach(void **state)
{
	build_paging(0);
	width = 39;
	assert_non_null(paging_map_device(BIT(39) - 8, 8));
	assert_null(paging_map_device(BIT(39) - 8, 9));
	assert_null(paging_map_device(BIT(44), 8));
	assert_null(paging_map_device(~0ULL, 8));
	assert_int_equal(leaf_of(DEVICE_MAP_BASE + BIT(44)), 0);
	assert_null(paging_map_tables(BIT(39) - 8, 36));
	/* The device map ends where the image's address is. */
	width = 52;
	assert_non_null(paging_map_device(BIT(44), 8));
	assert_null(paging_map_device(BIT(46) - 4 * GIB, 8));
	width = 46;
}

/* The firmware's tables are read at their place, but not by an alias. */
static void test_tables(void **state)
{
	static const hpa_t denied[][2] = {
		{ LOAD_BASE + 8, 36 },
		{ LOAD_BASE - 1, 2 },
		{ LOAD_BASE + IMAGE_SIZE - 1, 36 },
		{ 0xc0000000, 36 },
		{ ~0ULL - 8, 36 },
		{ DEVICE_MAP_BASE - DIRECT_MAP_BASE, 1 },
	};

	build_paging(0xc0000000);
	assert_true((u64)paging_map_tables(0x1000, 36) ==
		    (u64)phys_to_virt(0x1000));
	assert_direct(0x1000, 0);
	assert_true((u64)paging_map_tables(7 * GIB + 0xff0, 36) ==
		    (u64)phys_to_virt(7 * GIB + 0xff0));
	assert_direct(7 * GIB, 0);
	assert_direct(7 * GIB + 0x1000, 0);
	assert_int_equal(leaf_of(DIRECT_MAP_BASE + 7 * GIB + 0x2000), 0);
	for (size_t i = 0; i < ARRAY_SIZE(denied); i++)
		assert_null(paging_map_tables(denied[i][0], denied[i][1]));
	assert_non_null(paging_map_tables(LOAD_BASE - 36, 36));
	assert_non_null(paging_map_tables(LOAD_BASE + IMAGE_SIZE, 36));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(test_direct_map, drop),
		cmocka_unit_test_teardown(test_image, drop),
		cmocka_unit_test_teardown(test_framebuffer_low, drop),
		cmocka_unit_test_teardown(test_framebuffer_odd, drop),
		cmocka_unit_test_teardown(test_framebuffer_high, drop),
		cmocka_unit_test_teardown(test_framebuffer_bad, drop),
		cmocka_unit_test_teardown(test_device, drop),
		cmocka_unit_test_teardown(test_reach, drop),
		cmocka_unit_test_teardown(test_tables, drop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
