/* SPDX-License-Identifier: MIT */
/* Multiboot 2 kernels as guests, made up here. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "guest/loaders/loader.h"
#include "tests/unit/fault_text.h"
#include "tests/unit/guest_ram.h"

#define RAM (8 * MIB)
#define FILE_SIZE 0x2000
#define HEADER_AT 0x200
#define LOAD (2 * MIB)
#define RSDP 0xf0000

static u8 file[FILE_SIZE];
static u32 *const header = (u32 *)(file + HEADER_AT);
static size_t header_words;
static struct guest_memory gm;
static struct load_request request;
static struct guest_entry entry;

/* Appends a tag to the header; sizes are in words, with the head. */
static u32 *add_tag(u16 type, u16 flags, size_t words)
{
	u32 *tag = header + header_words;

	tag[0] = type | (u32)flags << 16;
	tag[1] = words * 4;
	header_words += ALIGN_UP(words, 2UL);
	return tag + 2;
}

static void close_header(void)
{
	add_tag(0, 0, 2);
	header[2] = header_words * 4;
	header[3] = -(header[0] + header[1] + header[2]);
}

static void open_header(void)
{
	memset(header, 0, 0x100);
	header[0] = 0xe85250d6;
	header[1] = 0;
	header_words = 4;
}

static void add_addresses(u32 load_at, u32 load_end, u32 bss_end, u32 start)
{
	u32 *tag = add_tag(2, 0, 6);

	tag[0] = load_at == 0xffffffff ? LOAD + HEADER_AT
				       : load_at + HEADER_AT - 0x80;
	tag[1] = load_at;
	tag[2] = load_end;
	tag[3] = bss_end;
	add_tag(3, 0, 3)[0] = start;
}

static int setup(void **state)
{
	guest_ram_make(&gm, RAM);
	for (size_t i = 0; i < sizeof(file); i++)
		file[i] = i * 7;
	open_header();
	add_addresses(LOAD, LOAD + 0x1000, LOAD + 0x3000, LOAD + 0x44);
	request = (struct load_request){ .cmdline = "a b" };
	return 0;
}

static int teardown(void **state)
{
	guest_ram_free();
	return 0;
}

static const char *load(size_t size)
{
	u8 *exact = malloc(size); /* so that the sanitizer sees its end */
	const char *status;

	close_header();
	header_words -= 2; /* more tags can be added */
	memcpy(exact, file, size);
	request.kernel = exact;
	request.kernel_size = size;
	status = guest_load(&gm, &request, &entry);
	free(exact);
	return status;
}

/* The tag of the information with that type; NULL: none. */
static const u32 *find_tag(u32 type)
{
	u32 at = 8, total;

	memcpy(&total, guest_ram + entry.rbx, 4);
	while (at < total) {
		const u32 *t = (u32 *)(guest_ram + entry.rbx + at);

		if (t[0] == type)
			return t;
		assert_in_range(t[1], 8, total - at);
		at += ALIGN_UP(t[1], 8);
	}
	return NULL;
}

static void addresses_are_heeded(void **state)
{
	assert_fault(load(FILE_SIZE), LOAD_OK);
	assert_int_equal(entry.rip, LOAD + 0x44);
	assert_int_equal(entry.rax, 0x36d76289);
	assert_false(entry.long_mode);
	assert_memory_equal(guest_ram + LOAD, file + 0x80, 0x1000);
	assert_int_equal(guest_ram[LOAD + 0x1000], 0);
	/* Loads from the file's start, wherever the header is. */
	open_header();
	add_addresses(0xffffffff, 0, 0, LOAD);
	assert_fault(load(FILE_SIZE), LOAD_OK);
	assert_memory_equal(guest_ram + LOAD, file, FILE_SIZE);
}

