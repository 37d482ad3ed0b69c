/* SPDX-License-Identifier: MIT */
/*
 * Function names for backtraces, from good symbol tables and bad ones. The
 * "physical" addresses in the section headers are this program's own.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "lib/types.h"

/* In the place of arch/x86/paging.h. */
#define ARCH_X86_PAGING_H
static void *phys_to_virt(hpa_t hpa)
{
	return (void *)hpa;
}

#include "arch/x86/symbols.c"
#include "boot/multiboot2.h"

static const char strings[] = "\0first\0second\0unended!";

#define NAME_FIRST 1
#define NAME_SECOND 7
#define NAME_UNENDED 14
#define STRINGS_SIZE 21 /* without the last name's end */

static const struct elf64_symbol table[] = {
	{ .name = NAME_FIRST,
	  .info = 1, /* an object, not a function */
	  .value = 0x1000,
	  .size = 0x1000 },
	{ .name = NAME_FIRST, .info = 0x12, .value = 0x1000, .size = 0x10 },
	{ .name = NAME_SECOND, .info = 0x02, .value = 0x1010, .size = 0x20 },
	{ .name = NAME_UNENDED, .info = 0x12, .value = 0x2000, .size = 0x10 },
	{ .name = 1000, .info = 0x12, .value = 0x3000, .size = 0x10 },
	{ .name = NAME_FIRST, .info = 0x12, .value = ~0ULL - 0xf, .size = 0x10 },
};

static struct elf64_section sections[3];

static int setup(void **state)
{
	memset(sections, 0, sizeof(sections));
	sections[1] = (struct elf64_section){ .type = ELF_SECTION_SYMTAB,
					      .address = (u64)table,
					      .size = sizeof(table),
					      .link = 2 };
	sections[2] = (struct elf64_section){ .type = ELF_SECTION_STRTAB,
					      .address = (u64)strings,
					      .size = STRINGS_SIZE };
	symbol_count = 0;
	return 0;
}

static void init_symbols(u32 count, u32 entry_size)
{
	const struct boot_elf elf = { sections, count, entry_size };

	symbols_init(&elf);
}

static void assert_symbol(u64 address, const char *name, u64 offset)
{
	u64 found;
	const char *s = symbol_at(address, &found);

	if (!name) {
		assert_null(s);
		return;
	}
	assert_non_null(s);
	assert_string_equal(s, name);
	assert_int_equal(found, offset);
}

static void test_lookup(void **state)
{
	init_symbols(3, sizeof(sections[0]));
	assert_symbol(0xfff, NULL, 0);
	assert_symbol(0x1000, "first", 0);
	assert_symbol(0x100f, "first", 0xf);
	assert_symbol(0x1010, "second", 0);
	assert_symbol(0x102f, "second", 0x1f);
	assert_symbol(0x1030, NULL, 0);
	assert_symbol(0x2000, NULL, 0); /* its name runs out of the table */
	assert_symbol(0x3000, NULL, 0); /* its name is outside */
	assert_symbol(~0ULL, "first", 0xf);
}

static void test_no_table(void **state)
{
	init_symbols(0, 0);
	assert_symbol(0x1000, NULL, 0);
	init_symbols(3, sizeof(sections[0]) - 1);
	assert_symbol(0x1000, NULL, 0);
	init_symbols(2, sizeof(sections[0])); /* without its strings' header */
	assert_symbol(0x1000, NULL, 0);
	sections[2].address = 0; /* not loaded */
	init_symbols(3, sizeof(sections[0]));
	assert_symbol(0x1000, NULL, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_lookup, setup),
		cmocka_unit_test_setup(test_no_table, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
