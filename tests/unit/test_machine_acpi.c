/* SPDX-License-Identifier: MIT */
/* The reader of ACPI tables: those that Umbra makes for guests, and ruined
 * ones. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "arch/x86/acpi.h"
#include "guest/firmware/acpi.h"
#include "guest/devices/pm.h"
#include "tests/unit/guest_ram.h"

#define RAM_SIZE (4 * MIB)
#define ROM ACPI_RSDP_GPA /* the tables, all within this many bytes */
#define ROM_SIZE 0x1000
#define RUINED 100000

static struct guest_memory gm;

static int setup(void **state)
{
	guest_ram_make(&gm, RAM_SIZE);
	acpi_write(&gm);
	return 0;
}

static int teardown(void **state)
{
	guest_ram_free();
	return 0;
}

#define BLOCKS 64

static void *blocks[BLOCKS]; /* of one reading */
static unsigned int block_count;

/* Exactly as much as was asked for, so that the sanitizer sees a byte more. */
static const void *memory(hpa_t hpa, size_t size)
{
	if (hpa > RAM_SIZE || size > RAM_SIZE - hpa || block_count == BLOCKS)
		return NULL;
	blocks[block_count] = malloc(size);
	return memcpy(blocks[block_count++], guest_ram + hpa, size);
}

static void forget_blocks(void)
{
	while (block_count)
		free(blocks[--block_count]);
}

/* Ruined tables with a good checksum get further. */
static void mend_checksum(gpa_t table)
{
	u32 length;

	memcpy(&length, guest_ram + table + 4, sizeof(length));
	if (length < 36 || length > ROM_SIZE)
		return;
	guest_ram[table + 9] -= acpi_sum(guest_ram + table, length);
}

/* For tables that are looked at together. */
static const void *all_memory(hpa_t hpa, size_t size)
{
	if (hpa > RAM_SIZE || size > RAM_SIZE - hpa)
		return NULL;
	return guest_ram + hpa;
}

static void own_tables(void **state)
{
	struct acpi_facts facts;

	acpi_read(guest_ram + ROM, 36, all_memory, &facts);
	assert_int_equal(facts.pm_timer, PM_PORT_TIMER);
	assert_int_equal(facts.pm1_control[0], PM_PORT_CONTROL);
	assert_int_equal(facts.pm1_control[1], 0);
	assert_true(facts.has_s5);
	assert_int_equal(facts.s5_type[0], PM_SLEEP_TYPE_S5);
	assert_int_equal(facts.reset_space, ACPI_IO);
	assert_int_equal(facts.reset_address, 0xcf9);
	assert_int_equal(facts.reset_value, 6);
	assert_int_equal(facts.processors, 1);
	/* An RSDP of ACPI 1.0 leads to the RSDT, with the same tables. */
	acpi_read(guest_ram + ROM, 20, all_memory, &facts);
	assert_int_equal(facts.pm_timer, PM_PORT_TIMER);
	assert_int_equal(facts.processors, 1);
}

static void none(void **state)
{
	struct acpi_facts facts;

	acpi_read("", 0, all_memory, &facts);
	assert_false(facts.has_s5);
	assert_int_equal(facts.reset_space, ACPI_NO_SPACE);
	guest_ram[ROM + 9]++; /* no checksum */
	acpi_read(guest_ram + ROM, 36, all_memory, &facts);
	assert_int_equal(facts.pm_timer, 0);
	guest_ram[ROM + 9]--;
}

/* The FADT's RESET_REG: a generic address structure (ACPI 5.2.3.2, 5.2.9). */
#define FADT_RESET_SPACE 116
#define FADT_RESET_ADDRESS 120

static gpa_t find_fadt(void)
{
	gpa_t table = ROM;

	while (memcmp(guest_ram + table, "FACP", 4))
		assert_true((table += 4) < ROM + ROM_SIZE);
	return table;
}

/* In memory it may be anywhere; in a space that we can't reach, as PCI's
 * configuration space, there is none for us. */
static void reset_register(void **state)
{
	static const struct {
		u8 id;
		enum acpi_space space;
	} spaces[] = { { 0, ACPI_MEMORY },
		       { 1, ACPI_IO },
		       { 2, ACPI_NO_SPACE },
		       { 0x7f, ACPI_NO_SPACE } };
	u64 address = 0xfed1c4f0a5ULL;
	u8 good[ROM_SIZE];
	gpa_t fadt = find_fadt();
	struct acpi_facts facts;

	memcpy(good, guest_ram + ROM, sizeof(good));
	for (size_t i = 0; i < ARRAY_SIZE(spaces); i++) {
		guest_ram[fadt + FADT_RESET_SPACE] = spaces[i].id;
		memcpy(guest_ram + fadt + FADT_RESET_ADDRESS, &address,
		       sizeof(address));
		mend_checksum(fadt);
		acpi_read(guest_ram + ROM, 36, all_memory, &facts);
		assert_int_equal(facts.reset_space, spaces[i].space);
		assert_int_equal(facts.reset_address, address);
		assert_int_equal(facts.reset_value, 6);
	}
	memcpy(guest_ram + ROM, good, sizeof(good));
}

/* Whatever is in the tables, nothing beyond them is read. */
static void ruined(void **state)
{
	static u8 good[ROM_SIZE];
	struct acpi_facts facts;

	memcpy(good, guest_ram + ROM, sizeof(good));
	srandom(1);
	for (int i = 0; i < RUINED; i++) {
		u8 rsdp[36];

		for (int n = random() % 4; n >= 0; n--)
			guest_ram[ROM + 0x40 + random() % 0x430] = (u8)random();
		for (gpa_t table = ROM + 0x40; table < ROM + 0x400;
		     table += 0x40)
			if (random() % 8)
				mend_checksum(table);
		memcpy(rsdp, good, sizeof(rsdp));
		acpi_read(rsdp, sizeof(rsdp), memory, &facts);
		forget_blocks();
		memcpy(guest_ram + ROM, good, sizeof(good));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(own_tables),
		cmocka_unit_test(none),
		cmocka_unit_test(reset_register),
		cmocka_unit_test(ruined),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
