/* SPDX-License-Identifier: MIT */
/* Multiboot 1 loading, of kernels made up here. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "guest/loaders/loader.h"
#include "lib/elf.h"
#include "tests/unit/fault_text.h"
#include "tests/unit/guest_ram.h"

#define RAM (8 * MIB)
#define FILE_SIZE 0x2000
#define HEADER_AT 0x100
#define SEGMENT_AT 0x1000
#define LOAD (2 * MIB)

static u8 file[FILE_SIZE];
static u32 *const header = (u32 *)(file + HEADER_AT);
static struct elf32_header *const elf = (void *)file;
static struct elf32_segment *const segment =
	(void *)(file + sizeof(struct elf32_header));
static struct guest_memory gm;
static struct guest_entry entry;

static void set_flags(u32 flags)
{
	header[0] = 0x1badb002;
	header[1] = flags;
	header[2] = -(header[0] + header[1]);
}

static int setup(void **state)
{
	guest_ram_make(&gm, RAM);
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
	guest_ram_free();
	return 0;
}

static const char *load(size_t size, size_t module_size)
{
	u8 *exact = malloc(size); /* so that the sanitizer sees its end */
	u8 *module = calloc(1, module_size + 1);
	const struct load_module modules[] = {
		{ module, module_size, "initrd.cpio" },
		{ "second", 7, "another name" },
	};
	const struct load_request request = { .kernel = exact,
					      .kernel_size = size,
					      .modules = modules,
					      .module_count = module_size ? 2
									  : 0,
					      .cmdline = "a b" };
	const char *status;

	memcpy(exact, file, size);
	module[0] = 0x77;
	status = guest_load(&gm, &request, &entry);
	free(module);
	free(exact);
	return status;
}

static u32 info_word(size_t index)
{
	return ((u32 *)(guest_ram + entry.rbx))[index];
}

static void elf_is_loaded(void **state)
{
	assert_fault(load(sizeof(file), 0), LOAD_OK);
	assert_int_equal(entry.rip, LOAD + 0x10);
	assert_memory_equal(guest_ram + LOAD, file + SEGMENT_AT, 0x1000);
	assert_int_equal(info_word(0),
			 1 << 0 | 1 << 2 | 1 << 6 | 1 << 9 | 1 << 12);
	assert_int_equal(info_word(1), 639);
	assert_int_equal(info_word(2), (RAM - MIB) / KIB);
	assert_string_equal((char *)guest_ram + info_word(4), "a b");
	assert_string_equal((char *)guest_ram + info_word(16), "Umbra");
	assert_int_equal(entry.rax, 0x2badb002);
	assert_false(entry.long_mode);
	assert_int_equal(info_word(11), 3 * 24);
	assert_int_equal(*(u32 *)(guest_ram + info_word(12)), 20);
}

/* The entry is where the segment of its virtual address has gone. */
static void entry_is_made_physical(void **state)
{
	segment->address = 0xc0000000;
	elf->entry = 0xc0000123;
	assert_fault(load(sizeof(file), 0), LOAD_OK);
	assert_int_equal(entry.rip, LOAD + 0x123);
	elf->entry = 0xc0003000; /* just past it */
	assert_fault(load(sizeof(file), 0), LOAD_NO_ENTRY);
	elf->entry = LOAD + 0x123; /* xv6's is physical */
	assert_fault(load(sizeof(file), 0), LOAD_OK);
	assert_int_equal(entry.rip, LOAD + 0x123);
}

static void elf64_is_loaded(void **state)
{
	const struct elf64_header wide = {
		.ident = { 0x7f, 'E', 'L', 'F', 2, 1, 1 },
		.machine = ELF_MACHINE_X86_64,
		.entry = 0xffffffff80000020,
		.segments = sizeof(wide),
		.segment_size = sizeof(struct elf64_segment),
		.segment_count = 1,
	};
	struct elf64_segment piece = { .type = ELF_SEGMENT_LOAD,
				       .offset = SEGMENT_AT,
				       .address = 0xffffffff80000000,
				       .physical = LOAD,
				       .file_size = 0x1000,
				       .memory_size = 0x3000 };

	memcpy(file, &wide, sizeof(wide));
	memcpy(file + sizeof(wide), &piece, sizeof(piece));
	assert_fault(load(sizeof(file), 0), LOAD_OK);
	assert_int_equal(entry.rip, LOAD + 0x20);
	assert_false(entry.long_mode);
	assert_memory_equal(guest_ram + LOAD, file + SEGMENT_AT, 0x1000);

	piece.offset = ~0ULL; /* offset + size would wrap into the file */
	memcpy(file + sizeof(wide), &piece, sizeof(piece));
	assert_fault(load(sizeof(file), 0), LOAD_TRUNCATED);
	piece.offset = SEGMENT_AT;
	piece.memory_size = ~0ULL;
	memcpy(file + sizeof(wide), &piece, sizeof(piece));
	assert_fault(load(sizeof(file), 0), LOAD_TOO_HIGH);
	assert_int_equal(entry.wanted.start, LOAD);
	((struct elf64_header *)file)->segments = ~0ULL - 8;
	assert_fault(load(sizeof(file), 0), LOAD_TRUNCATED);
	((struct elf64_header *)file)->machine = ELF_MACHINE_386;
	assert_fault(load(sizeof(file), 0), LOAD_NO_FORMAT);
}

