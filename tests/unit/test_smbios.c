/* SPDX-License-Identifier: MIT */
/* The names of the machine: whole structures, ones that lack parts, and ruined
 * ones. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "arch/x86/firmware/smbios.h"

#define RAM_SIZE (2 * MIB)
#define ENTRY 0xf1230
#define STRUCTURES 0x150000
#define EFI 0x180000
#define EFI_LIST 0x181000
#define RUINED 20000
#define BLOCKS 64

static u8 ram[RAM_SIZE];
static void *blocks[BLOCKS];
static unsigned int block_count;

/* Gives exactly the bytes asked for, so that the sanitizer sees one more. */
static const void *memory(hpa_t hpa, size_t size)
{
	if (hpa > RAM_SIZE || size > RAM_SIZE - hpa || block_count == BLOCKS)
		return NULL;
	blocks[block_count] = malloc(size);
	return memcpy(blocks[block_count++], ram + hpa, size);
}

static const char *read_name(hpa_t efi, enum smbios_string string)
{
	static struct smbios_names names;

	smbios_read(efi, memory, &names);
	while (block_count)
		free(blocks[--block_count]);
	return names.text[string];
}

/* Type 0, 1 without strings' end, 2 and 2 again, and the end. */
static const u8 structures[] =
	"\x00\x09\x00\x00\x01\x02\x00\x00\x03"
	"Maker\0"
	"1.2 \0"
	"01/02/2003\0"
	"\0"
	"\x7e\x04\x01\x00"
	"\0\0"
	"\x01\x06\x02\x00\x02\x01"
	"Na\xe9me\0"
	"Vendor\0"
	"\0"
	"\x02\x06\x03\x00\x01\x05"
	"First board's maker\0"
	"\0"
	"\x02\x06\x04\x00\x01\x02"
	"Another\0"
	"A very long name of a board, longer than a row\0"
	"\0"
	"\x7f\x04\x05\x00\0\0"
	"\x01\x06\x06\x00\x01\x01"
	"behind the end\0"
	"\0";

static void write_field(hpa_t at, u64 value, size_t size)
{
	memcpy(ram + at, &value, size);
}

static void mend_sum(u8 length, u32 sum_at)
{
	ram[ENTRY + sum_at] -= table_sum(ram + ENTRY, length);
}

static void write_entry_32(void)
{
	memset(ram + ENTRY, 0, 32);
	memcpy(ram + ENTRY, "_SM_", 4);
	ram[ENTRY + 5] = 31;
	write_field(ENTRY + 22, sizeof(structures), 2);
	write_field(ENTRY + 24, STRUCTURES, 4);
	mend_sum(31, 4);
}

static void write_entry_64(void)
{
	memset(ram + ENTRY, 0, 32);
	memcpy(ram + ENTRY, "_SM3_", 5);
	ram[ENTRY + 6] = 24;
	write_field(ENTRY + 12, sizeof(structures), 4);
	write_field(ENTRY + 16, STRUCTURES, 8);
	mend_sum(24, 5);
}

static int setup(void **state)
{
	memset(ram, 0, sizeof(ram));
	memcpy(ram + STRUCTURES, structures, sizeof(structures));
	write_entry_32();
	return 0;
}

static void check_names(hpa_t efi)
{
	assert_string_equal(read_name(efi, SMBIOS_FIRMWARE_VENDOR), "Maker");
	assert_string_equal(read_name(efi, SMBIOS_FIRMWARE_VERSION), "1.2");
	assert_string_equal(read_name(efi, SMBIOS_FIRMWARE_DATE), "01/02/2003");
	assert_string_equal(read_name(efi, SMBIOS_SYSTEM_VENDOR), "Vendor");
	assert_string_equal(read_name(efi, SMBIOS_SYSTEM_NAME), "Na?me");
	assert_string_equal(read_name(efi, SMBIOS_BOARD_VENDOR),
			    "First board's maker");
	/* The first board has no fifth string; this is the next one's name. */
	assert_string_equal(read_name(efi, SMBIOS_BOARD_NAME),
			    "A very long name of a board, longer than");
}

static void test_bios(void **state)
{
	check_names(0);
	write_entry_64();
	check_names(0);
}

static void test_efi(void **state)
{
	static const u8 guids[2][16] = {
		{ 0x31, 0x2d, 0x9d, 0xeb, 0x88, 0x2d, 0xd3, 0x11, 0x9a, 0x16,
		  0x00, 0x90, 0x27, 0x3f, 0xc1, 0x4d },
		{ 0x44, 0x15, 0xfd, 0xf2, 0x94, 0x97, 0x2c, 0x4a, 0x99, 0x2e,
		  0xe5, 0xbb, 0xcf, 0x20, 0xe3, 0x94 },
	};

	write_field(EFI + 104, 2, 8);
	write_field(EFI + 112, EFI_LIST, 8);
	write_field(EFI_LIST + 24 + 16, ENTRY, 8);
	assert_string_equal(read_name(EFI, SMBIOS_SYSTEM_NAME), "");
	memcpy(ram + EFI_LIST + 24, guids[0], 16);
	check_names(EFI);
	write_entry_64();
	assert_string_equal(read_name(EFI, SMBIOS_SYSTEM_NAME), "");
	memcpy(ram + EFI_LIST + 24, guids[1], 16);
	check_names(EFI);
}

static void test_none(void **state)
{
	ram[ENTRY + 30]++; /* the checksum is wrong */
	assert_string_equal(read_name(0, SMBIOS_SYSTEM_NAME), "");
	assert_string_equal(read_name(RAM_SIZE, SMBIOS_SYSTEM_NAME), "");
	write_entry_32();
	write_field(ENTRY + 24, RAM_SIZE, 4); /* the structures are nowhere */
	mend_sum(31, 4);
	assert_string_equal(read_name(0, SMBIOS_SYSTEM_NAME), "");
}

/* No byte outside is read, and the reading ends. */
static void test_ruined(void **state)
{
	for (int i = 0; i < RUINED; i++) {
		memcpy(ram + STRUCTURES, structures, sizeof(structures));
		for (int n = rand() % 8; n >= 0; n--)
			ram[STRUCTURES + (size_t)rand() % sizeof(structures)] =
				(u8)rand();
		write_entry_32();
		write_field(ENTRY + 22, (u64)rand() % (sizeof(structures) + 1),
			    2);
		mend_sum(31, 4);
		read_name(0, SMBIOS_SYSTEM_NAME);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_bios, setup),
		cmocka_unit_test_setup(test_efi, setup),
		cmocka_unit_test_setup(test_none, setup),
		cmocka_unit_test_setup(test_ruined, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
