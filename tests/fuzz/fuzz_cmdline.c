/* SPDX-License-Identifier: MIT */
/* Fuzzes the command line with an option of each kind. */
#include <stdlib.h>
#include <string.h>

#include "boot/cmdline.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	static const char *const choices[] = { "a", "bb", NULL };
	static struct cmdline_error error;
	bool flag = false;
	u64 number = 5;
	unsigned int choice = 0;
	char *text = calloc(1, 6);
	char *line = malloc(size + 1);
	const struct option table[] = {
		{ .name = "f", .kind = OPTION_BOOL, .destination = &flag },
		{ .name = "n",
		  .kind = OPTION_U64,
		  .destination = &number,
		  .min = 1,
		  .max = 1000 },
		{ .name = "c",
		  .kind = OPTION_CHOICE,
		  .destination = &choice,
		  .choices = choices },
		{ .name = "t",
		  .kind = OPTION_STRING,
		  .destination = text,
		  .size = 6 },
	};

	memcpy(line, data, size);
	line[size] = '\0';
	if (cmdline_parse(line, table, ARRAY_SIZE(table), &error) !=
	    error.fault)
		abort();
	if (number < 1 || number > 1000 || choice > 1 || strlen(text) > 5 ||
	    strlen(error.word) >= CMDLINE_WORD_MAX)
		abort();
	free(line);
	free(text);
	return 0;
}
