/* SPDX-License-Identifier: MIT */
/*
 * The frame bitmap, with memory.c included: its "physical" memory is a heap
 * block for the few addresses that it accesses.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/types.h"

/* In the place of arch/x86/paging.h. */
#define ARCH_X86_PAGING_H
#define DIRECT_MAP_BASE 0xffff800000000000ULL
#define DEVICE_MAP_BASE 0xffffc00000000000ULL

static u8 *ram; /* of RAM_SIZE, for host-physical addresses below */
#define RAM_SIZE (64 * MIB)

static void *phys_to_virt(hpa_t hpa)
{
	assert_true(hpa < RAM_SIZE);
	return ram + hpa;
}

#include "arch/x86/frames.c"

static struct boot_info info;

#define IMAGE_START (16 * MIB)
#define IMAGE_END (16 * MIB + 40 * KIB)

static int setup(void **state)
{
	ram = aligned_alloc(PAGE_SIZE, RAM_SIZE);
	memset(ram, 0xcc, RAM_SIZE);
	memset(&info, 0, sizeof(info));
	return 0;
}

static int teardown(void **state)
{
	free(ram);
	return 0;
}

static void add_region(hpa_t start, u64 size, u32 type)
{
	info.regions[info.region_count++] =
		(struct boot_region){ start, size, type };
}

static bool init_frames(void)
{
	return frames_init(&info, IMAGE_START, IMAGE_END);
}

/* True only once for each frame, since it is allocated by that. */
static bool claim_at(hpa_t hpa)
{
	return frames_claim(hpa >> PAGE_SHIFT);
}

static void usual_map(void)
{
	/* Unsorted, overlapping, and ragged at the edges. */
	add_region(1 * MIB, 63 * MIB - 0x800, BOOT_MEMORY_RAM);
	add_region(0x400, 0x9f800, BOOT_MEMORY_RAM);
	add_region(8 * MIB + 0x10, 0x10, BOOT_MEMORY_BAD);
	add_region(20 * MIB, 1 * MIB, BOOT_MEMORY_ACPI);
	add_region(20 * MIB, 4 * MIB, BOOT_MEMORY_RAM);
	info.start = 0x10400;
	info.size = 0x1000;
	info.modules[0] =
		(struct boot_module){ 32 * MIB, 33 * MIB + 1, "kernel" };
	info.module_count = 1;
}

static void test_map(void **state)
{
	usual_map();
	assert_true(init_frames());
	assert_int_equal(frames_top(), 64 * MIB - PAGE_SIZE);
	assert_false(claim_at(0)); /* the BIOS's data */
	assert_true(claim_at(0x1000));
	assert_false(claim_at(0x10000)); /* the information, in two frames */
	assert_false(claim_at(0x11000));
	assert_true(claim_at(0x12000));
	assert_true(claim_at(0x7f000));
	assert_false(claim_at(0x80000));
	assert_false(claim_at(0xff000));
	assert_true(claim_at(MIB));
	assert_false(claim_at(8 * MIB)); /* 16 bad bytes spoil the frame */
	assert_true(claim_at(8 * MIB + PAGE_SIZE));
	assert_false(claim_at(IMAGE_START));
	assert_false(claim_at(IMAGE_END - 1));
	assert_true(claim_at(IMAGE_END));
	assert_false(claim_at(20 * MIB)); /* ACPI, though RAM as well */
	assert_true(claim_at(21 * MIB));
	assert_false(claim_at(32 * MIB));
	assert_false(claim_at(33 * MIB)); /* its one last byte */
	assert_true(claim_at(33 * MIB + PAGE_SIZE));
	assert_false(claim_at(64 * MIB - PAGE_SIZE)); /* half a frame */
	assert_false(claim_at(64 * MIB));
	assert_false(frames_claim(HFN_NONE));
}

static void test_symbols(void **state)
{
	static struct elf64_section sections[3];

	sections[1] = (struct elf64_section){ .type = ELF_SECTION_SYMTAB,
					      .address = 40 * MIB,
					      .size = 100,
					      .link = 2 };
	sections[2] = (struct elf64_section){ .address = 41 * MIB, .size = 1 };
	usual_map();
	info.elf = (struct boot_elf){ sections, 3, sizeof(sections[0]) };
	assert_true(init_frames());
	assert_false(claim_at(40 * MIB));
	assert_false(claim_at(41 * MIB));
	assert_true(claim_at(42 * MIB));

	sections[1].link = 3; /* no such section */
	assert_true(init_frames());
	assert_true(claim_at(40 * MIB));
}

/* All that is allocated is zeroed, was free, is free no more, and disjoint. */
static void test_alloc(void **state)
{
	static const u8 zeros[PAGE_SIZE * 3];
	u64 before;
	u8 *a, *b, *c;

	usual_map();
	assert_true(init_frames());
	before = frames_free_count();
	a = frames_alloc(1);
	b = frames_alloc(3);
	c = frames_alloc(1);
	assert_non_null(a);
	assert_non_null(b);
	assert_non_null(c);
	assert_int_equal(frames_free_count(), before - 5);
	assert_memory_equal(a, zeros, PAGE_SIZE);
	assert_memory_equal(b, zeros, 3 * PAGE_SIZE);
	assert_true(a > b && b > c); /* from the top */
	assert_true(a - b >= (long)(3 * PAGE_SIZE));
	assert_false(claim_at((hpa_t)(a - ram)));
	assert_null(frames_alloc(0));
	assert_null(frames_alloc(1 << 20));
	assert_int_equal(frames_free_count(), before - 5);
}

