/* SPDX-License-Identifier: MIT */
/* The reader of ACPI tables: those that Umbra makes for guests, and ruined
 * ones. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "arch/x86/firmware/acpi.h"
#include "guest/firmware/firmware.h"
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

/* ACPI 5.2.5.3, 5.2.9. */
#define RSDP_XSDT 24
#define RSDP_CHECKSUM 32 /* of all its 36 bytes */
#define FADT_X_DSDT 140

#define BLOCKS 64

static void *blocks[BLOCKS]; /* of one reading */
static unsigned int block_count;

/* Gives exactly the bytes asked for, so that the sanitizer sees one more. */
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

/* Ruined tables with a good checksum are read further. */
static void mend_checksum(gpa_t table)
{
	u32 length;

	memcpy(&length, guest_ram + table + 4, sizeof(length));
	if (length < 36 || length > ROM_SIZE)
		return;
	guest_ram[table + 9] -= table_sum(guest_ram + table, length);
}

/* For tables that are read together. */
static const void *all_memory(hpa_t hpa, size_t size)
{
	if (hpa > RAM_SIZE || size > RAM_SIZE - hpa)
		return NULL;
	return guest_ram + hpa;
}

static gpa_t find_table(const char *signature)
{
	gpa_t table = ROM;

	while (memcmp(guest_ram + table, signature, 4))
		assert_true((table += 4) < ROM + ROM_SIZE);
	return table;
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
	assert_int_equal(facts.serial[ACPI_SPCR].space, ACPI_IO);
	assert_int_equal(facts.serial[ACPI_SPCR].address, 0x3f8);
	/* An RSDP of ACPI 1.0 leads to the RSDT, with the same tables. */
	acpi_read(guest_ram + ROM, 20, all_memory, &facts);
	assert_int_equal(facts.pm_timer, PM_PORT_TIMER);
	assert_int_equal(facts.processors, 1);
}

/* The same memory a second time, above 4 GiB; the tables are nowhere else. */
#define HIGH (5 * GIB)

static const void *high_memory(hpa_t hpa, size_t size)
{
	return hpa < HIGH ? NULL : all_memory(hpa - HIGH, size);
}

static void add_to_field(gpa_t at, u64 value)
{
	u64 old;

	memcpy(&old, guest_ram + at, sizeof(old));
	old += value;
	memcpy(guest_ram + at, &old, sizeof(old));
}

static void above_4_gib(void **state)
{
	u8 good[ROM_SIZE];
	gpa_t xsdt = find_table("XSDT"), fadt = find_table("FACP");
	struct acpi_facts facts;
	u32 length;

	memcpy(good, guest_ram + ROM, sizeof(good));
	memcpy(&length, guest_ram + xsdt + 4, sizeof(length));
	add_to_field(ROM + RSDP_XSDT, HIGH);
	guest_ram[ROM + RSDP_CHECKSUM] -= table_sum(guest_ram + ROM, 36);
	for (gpa_t entry = xsdt + 36; entry < xsdt + length; entry += 8)
		add_to_field(entry, HIGH);
	mend_checksum(xsdt);
	add_to_field(fadt + FADT_X_DSDT, HIGH);
	mend_checksum(fadt);
	acpi_read(guest_ram + ROM, 36, high_memory, &facts);
	assert_int_equal(facts.pm_timer, PM_PORT_TIMER);
	assert_int_equal(facts.processors, 1);
	assert_true(facts.has_s5);
	memcpy(guest_ram + ROM, good, sizeof(good));
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
	gpa_t fadt = find_table("FACP");
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

/* Puts bytes into a table. The table has room for all of them. */
static void put_table(gpa_t table, const char *signature, u32 at,
		      const u8 *bytes, size_t count)
{
	u32 length = (u32)(at + count);

	memcpy(guest_ram + table, signature, 4);
	memcpy(guest_ram + table + 4, &length, sizeof(length));
	memcpy(guest_ram + table + at, bytes, count);
	mend_checksum(table);
}

static void assert_port(const struct acpi_serial *port, enum acpi_space space,
			u64 address, u8 access)
{
	assert_int_equal(port->address, address);
	assert_int_equal(port->space, space);
	assert_int_equal(port->access, access);
}

static void spcr(void **state)
{
	/* A 16550 by its GAS, in memory, with double words; one at a port. */
	static const u8 words[] = { 0x12, 0,	0,    0,    0, 32, 0, 3,
				    0x00, 0x30, 0xa0, 0xfe, 0, 0,  0, 0 };
	static const u8 port[16] = { 1, 0, 0, 0, 1, 8, 0, 0, 0xf8, 2 };
	static const u8 pl011[16] = { 3, 0, 0, 0, 0, 32, 0, 3, 0, 0, 0, 9 };
	u8 good[ROM_SIZE];
	gpa_t table = find_table("SPCR");
	struct acpi_facts facts;

	memcpy(good, guest_ram + ROM, sizeof(good));
	put_table(table, "SPCR", 36, words, sizeof(words));
	acpi_read(guest_ram + ROM, 36, all_memory, &facts);
	assert_port(&facts.serial[ACPI_SPCR], ACPI_MEMORY, 0xfea03000, 4);
	put_table(table, "SPCR", 36, port, sizeof(port));
	acpi_read(guest_ram + ROM, 36, all_memory, &facts);
	assert_port(&facts.serial[ACPI_SPCR], ACPI_IO, 0x2f8, 1);
	put_table(table, "SPCR", 36, pl011, sizeof(pl011));
	acpi_read(guest_ram + ROM, 36, all_memory, &facts);
	assert_int_equal(facts.serial[ACPI_SPCR].address, 0);
	memcpy(guest_ram + ROM, good, sizeof(good));
}

/* A table of two devices: USB's debug port, and a 16550. */
static void dbg2(void **state)
{
	static const u8 devices[] = {
		44, 0,	  0, 0, 2,    0,    0,	0, /* the header's */
		0,  22,	  0, 1, 0,    0,    0,	0, 0, 0, 0, 0,
		2,  0x80, 0, 0, 0,    0,    22, 0, 0, 0, /* USB */
		0,  34,	  0, 1, 0,    0,    0,	0, 0, 0, 0, 0,
		0,  0x80, 0, 0, 0,    0,    22, 0, 0, 0, /* serial */
		1,  8,	  0, 1, 0xe8, 0x03, 0,	0, 0, 0, 0, 0,
	};
	u8 good[ROM_SIZE];
	gpa_t table = find_table("SPCR");
	struct acpi_facts facts;
	u32 wild = ~0U;

	memcpy(good, guest_ram + ROM, sizeof(good));
	put_table(table, "DBG2", 36, devices, sizeof(devices));
	acpi_read(guest_ram + ROM, 36, all_memory, &facts);
	assert_port(&facts.serial[ACPI_DBG2], ACPI_IO, 0x3e8, 1);
	/* An offset far outside of the table leads to nothing. */
	memcpy(guest_ram + table + 36, &wild, sizeof(wild));
	mend_checksum(table);
	acpi_read(guest_ram + ROM, 36, memory, &facts);
	forget_blocks();
	assert_int_equal(facts.serial[ACPI_DBG2].address, 0);
	memcpy(guest_ram + ROM, good, sizeof(good));
}

/* Nothing beyond the tables is read, whatever they contain. */
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
		cmocka_unit_test(own_tables), cmocka_unit_test(above_4_gib),
		cmocka_unit_test(none),	      cmocka_unit_test(reset_register),
		cmocka_unit_test(spcr),	      cmocka_unit_test(dbg2),
		cmocka_unit_test(ruined),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