static void modules_are_given(void **state)
{
	const u32 *module;

	assert_fault(load(sizeof(file), 5000), LOAD_OK);
	assert_true(info_word(0) & 1 << 3);
	assert_int_equal(info_word(5), 2);
	module = (u32 *)(guest_ram + info_word(6));
	assert_int_equal(module[0] % PAGE_SIZE, 0);
	assert_int_equal(module[1] - module[0], 5000);
	assert_int_equal(guest_ram[module[0]], 0x77);
	assert_string_equal((char *)guest_ram + module[2], "initrd.cpio");
	assert_int_equal(module[4] % PAGE_SIZE, 0);
	assert_int_equal(module[5] - module[4], 7);
	assert_true(module[5] <= module[0]);
	assert_string_equal((char *)guest_ram + module[4], "second");
	assert_string_equal((char *)guest_ram + module[6], "another name");

	assert_fault(load(sizeof(file), 0), LOAD_OK);
	assert_false(info_word(0) & 1 << 3);
}

static void flat_is_loaded(void **state)
{
	set_flags(3 | 1 << 16);
	header[3] = LOAD + HEADER_AT - 0x80; /* the file from 80h on */
	header[4] = LOAD;
	header[5] = LOAD + 0x1000;
	header[6] = LOAD + 0x2000;
	header[7] = LOAD + 0x44;
	assert_fault(load(sizeof(file), 0), LOAD_OK);
	assert_int_equal(entry.rip, LOAD + 0x44);
	assert_memory_equal(guest_ram + LOAD, file + 0x80, 0x1000);
	assert_int_equal(*(u32 *)(guest_ram + LOAD + 0x1000), 0);

	header[5] = 0; /* all of it */
	assert_fault(load(sizeof(file), 0), LOAD_OK);
	assert_memory_equal(guest_ram + LOAD, file + 0x80, sizeof(file) - 0x80);
	header[5] = LOAD + FILE_SIZE;
	assert_fault(load(sizeof(file), 0), LOAD_TRUNCATED);
	header[5] = LOAD - 1;
	assert_fault(load(sizeof(file), 0), LOAD_BAD_HEADER);
	header[3] = LOAD + HEADER_AT + 1;
	assert_fault(load(sizeof(file), 0), LOAD_BAD_HEADER);
	header[3] = LOAD - 1;
	assert_fault(load(sizeof(file), 0), LOAD_BAD_HEADER);
}

static void bad_files_are_refused(void **state)
{
	assert_fault(load(HEADER_AT + 8, 0), LOAD_UNKNOWN_KIND);
	assert_fault(load(SEGMENT_AT + 0x800, 0), LOAD_TRUNCATED);
	segment->offset = 0xfffffff0;
	assert_fault(load(sizeof(file), 0), LOAD_TRUNCATED);
	elf->segments = 0xfffffff0;
	assert_fault(load(sizeof(file), 0), LOAD_TRUNCATED);
	assert_int_equal(entry.wanted.end, 0);
	elf->machine = 62;
	assert_fault(load(sizeof(file), 0), LOAD_NO_FORMAT);
	set_flags(1 << 3);
	assert_fault(load(sizeof(file), 0), LOAD_UNSUPPORTED);
	set_flags(1 << 2); /* a video mode; offset 20h has its type */
	header[8] = 2;
	assert_fault(load(sizeof(file), 0), LOAD_UNSUPPORTED);
	header[2]++;
	assert_fault(load(sizeof(file), 0), LOAD_UNKNOWN_KIND);
}

