/* SPDX-License-Identifier: MIT */
/*
 * The Multiboot2 parser: a good set of tags, and each way to break one. The
 * information is copied to a heap block of its exact size before each parse,
 * so that the address sanitizer sees a read past its end.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "boot/multiboot2.h"
#include "tests/unit/fault_text.h"

static u8 mbi[16384];
static u32 length;
static struct boot_info info;
static u8 *parsed; /* strings in `info` point here */

static void put32(u32 value)
{
	memcpy(mbi + length, &value, sizeof(value));
	length += sizeof(value);
}

static void put64(u64 value)
{
	put32((u32)value);
	put32((u32)(value >> 32));
}

static void put_text(const char *text, size_t size)
{
	memcpy(mbi + length, text, size);
	length += (u32)size;
}

static void begin_info(void)
{
	memset(mbi, 0, sizeof(mbi));
	length = 8;
}

static u32 tag_start;

static void begin_tag(u32 type)
{
	length = ALIGN_UP(length, 8);
	tag_start = length;
	put32(type);
	put32(0);
}

/* Sets the size of the tag that was begun last. */
static void end_tag(void)
{
	u32 size = length - tag_start;

	memcpy(mbi + tag_start + 4, &size, sizeof(size));
}

static void end_info(void)
{
	begin_tag(0);
	end_tag();
	memcpy(mbi, &length, sizeof(length));
}

static const char *parse(void)
{
	free(parsed);
	parsed = malloc(length);
	memcpy(parsed, mbi, length);
	return multiboot2_parse(parsed, length, &info);
}

static int teardown(void **state)
{
	free(parsed);
	parsed = NULL;
	return 0;
}

static void string_tag(u32 type, const char *text)
{
	begin_tag(type);
	put_text(text, strlen(text) + 1);
	end_tag();
}

static void module_tag(u32 start, u32 stop, const char *text)
{
	begin_tag(3);
	put32(start);
	put32(stop);
	put_text(text, strlen(text) + 1);
	end_tag();
}

static void put_region(u64 start, u64 size, u32 type)
{
	put64(start);
	put64(size);
	put32(type);
	put32(0);
}

static void framebuffer_tag(u8 type)
{
	begin_tag(8);
	put64(0xb8000);
	put32(160);
	put32(80);
	put32(25);
	mbi[length++] = 16;
	mbi[length++] = type;
	length += 2;
	if (type == 1) /* red, green, blue: the position and the size */
		put_text("\x10\x08\x08\x07\x01\x06", 6);
	end_tag();
}

static void build_all(void)
{
	begin_info();
	string_tag(1, "mmu=bypass exit=qemu");
	string_tag(2, "GRUB 2.06");
	module_tag(0x100000, 0x180000, "kernel");
	module_tag(0x200000, 0x200000, "");
	begin_tag(6);
	put32(24);
	put32(0);
	put_region(0x100000, 0x7f00000, BOOT_MEMORY_RAM);
	put_region(0, 0xa0000, BOOT_MEMORY_RAM);
	put_region(0x5000, 0, BOOT_MEMORY_RAM);
	put_region(~0ULL - 0xfff, 0x10000, BOOT_MEMORY_RESERVED);
	end_tag();
	framebuffer_tag(2);
	begin_tag(15);
	put_text("RSD PTR new, 36 bytes long, as it is", 36);
	end_tag();
	begin_tag(14);
	put_text("RSD PTR old, 20 byte", 20);
	end_tag();
	begin_tag(9);
	put32(2);
	put32(64);
	put32(1);
	length += 128;
	end_tag();
	begin_tag(21);
	put32(0x7c00000);
	end_tag();
	begin_tag(12);
	put64(0x1234);
	end_tag();
	begin_tag(0x1000); /* unknown, of an odd size */
	put_text("abc", 3);
	end_tag();
	end_info();
}

