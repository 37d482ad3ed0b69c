/* SPDX-License-Identifier: MIT */
/*
 * Function names for the backtrace, from the image's own ELF symbol table. The
 * boot loader puts it into memory and passes the section headers; sh_addr is
 * the address of each section. Only a panic reads it, when little can be
 * trusted: every index is checked.
 */
#include "arch/x86/paging.h"
#include "arch/x86/panic.h"
#include "arch/x86/boot_symbols.h"

static const struct elf64_symbol *symbols;
static u64 symbol_count;
static const char *names;
static u64 names_size;

void symbols_init(const struct boot_elf *elf)
{
	struct elf64_section table, strings;

	if (!boot_symbols(elf, &table, &strings))
		return;
	symbols = phys_to_virt(table.address);
	symbol_count = table.size / sizeof(*symbols);
	names = phys_to_virt(strings.address);
	names_size = strings.size;
}

const char *symbol_at(u64 address, u64 *offset)
{
	for (u64 i = 0; i < symbol_count; i++) {
		const struct elf64_symbol *s = &symbols[i];

		if ((s->info & ELF_SYMBOL_TYPE) != ELF_SYMBOL_FUNCTION ||
		    address < s->value || address - s->value >= s->size ||
		    s->name >= names_size)
			continue;
		for (u64 end = s->name; end < names_size; end++) {
			if (!names[end]) {
				*offset = address - s->value;
				return names + s->name;
			}
		}
	}
	return NULL;
}
