/* SPDX-License-Identifier: MIT */
/*
 * Finds the image's symbol table in memory, where the boot loader has put it:
 * frames.c keeps that memory, symbols.c reads it. Pure; only headers that the
 * loader has passed are read.
 */
#ifndef ARCH_X86_BOOT_SYMBOLS_H
#define ARCH_X86_BOOT_SYMBOLS_H

#include "arch/x86/boot_info.h"
#include "lib/elf.h"
#include "lib/string.h"

/* Copies section header @index. Returns false if there is no 64-bit one. */
static inline bool boot_section(const struct boot_elf *elf, u32 index,
				struct elf64_section *section)
{
	if (index >= elf->count || elf->entry_size < sizeof(*section))
		return false;
	memcpy(section, (const u8 *)elf->headers + (u64)index * elf->entry_size,
	       sizeof(*section));
	return true;
}

/* Returns false if the loader has passed no symbol table with its strings. */
static inline bool boot_symbols(const struct boot_elf *elf,
				struct elf64_section *table,
				struct elf64_section *strings)
{
	for (u32 i = 0; boot_section(elf, i, table); i++)
		if (table->type == ELF_SECTION_SYMTAB && table->address &&
		    boot_section(elf, table->link, strings) && strings->address)
			return true;
	return false;
}

#endif