static void memory_has_bounds(void **state)
{
	static const u32 wrong[][2] = { { RAM - 0x2000, 0x3000 },
					{ RAM, 0x1000 },
					{ LOAD, 0xfff00000 },
					{ 0xfffff000, 0x1000 } };

	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		u64 end = (u64)wrong[i][0] + wrong[i][1];

		segment->physical = wrong[i][0];
		segment->memory_size = wrong[i][1];
		assert_fault(load(sizeof(file), 0),
			     end > 4 * GIB ? LOAD_TOO_HIGH : LOAD_NO_MEMORY);
		assert_int_equal(entry.wanted.start, wrong[i][0]);
		assert_int_equal(entry.wanted.end, end);
	}
	segment->physical = LOAD;
	segment->memory_size = 0x1000;
	assert_fault(load(sizeof(file), RAM), LOAD_MODULE_TOO_LARGE);
	assert_fault(load(sizeof(file), RAM + PAGE_SIZE),
		     LOAD_MODULE_TOO_LARGE);
	/* The second module, of a page, must not lie on the kernel. */
	assert_fault(load(sizeof(file), RAM - LOAD - 0x2000), LOAD_OK);
	assert_fault(load(sizeof(file), RAM - LOAD - 0x1fff),
		     LOAD_MODULE_TOO_LARGE);
}

/* A module may not lie on the firmware, either, where the kernel is below. */
static void modules_are_above_the_firmware(void **state)
{
	segment->physical = 0x10000;
	elf->entry = 0x10010;
	assert_fault(load(sizeof(file), RAM - MIB - PAGE_SIZE), LOAD_OK);
	assert_fault(load(sizeof(file), RAM - MIB - PAGE_SIZE + 1),
		     LOAD_MODULE_TOO_LARGE);
	assert_fault(load(sizeof(file), RAM - 0x20000), LOAD_MODULE_TOO_LARGE);
}

/* With the wish for text, or for graphics (0): there are no other modes. */
static void text_mode_is_there(void **state)
{
	set_flags(1 << 2);
	for (header[8] = 0; header[8] < 2; header[8]++)
		assert_fault(load(sizeof(file), 0), LOAD_OK);
	assert_int_equal(info_word(22), 0xb8000);
	assert_int_equal(info_word(23), 0);
	assert_int_equal(info_word(24), 160);
	assert_int_equal(info_word(25), 80);
	assert_int_equal(info_word(26), 25);
	assert_int_equal(info_word(27), 2 << 8 | 16);
}

/* Memory of the loader or the firmware, and a hole, are refused by name. */
static void low_memory(void **state)
{
	static const struct {
		u32 address;
		const char *status;
	} cases[] = {
		{ 0x0, LOAD_OCCUPIED },	    { 0x9000, LOAD_OCCUPIED },
		{ 0xffff, LOAD_OCCUPIED },  { 0x10000, LOAD_OK },
		{ 0x9ec00, LOAD_OK },	    { 0x9ec01, LOAD_OCCUPIED },
		{ 0xa0000, LOAD_OCCUPIED }, { 0xff000, LOAD_OCCUPIED },
		{ 0x100000, LOAD_OK },
	};

	segment->memory_size = 0x1000;
	elf->entry = 0;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		segment->physical = cases[i].address;
		elf->entry = cases[i].address;
		assert_fault(load(sizeof(file), 0), cases[i].status);
		if (cases[i].status == LOAD_OK)
			assert_memory_equal(guest_ram + cases[i].address,
					    file + SEGMENT_AT, 0x1000);
	}
}

/* A file as `ld -Ttext 0x100000` makes it. */
static void headers_alone_are_skipped(void **state)
{
	const struct elf32_segment text = *segment;

	elf->segment_count = 2;
	segment->offset = 0;
	segment->physical = 0xff000;
	segment->file_size = sizeof(*elf) + 2 * sizeof(*segment);
	segment->memory_size = segment->file_size;
	segment[1] = text;
	set_flags(3);
	assert_fault(load(sizeof(file), 0), LOAD_OK);
	assert_int_equal(guest_ram[0xff000], 0);
	segment->file_size++; /* with a byte that is no header */
	segment->memory_size++;
	assert_fault(load(sizeof(file), 0), LOAD_OCCUPIED);
	segment->file_size++; /* more than it has in memory */
	assert_fault(load(sizeof(file), 0), LOAD_BAD_SEGMENT);
}

/* --- Malformed ELFs ------------------------------------------------------- */

static void more_in_the_file(void)
{
	segment->memory_size = segment->file_size - 1;
}

