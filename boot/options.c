/* SPDX-License-Identifier: MIT */
/* The table of options: names, defaults, and a line of help for each. */
#include "boot/cmdline.h"
#include "boot/options.h"

static const char *const end_methods[] = {
	[END_BY_HALT] = "halt",
	[END_BY_RESET] = "reset",
	[END_BY_BOCHS] = "bochs",
	[END_BY_QEMU] = "qemu",
	NULL,
};

bool options_parse(const char *cmdline, struct options *options)
{
	struct option table[] = {
		{ .name = "exit",
		  .kind = OPTION_CHOICE,
		  .destination = &options->exit,
		  .choices = end_methods,
		  .help = "how to end the machine after the run" },
	};
	static struct cmdline_error error; /* too large for the stack */

	*options = (struct options){ .exit = END_BY_HALT };
	if (cmdline_parse(cmdline, table, ARRAY_SIZE(table), &error) ==
	    CMDLINE_OK)
		return true;
	cmdline_explain(&error, table, ARRAY_SIZE(table));
	return false;
}
