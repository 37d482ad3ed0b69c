/* SPDX-License-Identifier: MIT */
/*
 * What of the ELF format (System V ABI, chapter 4, and its 64-bit supplement)
 * Umbra reads: section headers and symbols.
 */
#ifndef LIB_ELF_H
#define LIB_ELF_H

#include "lib/types.h"

#define ELF_SECTION_SYMTAB 2
#define ELF_SECTION_STRTAB 3

struct elf64_section {
	u32 name;
	u32 type;
	u64 flags;
	u64 address;
	u64 offset;
	u64 size;
	u32 link; /* SYMTAB: the index of its string table */
	u32 info;
	u64 alignment;
	u64 entry_size;
};

#define ELF_SYMBOL_TYPE 0xf
#define ELF_SYMBOL_FUNCTION 2

struct elf64_symbol {
	u32 name; /* offset in the string table */
	u8 info;
	u8 other;
	u16 section;
	u64 value;
	u64 size;
};

#endif