static void test_all(void **state)
{
	build_all();
	assert_fault(parse(), MB2_OK);
	assert_int_equal(info.size, length);
	assert_string_equal(info.cmdline, "mmu=bypass exit=qemu");
	assert_string_equal(info.loader, "GRUB 2.06");
	assert_int_equal(info.module_count, 2);
	assert_int_equal(info.modules[0].start, 0x100000);
	assert_int_equal(info.modules[0].end, 0x180000);
	assert_string_equal(info.modules[0].string, "kernel");
	assert_string_equal(info.modules[1].string, "");
	assert_int_equal(info.region_count, 3); /* the empty one is dropped */
	assert_int_equal(info.regions[1].size, 0xa0000);
	assert_int_equal(info.regions[2].size, 0xfff); /* doesn't wrap */
	assert_int_equal(info.framebuffer.type, BOOT_FRAMEBUFFER_TEXT);
	assert_int_equal(info.framebuffer.width, 80);
	assert_int_equal(info.framebuffer.bits_per_pixel, 16);
	assert_int_equal(info.rsdp_size, 36); /* the newer, though first */
	assert_memory_equal(info.rsdp, "RSD PTR new", 11);
	assert_int_equal(info.elf.count, 2);
	assert_true(info.efi);
	assert_int_equal(info.efi_table, 0x1234);
}

static void test_empty(void **state)
{
	begin_info();
	end_info();
	assert_fault(parse(), MB2_OK);
	assert_string_equal(info.cmdline, "");
	assert_int_equal(info.framebuffer.type, BOOT_FRAMEBUFFER_NONE);
}

static void test_header(void **state)
{
	u8 buffer[32] __attribute__((aligned(8))) = { 0 };
	u32 size;

	assert_fault(multiboot2_parse(buffer + 4, 16, &info), MB2_MISALIGNED);
	assert_fault(multiboot2_parse(buffer, 7, &info), MB2_TOO_SMALL);
	for (size = 0; size < 8; size++) {
		memcpy(buffer, &size, sizeof(size));
		assert_fault(multiboot2_parse(buffer, 32, &info),
			     MB2_TOO_SMALL);
	}
	for (size = 8; size < 16; size++) {
		memcpy(buffer, &size, sizeof(size));
		assert_fault(multiboot2_parse(buffer, 32, &info), MB2_NO_END);
	}
	size = 33;
	memcpy(buffer, &size, sizeof(size));
	assert_fault(multiboot2_parse(buffer, 32, &info), MB2_TOO_LARGE);
	size = 0xffffffff;
	memcpy(buffer, &size, sizeof(size));
	assert_fault(multiboot2_parse(buffer, 32, &info), MB2_TOO_LARGE);
}

/* A text cut to any length is an error; nothing beyond its end is read. */
static void test_truncated(void **state)
{
	u32 whole;

	build_all();
	for (whole = length; length > 8; length--) {
		u32 cut = length - 1;

		memcpy(mbi, &cut, sizeof(cut));
		length = cut + 1;
		free(parsed);
		parsed = malloc(cut);
		memcpy(parsed, mbi, cut);
		assert_non_null(multiboot2_parse(parsed, cut, &info));
	}
	assert_true(whole > 300);
}

static void test_tag_size(void **state)
{
	static const u32 sizes[] = { 0,		 7,	     100,
				     0x7fffffff, 0xfffffff8, 0xffffffff };

	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		begin_info();
		string_tag(1, "text");
		end_info();
		memcpy(mbi + 12, &sizes[i], sizeof(sizes[i]));
		assert_fault(parse(), MB2_TAG_SIZE);
	}
}

/* Each tag with a fixed part, but too short for it. */
static void test_short_tags(void **state)
{
	static const u32 types[] = { 3, 6, 8, 9, 12, 21 };

	for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
		begin_info();
		begin_tag(types[i]);
		put_text("abc", 3);
		end_tag();
		end_info();
		assert_fault(parse(), MB2_TAG_SIZE);
	}
}

static void test_no_nul(void **state)
{
	for (u32 type = 1; type <= 2; type++) {
		begin_info();
		begin_tag(type);
		put_text("abcdefgh", 8);
		end_tag();
		end_info();
		assert_fault(parse(), MB2_NO_NUL);
	}
	begin_info();
	begin_tag(1);
	end_tag(); /* not even one byte */
	end_info();
	assert_fault(parse(), MB2_NO_NUL);
	begin_info();
	begin_tag(3);
	put32(0);
	put32(0);
	put_text("abc", 3);
	end_tag();
	end_info();
	assert_fault(parse(), MB2_NO_NUL);
}

static void test_modules(void **state)
{
	begin_info();
	module_tag(0x2000, 0x1000, "");
	end_info();
	assert_fault(parse(), MB2_MODULE_RANGE);

	for (int count = BOOT_MODULES_MAX; count <= BOOT_MODULES_MAX + 1;
	     count++) {
		begin_info();
		for (int i = 0; i < count; i++)
			module_tag(0x1000, 0x2000, "m");
		end_info();
		assert_fault(parse(), count > BOOT_MODULES_MAX
					      ? MB2_TOO_MANY_MODULES
					      : MB2_OK);
	}
}

