/* SPDX-License-Identifier: MIT */
/* The guest's memory: identity, relocation, holes, the memory map. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "guest/memory.h"
#include "tests/unit/fault_text.h"

#define FRAMES 1024 /* the machine: 4 MiB */

static u8 ram[FRAMES][PAGE_SIZE] __attribute__((aligned(PAGE_SIZE)));
static bool taken[FRAMES];
static bool pretend; /* claims beyond the machine's RAM succeed, too */
static void *table;

static bool claim(hfn_t hfn)
{
	if (hfn >= FRAMES)
		return pretend;
	if (taken[hfn])
		return false;
	taken[hfn] = true;
	return true;
}

static hfn_t claim_any(void)
{
	for (hfn_t hfn = FRAMES; hfn-- > 0;) {
		if (claim(hfn))
			return hfn;
	}
	return HFN_NONE;
}

static void *alloc(size_t pages)
{
	free(table);
	table = calloc(pages, PAGE_SIZE);
	return table;
}

static void *map(hfn_t hfn)
{
	assert_true(hfn < FRAMES || pretend);
	return ram[hfn % FRAMES];
}

static const struct guest_memory_ops ops = { claim, claim_any, alloc, map };

static int setup(void **state)
{
	memset(ram, 0xee, sizeof(ram));
	memset(taken, 0, sizeof(taken));
	pretend = false;
	return 0;
}

static int teardown(void **state)
{
	free(table);
	table = NULL;
	return 0;
}

static void identity_with_a_hole(void **state)
{
	struct guest_memory gm;
	u8 byte = 1;

	assert_fault(guest_memory_init(&gm, &ops, 2 * MIB + 5),
		     GUEST_MEMORY_OK);
	assert_int_equal(gm.gfn_count, 512);
	assert_int_equal(gm.relocated, 0);
	assert_int_equal(guest_memory_hfn(&gm, 0x9f), 0x9f);
	assert_true(guest_memory_hfn(&gm, 0xa0) == HFN_NONE);
	assert_true(guest_memory_hfn(&gm, 0xb7) == HFN_NONE);
	assert_int_equal(guest_memory_hfn(&gm, 0xb8), 0xb8);
	assert_int_equal(guest_memory_hfn(&gm, 0xbf), 0xbf);
	assert_int_equal(guest_memory_hfn(&gm, 0xc0), 0xc0);
	assert_int_equal(guest_memory_hfn(&gm, 511), 511);
	assert_true(guest_memory_hfn(&gm, 512) == HFN_NONE);
	assert_true(guest_memory_hfn(&gm, ~0ULL >> PAGE_SHIFT) == HFN_NONE);

	assert_true(guest_memory_read(&gm, 2 * MIB - 1, &byte, 1));
	assert_int_equal(byte, 0);
	assert_null(guest_memory_map(&gm, 2 * MIB));
	/* The frames of the hole stay the machine's. */
	assert_false(taken[0xa0]);
}

static void frames_in_use_are_replaced(void **state)
{
	struct guest_memory gm;
	char text[] = "across two pages that are no neighbours";
	char back[sizeof(text)];

	taken[0x100] = true;
	taken[0x180] = true;
	assert_fault(guest_memory_init(&gm, &ops, 2 * MIB), GUEST_MEMORY_OK);
	assert_int_equal(gm.relocated, 2);
	assert_int_equal(guest_memory_hfn(&gm, 0x100), FRAMES - 1);
	assert_int_equal(guest_memory_hfn(&gm, 0x180), FRAMES - 2);

	assert_true(guest_memory_write(&gm, 0x100ff0, text, sizeof(text)));
	assert_true(guest_memory_read(&gm, 0x100ff0, back, sizeof(back)));
	assert_string_equal(back, text);
	assert_memory_equal(&ram[FRAMES - 1][0xff0], text, 16);
	assert_memory_equal(&ram[0x101][0], text + 16, sizeof(text) - 16);
	assert_int_equal(ram[0x100][0], 0xee);
}

static void a_frame_is_moved(void **state)
{
	struct guest_memory gm;
	char text[] = "moved", back[sizeof(text)];

	assert_fault(guest_memory_init(&gm, &ops, 2 * MIB), GUEST_MEMORY_OK);
	assert_true(guest_memory_write(&gm, 0x100ffa, text, sizeof(text)));
	guest_memory_move(&gm, 0x100, FRAMES - 1);
	assert_int_equal(guest_memory_hfn(&gm, 0x100), FRAMES - 1);
	assert_memory_equal(&ram[FRAMES - 1][0xffa], text, sizeof(text));
	/* A write to the old frame does not reach the guest. */
	memset(ram[0x100], 0xee, PAGE_SIZE);
	assert_true(guest_memory_read(&gm, 0x100ffa, back, sizeof(back)));
	assert_string_equal(back, text);
	guest_memory_move(&gm, 0x100, 0x100);
	assert_memory_equal(&ram[0x100][0xffa], text, sizeof(text));
}