static void information_is_given(void **state)
{
	u8 module[5000];
	const struct load_module modules[] = {
		{ module, sizeof(module), "initrd.cpio" },
		{ "second", 7, "another name" },
	};
	const u32 *t;

	memset(module, 0x77, sizeof(module));
	request.modules = modules;
	request.module_count = 2;
	request.rsdp = RSDP;
	memset(guest_ram + RSDP, 0x5a, 36);
	assert_fault(load(FILE_SIZE), LOAD_OK);
	assert_int_equal(entry.rbx % 8, 0);
	assert_string_equal((char *)(find_tag(1) + 2), "a b");
	assert_string_equal((char *)(find_tag(2) + 2), "Umbra");
	t = find_tag(3);
	assert_int_equal(t[3] - t[2], sizeof(module));
	assert_int_equal(t[2] % PAGE_SIZE, 0);
	assert_string_equal((char *)(t + 4), "initrd.cpio");
	assert_memory_equal(guest_ram + t[2], module, sizeof(module));
	t += ALIGN_UP(t[1], 8) / sizeof(*t); /* the next tag */
	assert_int_equal(t[0], 3);
	assert_int_equal(t[3] - t[2], 7);
	assert_string_equal((char *)guest_ram + t[2], "second");
	assert_string_equal((char *)(t + 4), "another name");
	t = find_tag(4);
	assert_int_equal(t[2], 639);
	assert_int_equal(t[3], (RAM - MIB) / KIB);
	t = find_tag(6);
	assert_int_equal(t[1], 16 + 3 * 24);
	assert_int_equal(t[2], 24);
	assert_int_equal(t[6], 639 * KIB); /* the first range's size */
	assert_int_equal(t[8], 1);
	t = find_tag(8);
	assert_int_equal(t[1], 8 + 24);
	assert_int_equal(t[2], 0xb8000);
	assert_int_equal(t[3], 0);
	assert_int_equal(t[4], 160);
	assert_int_equal(t[5], 80);
	assert_int_equal(t[6], 25);
	assert_int_equal(t[7], 2 << 8 | 16);
	assert_int_equal(find_tag(14)[1], 8 + 20);
	assert_int_equal(find_tag(15)[1], 8 + 36);
	assert_memory_equal(find_tag(15) + 2, guest_ram + RSDP, 36);
	assert_int_equal(find_tag(0)[1], 8);
}

static void nothing_is_made_up(void **state)
{
	assert_fault(load(FILE_SIZE), LOAD_OK);
	assert_null(find_tag(3));
	assert_null(find_tag(14));
	assert_null(find_tag(15));
}

static void demands_are_met_or_refused(void **state)
{
	static const struct {
		u16 type, flags;
		u32 argument;
		const char *status;
	} cases[] = {
		{ 1, 0, 1, LOAD_OK },		{ 1, 0, 6, LOAD_OK },
		{ 1, 0, 8, LOAD_OK },		{ 1, 0, 15, LOAD_OK },
		{ 1, 0, 21, LOAD_OK },		{ 1, 0, 22, LOAD_UNSUPPORTED },
		{ 1, 1, 22, LOAD_OK },		{ 4, 0, 0, LOAD_OK },
		{ 4, 0, 1, LOAD_UNSUPPORTED },	{ 4, 1, 1, LOAD_OK },
		{ 4, 0, 3, LOAD_OK },		{ 5, 0, 0, LOAD_OK },
		{ 5, 1, 0, LOAD_OK },		{ 6, 0, 0, LOAD_OK },
		{ 7, 0, 0, LOAD_OK },		{ 9, 0, 0, LOAD_OK },
		{ 99, 0, 0, LOAD_UNSUPPORTED }, { 99, 1, 0, LOAD_OK },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		setup(NULL);
		add_tag(cases[i].type, cases[i].flags, 3)[0] =
			cases[i].argument;
		assert_fault(load(FILE_SIZE), cases[i].status);
	}
}

static void bad_headers_are_refused(void **state)
{
	/* Addresses without an entry, a tag too short for its type. */
	open_header();
	add_tag(2, 0, 6);
	assert_fault(load(FILE_SIZE), LOAD_BAD_HEADER);
	open_header();
	add_tag(2, 0, 5);
	assert_fault(load(FILE_SIZE), LOAD_BAD_HEADER);
	open_header();
	add_tag(3, 0, 2);
	assert_fault(load(FILE_SIZE), LOAD_BAD_HEADER);
	open_header();
	add_tag(4, 0, 2);
	assert_fault(load(FILE_SIZE), LOAD_BAD_HEADER);
	/*
	 * A tag that reaches beyond the header's end, and one without a size.
	 */
	setup(NULL);
	add_tag(4, 0, 3)[-1] = 0x1000;
	assert_fault(load(FILE_SIZE), LOAD_BAD_HEADER);
	setup(NULL);
	add_tag(4, 0, 3)[-1] = 4;
	assert_fault(load(FILE_SIZE), LOAD_BAD_HEADER);
	/* No addresses, and no ELF file. */
	open_header();
	assert_fault(load(FILE_SIZE), LOAD_NO_FORMAT);
	/* A header that is cut off, or for another architecture. */
	setup(NULL);
	assert_fault(load(HEADER_AT + 32), LOAD_UNKNOWN_KIND);
	header[1] = 4;
	assert_fault(load(FILE_SIZE), LOAD_UNKNOWN_KIND);
	/* No room, and a file shorter than it says. */
	open_header();
	add_addresses(RAM - 0x1000, RAM, RAM + 1, RAM);
	assert_fault(load(FILE_SIZE), LOAD_NO_MEMORY);
	open_header();
	add_addresses(LOAD, LOAD + FILE_SIZE, 0, LOAD);
	assert_fault(load(FILE_SIZE), LOAD_TRUNCATED);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(addresses_are_heeded),    TEST(information_is_given),
		TEST(nothing_is_made_up),      TEST(demands_are_met_or_refused),
		TEST(bad_headers_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
