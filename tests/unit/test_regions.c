/* SPDX-License-Identifier: MIT */
/* The list of the machine's memory: regions merge, and the largest RAM stays. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "boot/regions.h"

static struct boot_info info;

static int setup(void **state)
{
	memset(&info, 0, sizeof(info));
	return 0;
}

static void add_region(u64 start, u64 size, u32 type)
{
	region_add(&info, &(struct boot_region){ start, size, type });
}

static const struct boot_region *region_at(u64 start)
{
	for (unsigned int i = 0; i < info.region_count; i++)
		if (info.regions[i].start == start)
			return &info.regions[i];
	return NULL;
}

/* Regions of one type that touch become one region. */
static void test_merge(void **state)
{
	for (u32 i = 0; i <= BOOT_REGIONS_MAX; i++)
		add_region(i * 0x1000, 0x1000, BOOT_MEMORY_RAM);
	add_region(0x200000, 0x3000, BOOT_MEMORY_ACPI);
	add_region(0x201000, 0x1000, BOOT_MEMORY_ACPI);
	add_region(0x204000, 0x1000, BOOT_MEMORY_ACPI);
	add_region(0x1ff000, 0x1000, BOOT_MEMORY_NVS);
	assert_int_equal(info.region_count, 4);
	assert_int_equal(region_at(0)->size, (BOOT_REGIONS_MAX + 1) * 0x1000);
	assert_int_equal(region_at(0x200000)->size, 0x3000);
	assert_int_equal(region_at(0x204000)->size, 0x1000);
	assert_int_equal(region_at(0x1ff000)->type, BOOT_MEMORY_NVS);
	assert_int_equal(info.regions_lost, 0);
}

/* A region may grow at its start. */
static void test_merge_below(void **state)
{
	add_region(0x5000, 0x1000, BOOT_MEMORY_RAM);
	add_region(0x3000, 0x2000, BOOT_MEMORY_RAM);
	assert_int_equal(info.region_count, 1);
	assert_int_equal(region_at(0x3000)->size, 0x3000);
}

/* Number @i of the regions with gaps between them, of @pages pages. */
#define PLACE(i) ((i)*0x100000ULL)
static void add_gapped(u32 i, u32 pages, u32 type)
{
	add_region(PLACE(i), pages * 0x1000ULL, type);
}

static void test_largest_stay(void **state)
{
	for (u32 i = 0; i < BOOT_REGIONS_MAX; i++)
		add_gapped(i, i == 7 ? 3 : 20, BOOT_MEMORY_RAM);
	add_gapped(BOOT_REGIONS_MAX, 10, BOOT_MEMORY_RAM);
	add_gapped(BOOT_REGIONS_MAX + 1, 5, BOOT_MEMORY_RAM);
	add_gapped(BOOT_REGIONS_MAX, 2, BOOT_MEMORY_RESERVED); /* on RAM */
	add_gapped(BOOT_REGIONS_MAX + 9, 2, BOOT_MEMORY_RESERVED); /* on none */
	assert_int_equal(info.region_count, BOOT_REGIONS_MAX);
	/* The smallest have 3 and 5 pages; 10 go for the reserved region. */
	assert_null(region_at(PLACE(7)));
	assert_null(region_at(PLACE(BOOT_REGIONS_MAX + 1)));
	assert_null(region_at(PLACE(BOOT_REGIONS_MAX + 9)));
	assert_int_equal(region_at(PLACE(BOOT_REGIONS_MAX))->type,
			 BOOT_MEMORY_RESERVED);
	assert_int_equal(info.regions_lost, 3);
	assert_int_equal(info.ram_lost, (3 + 5 + 10) * 0x1000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_merge, setup),
		cmocka_unit_test_setup(test_merge_below, setup),
		cmocka_unit_test_setup(test_largest_stay, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