static void ranges_that_leave_ram(void **state)
{
	struct guest_memory gm;
	u8 buf[16] = { 0 };

	assert_fault(guest_memory_init(&gm, &ops, 2 * MIB), GUEST_MEMORY_OK);
	assert_false(guest_memory_write(&gm, 0x9fff8, buf, 16));
	assert_false(guest_memory_read(&gm, 2 * MIB - 8, buf, 16));
	assert_false(guest_memory_read(&gm, ~7ULL, buf, 16));
	assert_true(guest_memory_read(&gm, 2 * MIB - 16, buf, 16));
}

static void a_device_moves(void **state)
{
	const gpa_t nowhere = ~0ULL, device = 0xfee00000, ram_page = 0x100000;
	struct guest_memory gm;

	assert_fault(guest_memory_init(&gm, &ops, 2 * MIB), GUEST_MEMORY_OK);
	assert_true(guest_memory_uncovers(&gm, device, ram_page));
	assert_true(guest_memory_uncovers(&gm, ram_page, device));
	assert_true(guest_memory_uncovers(&gm, ram_page, nowhere));
	assert_true(guest_memory_uncovers(&gm, 0x101000, ram_page));
	assert_false(guest_memory_uncovers(&gm, ram_page, ram_page));
	assert_false(guest_memory_uncovers(&gm, device, nowhere));
	assert_false(guest_memory_uncovers(&gm, device, 0xa0000));
}

static void too_little(void **state)
{
	struct guest_memory gm;

	assert_fault(guest_memory_check(256, 64 * MIB), GUEST_MEMORY_TOO_SMALL);
	assert_fault(guest_memory_check(0, 0), GUEST_MEMORY_TOO_SMALL);
	assert_fault(guest_memory_check(64 * MIB, 64 * MIB), GUEST_MEMORY_OK);
	assert_fault(guest_memory_check(64 * MIB + 1, 64 * MIB),
		     GUEST_MEMORY_TOO_LITTLE_RAM);
	assert_fault(guest_memory_init(&gm, &ops, 5 * MIB),
		     GUEST_MEMORY_TOO_LITTLE_RAM);
}

static void memory_map(void **state)
{
	struct guest_memory gm;
	struct e820_entry e[GUEST_E820_MAX];

	assert_fault(guest_memory_init(&gm, &ops, 3 * MIB), GUEST_MEMORY_OK);
	assert_int_equal(guest_memory_e820(&gm, e), 3);
	assert_int_equal(e[0].size, 0x9fc00); /* without the EBDA */
	assert_int_equal(e[1].address, 0xc0000);
	assert_int_equal(e[1].type, E820_RESERVED);
	assert_int_equal(e[2].address, MIB);
	assert_int_equal(e[2].size, 2 * MIB);

	/* 3.5 GiB: half a GiB of it is above 4 GiB. */
	setup(NULL);
	pretend = true;
	assert_fault(guest_memory_init(&gm, &ops, 3 * GIB + 512 * MIB),
		     GUEST_MEMORY_OK);
	assert_int_equal(guest_memory_e820(&gm, e), 4);
	assert_int_equal(e[2].address + e[2].size, 3 * GIB);
	assert_true(e[3].address == 4 * GIB && e[3].size == 512 * MIB);
	assert_null(guest_memory_map(&gm, 3 * GIB));
	assert_non_null(guest_memory_map(&gm, 4 * GIB));
	assert_null(guest_memory_map(&gm, 4 * GIB + 512 * MIB));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(identity_with_a_hole, setup,
						teardown),
		cmocka_unit_test_setup_teardown(frames_in_use_are_replaced,
						setup, teardown),
		cmocka_unit_test_setup_teardown(a_frame_is_moved, setup,
						teardown),
		cmocka_unit_test_setup_teardown(ranges_that_leave_ram, setup,
						teardown),
		cmocka_unit_test_setup_teardown(a_device_moves, setup,
						teardown),
		cmocka_unit_test_setup_teardown(too_little, setup, teardown),
		cmocka_unit_test_setup_teardown(memory_map, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
