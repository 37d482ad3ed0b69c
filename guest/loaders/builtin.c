/* SPDX-License-Identifier: MIT */
/* The table of built-in guests: see builtin.h. */
#include "guest/builtin/builtin.h"

#include "lib/string.h"

extern const u8 builtin_blob_start[];
extern const u8 builtin_blob_end[];

/* They share one kernel, and differ in the program that it runs. */
#define BUILTIN(program)                                                       \
	{                                                                      \
		.name = program, .start = builtin_blob_start,                  \
		.end = builtin_blob_end, .load = BUILTIN_LOAD_GPA,             \
		.entry = BUILTIN_ENTRY_GPA                                     \
	}

const struct builtin_guest builtin_guests[] = {
	BUILTIN("demo"),  BUILTIN("bench"),	   BUILTIN("check"),
	BUILTIN("hello"), BUILTIN("exit-status"),  BUILTIN("halt"),
	BUILTIN("spin"),  BUILTIN("triple-fault"), BUILTIN("real-mode"),
	BUILTIN("pae"),	  { .name = NULL }
};

const struct builtin_guest *builtin_find(const char *arguments)
{
	const struct builtin_guest *guest;
	size_t length = 0;

	while (arguments[length] && !BUILTIN_IS_SEPARATOR(arguments[length]))
		length++;
	for (guest = builtin_guests; guest->name; guest++)
		if (strlen(guest->name) == length &&
		    !strncmp(guest->name, arguments, length))
			return guest;
	return NULL;
}