static void test_exhaustion(void **state)
{
	u64 frames;

	usual_map();
	assert_true(init_frames());
	frames = frames_free_count();
	for (u64 i = 0; i < frames; i += 2) {
		assert_non_null(frames_alloc(1));
		if (i + 1 < frames)
			assert_true(frames_claim_any() != HFN_NONE);
	}
	assert_int_equal(frames_free_count(), 0);
	assert_null(frames_alloc(1));
	assert_true(frames_claim_any() == HFN_NONE);
}

/* Frames that were taken before stay taken, and the rest is handed out again. */
static void test_restore(void **state)
{
	u64 before;
	u8 *kept, *lent;

	usual_map();
	assert_true(init_frames());
	kept = frames_alloc(1);
	assert_true(frames_save());
	before = frames_free_count();
	for (int i = 0; i < 2; i++) {
		lent = frames_alloc(1);
		assert_true(frames_claim_any() != HFN_NONE);
		assert_true(frames_claim(MIB >> PAGE_SHIFT));
		frames_restore();
		assert_int_equal(frames_free_count(), before);
	}
	assert_ptr_equal(frames_alloc(1), lent);
	assert_true(claim_at(MIB));
	assert_false(claim_at((hpa_t)(kept - ram)));
}

static void test_claim(void **state)
{
	usual_map();
	assert_true(init_frames());
	assert_true(frames_claim(MIB >> PAGE_SHIFT));
	assert_false(frames_claim(MIB >> PAGE_SHIFT));
	assert_false(claim_at(MIB));
	assert_false(frames_claim(0));
	assert_false(frames_claim(1ULL << 52));
}

/* RAM above 4 GiB: for guests first, for Umbra when nothing else is left. */
static void test_high(void **state)
{
	hfn_t high;

	add_region(4 * MIB, 4 * MIB, BOOT_MEMORY_RAM);
	add_region(4 * GIB, 2 * MIB, BOOT_MEMORY_RAM);
	assert_true(init_frames());
	assert_int_equal(frames_top(), 4 * GIB + 2 * MIB);
	high = frames_claim_any();
	assert_true(high == (4 * GIB + 2 * MIB - 1) >> PAGE_SHIFT);
	assert_true(frames_alloc(1) < (void *)(ram + 8 * MIB));
}

/*
 * Modules move up, each unchanged, whatever lies between; the frames that they
 * leave are free, except one in which another module has a byte.
 */
static void test_modules(void **state)
{
	usual_map();
	add_region(62 * MIB, 4 * KIB, BOOT_MEMORY_RESERVED);
	/*
	 * It begins in the last frame of the first, and stays: it is too big.
	 */
	info.modules[1] = (struct boot_module){ 33 * MIB + 2, 55 * MIB, "big" };
	info.modules[2] = (struct boot_module){ 2 * MIB, 2 * MIB + 5, "tiny" };
	info.module_count = 3;
	memset(ram + 32 * MIB, 0x11, MIB + 1);
	memset(ram + 33 * MIB + 2, 0x22, 22 * MIB - 2);
	memset(ram + 2 * MIB, 0x33, 5);
	frames_raise_modules(&info, IMAGE_START, IMAGE_END);

	assert_int_equal(info.modules[0].start,
			 64 * MIB - PAGE_SIZE - (MIB + PAGE_SIZE));
	assert_int_equal(info.modules[0].end - info.modules[0].start, MIB + 1);
	assert_int_equal(info.modules[1].start, 33 * MIB + 2);
	assert_int_equal(info.modules[1].end, 55 * MIB);
	assert_int_equal(info.modules[2].start,
			 info.modules[0].start - PAGE_SIZE);
	for (u64 i = 0; i <= MIB; i++)
		assert_int_equal(ram[info.modules[0].start + i], 0x11);
	for (u64 i = info.modules[1].start; i < info.modules[1].end; i++)
		assert_int_equal(ram[i], 0x22);
	for (u64 i = 0; i < 5; i++)
		assert_int_equal(ram[info.modules[2].start + i], 0x33);

	assert_true(init_frames());
	assert_true(claim_at(2 * MIB));
	assert_true(claim_at(32 * MIB));
	assert_false(claim_at(33 * MIB));
	for (unsigned int i = 0; i < info.module_count; i++)
		assert_false(claim_at(info.modules[i].start));
}

/* A module that lies higher than any free place for it stays. */
static void test_high_module(void **state)
{
	usual_map();
	info.modules[0] = (struct boot_module){ 63 * MIB, 64 * MIB - PAGE_SIZE,
						"kernel" };
	frames_raise_modules(&info, IMAGE_START, IMAGE_END);
	assert_int_equal(info.modules[0].start, 63 * MIB);
	assert_int_equal(info.modules[0].end, 64 * MIB - PAGE_SIZE);
}

static void test_nothing(void **state)
{
	assert_false(init_frames()); /* an empty map */
	add_region(0, MIB, BOOT_MEMORY_RAM);
	add_region(0, MIB, BOOT_MEMORY_RESERVED);
	assert_false(init_frames());
	info.region_count = 0;
	add_region(0x200, 0x400, BOOT_MEMORY_RAM); /* not one frame */
	assert_false(init_frames());
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_map, setup, teardown),
		cmocka_unit_test_setup_teardown(test_symbols, setup, teardown),
		cmocka_unit_test_setup_teardown(test_alloc, setup, teardown),
		cmocka_unit_test_setup_teardown(test_exhaustion, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_restore, setup, teardown),
		cmocka_unit_test_setup_teardown(test_claim, setup, teardown),
		cmocka_unit_test_setup_teardown(test_high, setup, teardown),
		cmocka_unit_test_setup_teardown(test_modules, setup, teardown),
		cmocka_unit_test_setup_teardown(test_high_module, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_nothing, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