static void test_memory_map(void **state)
{
	static const u32 sizes[] = { 0, 8, 23, 25, 40, 0xfffffff8 };

	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		begin_info();
		begin_tag(6);
		put32(sizes[i]);
		put32(0);
		put_region(0, 0x1000, 1);
		end_tag();
		end_info();
		assert_fault(parse(), MB2_ENTRY_SIZE);
	}
	/* Larger entries come from a later version. */
	begin_info();
	begin_tag(6);
	put32(32);
	put32(1);
	put_region(0x1000, 0x2000, 1);
	put64(~0ULL);
	put_region(0x5000, 0x1000, 1);
	put64(~0ULL);
	end_tag();
	end_info();
	assert_fault(parse(), MB2_OK);
	assert_int_equal(info.region_count, 2);
	assert_int_equal(info.regions[1].start, 0x5000);
}

/* RAM comes first, so that regions on it are known to be needed. */
static void test_map_order(void **state)
{
	begin_info();
	begin_tag(6);
	put32(24);
	put32(0);
	put_region(0x1000, 0x1000, BOOT_MEMORY_ACPI);
	put_region(0, 0x8000, BOOT_MEMORY_RAM);
	end_tag();
	end_info();
	assert_fault(parse(), MB2_OK);
	assert_int_equal(info.region_count, 2);
	assert_int_equal(info.regions[0].type, BOOT_MEMORY_RAM);
	assert_int_equal(info.regions[1].type, BOOT_MEMORY_ACPI);
}

static void test_elf(void **state)
{
	static const u32 counts[] = { 3, 0xffffffff };

	for (size_t i = 0; i < ARRAY_SIZE(counts); i++) {
		begin_info();
		begin_tag(9);
		put32(counts[i]);
		put32(64);
		put32(0);
		length += 128;
		end_tag();
		end_info();
		assert_fault(parse(), MB2_ENTRY_SIZE);
	}
}

static void test_framebuffer(void **state)
{
	begin_info();
	framebuffer_tag(1);
	end_info();
	assert_fault(parse(), MB2_OK);
	assert_int_equal(info.framebuffer.type, BOOT_FRAMEBUFFER_PIXELS);
	assert_int_equal(info.framebuffer.red.position, 16);
	assert_int_equal(info.framebuffer.green.size, 7);
	assert_int_equal(info.framebuffer.blue.position, 1);
	assert_int_equal(info.framebuffer.blue.size, 6);
	begin_info();
	framebuffer_tag(0);
	end_info();
	assert_fault(parse(), MB2_OK);
	assert_int_equal(info.framebuffer.type, BOOT_FRAMEBUFFER_INDEXED);
	/* Pixels without their colours. */
	begin_info();
	framebuffer_tag(0);
	mbi[8 + 29] = 1;
	end_info();
	assert_fault(parse(), MB2_TAG_SIZE);
}

/* A huge RSDP is cut; an empty one is none. */
static void test_rsdp(void **state)
{
	begin_info();
	begin_tag(15);
	length += 200;
	end_tag();
	end_info();
	assert_fault(parse(), MB2_OK);
	assert_int_equal(info.rsdp_size, BOOT_RSDP_MAX);
	begin_info();
	begin_tag(14);
	end_tag();
	end_info();
	assert_fault(parse(), MB2_OK);
	assert_int_equal(info.rsdp_size, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(test_all, teardown),
		cmocka_unit_test_teardown(test_empty, teardown),
		cmocka_unit_test_teardown(test_header, teardown),
		cmocka_unit_test_teardown(test_truncated, teardown),
		cmocka_unit_test_teardown(test_tag_size, teardown),
		cmocka_unit_test_teardown(test_short_tags, teardown),
		cmocka_unit_test_teardown(test_no_nul, teardown),
		cmocka_unit_test_teardown(test_modules, teardown),
		cmocka_unit_test_teardown(test_memory_map, teardown),
		cmocka_unit_test_teardown(test_map_order, teardown),
		cmocka_unit_test_teardown(test_elf, teardown),
		cmocka_unit_test_teardown(test_framebuffer, teardown),
		cmocka_unit_test_teardown(test_rsdp, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
