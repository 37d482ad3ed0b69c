/* SPDX-License-Identifier: MIT */
/*
 * The built-in guests, as Umbra sees them: one small kernel, a flat binary
 * linked into the image, that runs the program named by its first argument.
 *
 * The contract: Umbra copies the blob to BUILTIN_LOAD_GPA, and the arguments
 * ("exit-status:7"; at most BUILTIN_ARGUMENTS_MAX bytes with the NUL) to
 * BUILTIN_ARGUMENTS_GPA. The guest starts at BUILTIN_ENTRY_GPA in 32-bit
 * protected mode with flat segments, paging and interrupts off, and EBX = the
 * address of the arguments. It ends with a 32-bit OUT of its status to
 * BUILTIN_EXIT_PORT. It needs BUILTIN_MEMORY_MIN bytes of RAM from address 0,
 * and COM1.
 */
#ifndef GUEST_BUILTIN_BUILTIN_H
#define GUEST_BUILTIN_BUILTIN_H

#include "lib/types.h"

#define BUILTIN_LOAD_GPA 0x100000
#define BUILTIN_ENTRY_GPA BUILTIN_LOAD_GPA
#define BUILTIN_ARGUMENTS_GPA 0x8000
#define BUILTIN_ARGUMENTS_MAX 256
#define BUILTIN_MEMORY_MIN (16 * MIB)
#define BUILTIN_EXIT_PORT 0xf4

/* A blank separates arguments, or a colon where a blank would need quotes. */
#define BUILTIN_IS_SEPARATOR(c) ((c) == ' ' || (c) == ':')

/* Returns the length of the first word of @arguments, in bytes. */
static inline size_t builtin_name_length(const char *arguments)
{
	size_t length = 0;

	while (arguments[length] && !BUILTIN_IS_SEPARATOR(arguments[length]))
		length++;
	return length;
}

/* Returns true if the first word of @arguments is @name. */
static inline bool builtin_is_named(const char *arguments, const char *name)
{
	size_t length = builtin_name_length(arguments);

	for (size_t i = 0; i < length; i++)
		if (name[i] != arguments[i])
			return false;
	return !name[length];
}

/* The names of the built-in guests; the last one is NULL. */
extern const char *const builtin_names[];

/* The blob, in Umbra's image. */
extern const u8 builtin_blob_start[];
extern const u8 builtin_blob_end[];

/* Returns true if the first word of @arguments names a built-in guest. */
bool builtin_exists(const char *arguments);

#endif
