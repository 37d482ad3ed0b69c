/* SPDX-License-Identifier: MIT */
/* Multiboot 1 loading, of kernels made up here. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "guest/multiboot.h"
#include "lib/elf.h"

#define RAM (8 * MIB)
#define FILE_SIZE 0x2000
#define HEADER_AT 0x100
#define SEGMENT_AT 0x1000
#define LOAD (2 * MIB)

static u8 *ram;
static u64 table[RAM / PAGE_SIZE];
static u8 file[FILE_SIZE];
static u32 *const header = (u32 *)(file + HEADER_AT);
static struct elf32_header *const elf = (void *)file;
static struct elf32_segment *const segment =
	(void *)(file + sizeof(struct elf32_header));
static struct multiboot_entry entry;

static bool claim(hfn_t hfn)
{
	return hfn < RAM >> PAGE_SHIFT;
}

static hfn_t claim_any(void)
{
	return P2M_NONE;
}

static void *alloc(size_t pages)
{
	return table;
}

static void *map(hfn_t hfn)
{
	return ram + (hfn << PAGE_SHIFT);
}

static const struct guest_memory_ops ops = { claim, claim_any, alloc, map };

static void set_flags(u32 flags)
{
	header[0] = 0x1badb002;
	header[1] = flags;
	header[2] = -(header[0] + header[1]);
}

static int setup(void **state)
{
	ram = calloc(1, RAM);
	for (size_t i = 0; i < sizeof(file); i++)
		file[i] = i * 7;
	memset(elf, 0, sizeof(*elf));
	memcpy(elf->ident, ELF32_IDENT, sizeof(ELF32_IDENT) - 1);
	elf->machine = ELF_MACHINE_386;
	elf->entry = LOAD + 0x10;
	elf->segments = sizeof(*elf);
	elf->segment_size = sizeof(*segment);
	elf->segment_count = 1;
	*segment = (struct elf32_segment){ .type = ELF_SEGMENT_LOAD,
					   .offset = SEGMENT_AT,
					   .physical = LOAD,
					   .file_size = 0x1000,
					   .memory_size = 0x3000 };
	set_flags(3);
	return 0;
}

static int teardown(void **state)
{
	free(ram);
	return 0;
}

static enum multiboot_status load(size_t size, size_t module_size)
{
	struct guest_memory gm;
	u8 *exact = malloc(size); /* so that the sanitizer sees its end */
	u8 *module = calloc(1, module_size + 1);
	enum multiboot_status status;

	memcpy(exact, file, size);
	module[0] = 0x77;
	assert_int_equal(guest_memory_init(&gm, &ops, RAM), GUEST_MEMORY_OK);
	status = multiboot_load(&gm, exact, size, module, module_size, "a b",
				&entry);
	free(module);
	free(exact);
	return status;
}

static u32 info(size_t index)
{
	return ((u32 *)(ram + entry.ebx))[index];
}

static void elf_is_loaded(void **state)
{
	assert_true(multiboot_is_kernel(file, sizeof(file)));
	assert_int_equal(load(sizeof(file), 0), MULTIBOOT_OK);
	assert_int_equal(entry.eip, LOAD + 0x10);
	assert_memory_equal(ram + LOAD, file + SEGMENT_AT, 0x1000);
	assert_int_equal(info(0), 1 << 0 | 1 << 2 | 1 << 6);
	assert_int_equal(info(1), 640);
	assert_int_equal(info(2), (RAM - MIB) / KIB);
	assert_string_equal((char *)ram + info(4), "a b");
	assert_int_equal(info(11), 3 * 24);
	assert_int_equal(*(u32 *)(ram + info(12)), 20);
}

static void module_is_given(void **state)
{
	const u32 *module;

	assert_int_equal(load(sizeof(file), 5000), MULTIBOOT_OK);
	assert_true(info(0) & 1 << 3);
	assert_int_equal(info(5), 1);
	module = (u32 *)(ram + info(6));
	assert_int_equal(module[0] % PAGE_SIZE, 0);
	assert_int_equal(module[1] - module[0], 5000);
	assert_int_equal(ram[module[0]], 0x77);
	assert_string_equal((char *)ram + module[2], "");
}

static void flat_is_loaded(void **state)
{
	set_flags(3 | 1 << 16);
	header[3] = LOAD + HEADER_AT - 0x80; /* the file from 80h on */
	header[4] = LOAD;
	header[5] = LOAD + 0x1000;
	header[6] = LOAD + 0x2000;
	header[7] = LOAD + 0x44;
	assert_int_equal(load(sizeof(file), 0), MULTIBOOT_OK);
	assert_int_equal(entry.eip, LOAD + 0x44);
	assert_memory_equal(ram + LOAD, file + 0x80, 0x1000);
	assert_int_equal(*(u32 *)(ram + LOAD + 0x1000), 0);

	header[5] = 0; /* all of it */
	assert_int_equal(load(sizeof(file), 0), MULTIBOOT_OK);
	assert_memory_equal(ram + LOAD, file + 0x80, sizeof(file) - 0x80);
	header[5] = LOAD + FILE_SIZE;
	assert_int_equal(load(sizeof(file), 0), MULTIBOOT_TRUNCATED);
	header[3] = LOAD + HEADER_AT + 1;
	assert_int_equal(load(sizeof(file), 0), MULTIBOOT_TRUNCATED);
	header[3] = LOAD - 1;
	assert_int_equal(load(sizeof(file), 0), MULTIBOOT_TRUNCATED);
}

static void bad_files_are_refused(void **state)
{
	assert_int_equal(load(HEADER_AT + 8, 0), MULTIBOOT_NO_HEADER);
	assert_int_equal(load(SEGMENT_AT + 0x800, 0), MULTIBOOT_TRUNCATED);
	segment->offset = 0xfffffff0;
	assert_int_equal(load(sizeof(file), 0), MULTIBOOT_TRUNCATED);
	elf->segments = 0xfffffff0;
	assert_int_equal(load(sizeof(file), 0), MULTIBOOT_TRUNCATED);
	elf->machine = 62;
	assert_int_equal(load(sizeof(file), 0), MULTIBOOT_NOT_ELF32);
	set_flags(1 << 2);
	assert_int_equal(load(sizeof(file), 0), MULTIBOOT_UNSUPPORTED);
	header[2]++;
	assert_int_equal(load(sizeof(file), 0), MULTIBOOT_NO_HEADER);
	assert_false(multiboot_is_kernel(file, sizeof(file)));
}

static void memory_has_bounds(void **state)
{
	static const u32 wrong[][2] = { { RAM - 0x2000, 0x3000 },
					{ RAM, 1 },
					{ 0x9000, 0x1000 },
					{ LOAD, 0xffffffff },
					{ 0xfffff000, 0x1000 } };

	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		segment->physical = wrong[i][0];
		segment->memory_size = wrong[i][1];
		assert_int_equal(load(sizeof(file), 0), MULTIBOOT_NO_MEMORY);
	}
	segment->physical = LOAD;
	segment->memory_size = 0x1000;
	assert_int_equal(load(sizeof(file), RAM), MULTIBOOT_NO_MEMORY);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(elf_is_loaded),	 TEST(module_is_given),
		TEST(flat_is_loaded),	 TEST(bad_files_are_refused),
		TEST(memory_has_bounds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
