/* SPDX-License-Identifier: MIT */
/*
 * The part of the ELF format (System V ABI, chapter 4, and its 64-bit
 * supplement) that Umbra reads: section headers, symbols, and the segments to
 * load.
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
	u32 link; /* of SYMTAB: the index of its string table */
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

/* ELF of 32 or 64 bits, little-endian, version 1. */
#define ELF32_IDENT                                                            \
	"\x7f"                                                                 \
	"ELF\1\1\1"
#define ELF64_IDENT                                                            \
	"\x7f"                                                                 \
	"ELF\2\1\1"
#define ELF_IDENT_SIZE 7
#define ELF_MACHINE_386 3
#define ELF_MACHINE_X86_64 62
#define ELF_SEGMENT_LOAD 1

struct elf32_header {
	u8 ident[16];
	u16 type;
	u16 machine;
	u32 version;
	u32 entry;
	u32 segments; /* file offset of the program headers */
	u32 sections;
	u32 flags;
	u16 header_size;
	u16 segment_size;
	u16 segment_count;
	u16 section_size;
	u16 section_count;
	u16 section_names;
};

struct elf64_header {
	u8 ident[16];
	u16 type;
	u16 machine;
	u32 version;
	u64 entry;
	u64 segments;
	u64 sections;
	u32 flags;
	u16 header_size;
	u16 segment_size;
	u16 segment_count;
	u16 section_size;
	u16 section_count;
	u16 section_names;
};

struct elf64_segment {
	u32 type;
	u32 flags;
	u64 offset;
	u64 address;
	u64 physical;
	u64 file_size;
	u64 memory_size;
	u64 alignment;
};

struct elf32_segment {
	u32 type;
	u32 offset;
	u32 address;
	u32 physical;
	u32 file_size;
	u32 memory_size;
	u32 flags;
	u32 alignment;
};

#endif
