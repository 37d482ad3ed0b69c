/* SPDX-License-Identifier: MIT */
/* The names of the built-in guests: see builtin.h. */
#include "guest/builtin/builtin.h"

/* All built-in guests are one kernel; the name selects the program, which
   guest/builtin/programs.c has. */
const char *const builtin_names[] = {
	"demo", "bench",	"hello",     "exit-status", "halt",
	"spin", "triple-fault", "real-mode", NULL,
};

bool builtin_exists(const char *arguments)
{
	for (const char *const *name = builtin_names; *name; name++)
		if (builtin_is_named(arguments, *name))
			return true;
	return false;
}