static void segment_behind_the_file(void)
{
	segment->offset = FILE_SIZE + 1;
}

static void segment_cut_off(void)
{
	segment->offset = FILE_SIZE - segment->file_size + 1;
}

static void offset_that_wraps(void)
{
	segment->offset = 0xfffff000;
}

static void address_that_wraps(void)
{
	segment->physical = 0xffffe000;
}

static void table_behind_the_file(void)
{
	elf->segments = FILE_SIZE - sizeof(*segment) + 1;
}

static void table_longer_than_the_file(void)
{
	elf->segment_count = 0xffff;
	memset(segment + 1, 0, HEADER_AT - sizeof(*elf) - sizeof(*segment));
}

static void entries_of_another_size(void)
{
	elf->segment_size = sizeof(struct elf64_segment);
}

static void no_segments(void)
{
	elf->segment_count = 0;
}

static void nothing_to_load(void)
{
	segment->type = ELF_SEGMENT_LOAD + 1;
}

static void too_many_segments(void)
{
	elf->segments = SEGMENT_AT;
	elf->segment_count = 65;
	for (u32 i = 0; i < elf->segment_count; i++)
		((struct elf32_segment *)(file + SEGMENT_AT))[i] =
			(struct elf32_segment){ .type = ELF_SEGMENT_LOAD,
						.offset = 1,
						.physical = LOAD + 8 * i,
						.memory_size = 8 };
}

static void overlapping_segments(void)
{
	elf->segment_count = 2;
	segment[1] = *segment;
	segment[1].physical += segment->memory_size - 1;
	set_flags(3);
}

static void entry_before_all(void)
{
	elf->entry = LOAD - 1;
}

static void entry_behind_all(void)
{
	elf->entry = LOAD + segment->memory_size;
}

static void of_another_processor(void)
{
	elf->machine = 40; /* ARM */
}

static void of_another_byte_order(void)
{
	elf->ident[5] = 2;
}

static const struct malformed {
	void (*make)(void);
	const char *status;
	const char *word; /* of the message */
	u32 wanted; /* the address that is named; 0: none */
} malformed[] = {
	{ more_in_the_file, LOAD_BAD_SEGMENT, "larger in the file", 0 },
	{ segment_behind_the_file, LOAD_TRUNCATED, "not in the file", 0 },
	{ segment_cut_off, LOAD_TRUNCATED, "not in the file", 0 },
	{ offset_that_wraps, LOAD_TRUNCATED, "not in the file", 0 },
	{ address_that_wraps, LOAD_TOO_HIGH, "above 4 GiB", 0xffffe000 },
	{ table_behind_the_file, LOAD_TRUNCATED, "not in the file", 0 },
	{ table_longer_than_the_file, LOAD_TRUNCATED, "not in the file", 0 },
	{ entries_of_another_size, LOAD_BAD_HEADER, "contradicts", 0 },
	{ no_segments, LOAD_NO_SEGMENT, "no segment", 0 },
	{ nothing_to_load, LOAD_NO_SEGMENT, "no segment", 0 },
	{ too_many_segments, LOAD_TOO_MANY_SEGMENTS, "more than 64", 0 },
	{ overlapping_segments, LOAD_OVERLAP, "same place", LOAD + 0x2fff },
	{ entry_before_all, LOAD_NO_ENTRY, "entry point", 0 },
	{ entry_behind_all, LOAD_NO_ENTRY, "entry point", 0 },
	{ of_another_processor, LOAD_NO_FORMAT, "no ELF file for x86", 0 },
	{ of_another_byte_order, LOAD_NO_FORMAT, "no ELF file for x86", 0 },
};

static void malformed_elfs(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(malformed); i++) {
		const struct malformed *m = &malformed[i];
		const char *status;

		teardown(state);
		setup(state);
		m->make();
		status = load(sizeof(file), 0);
		assert_fault(status, m->status);
		assert_non_null(strstr(status, m->word));
		assert_int_equal(entry.wanted.start, m->wanted);
	}
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(elf_is_loaded),
		TEST(modules_are_given),
		TEST(modules_are_above_the_firmware),
		TEST(elf64_is_loaded),
		TEST(entry_is_made_physical),
		TEST(flat_is_loaded),
		TEST(bad_files_are_refused),
		TEST(memory_has_bounds),
		TEST(text_mode_is_there),
		TEST(low_memory),
		TEST(headers_alone_are_skipped),
		TEST(malformed_elfs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
