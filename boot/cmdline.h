/* SPDX-License-Identifier: MIT */
/*
 * The command line: words "key=value" and "key", separated by blanks; a value
 * that contains blanks stands in "double quotes". A table lists the keys. Pure
 * C; nothing is ignored in silence.
 */
#ifndef BOOT_CMDLINE_H
#define BOOT_CMDLINE_H

#include "lib/types.h"

enum option_kind {
	OPTION_BOOL, /* bool: key, key=1|0|on|off|yes|no */
	OPTION_U64, /* u64: decimal, 0x..., with suffix K, M or G */
	OPTION_CHOICE, /* unsigned int: the index in `choices` */
	OPTION_STRING /* char[size], with its NUL */
};

struct option {
	const char *name;
	enum option_kind kind;
	void *destination; /* a variable of the kind's type */
	const char *const *choices; /* OPTION_CHOICE: names, NULL at the end */
	size_t size; /* OPTION_STRING: bytes, with the NUL */
	u64 min, max; /* OPTION_U64: both are allowed; both 0: any number */
	const char *help; /* one line of the screen, after the name */
};

/* The faults of a word, in words. */
#define CMDLINE_OK NULL
#define CMDLINE_UNKNOWN "there is no such option"
#define CMDLINE_NO_VALUE "this option needs a value: name=value"
#define CMDLINE_BAD_VALUE "this option has no such value"
#define CMDLINE_OUT_OF_RANGE "the number is out of range"
#define CMDLINE_TOO_LONG "the text is too long"
#define CMDLINE_QUOTE "the quote is not closed"

#define CMDLINE_WORD_MAX 512 /* Maximum size of a word, with its NUL */

struct cmdline_error {
	const char *fault; /* CMDLINE_OK if there is none */
	char word[CMDLINE_WORD_MAX]; /* the word at fault, cut if too long */
	const struct option *option; /* NULL if unknown */
};

/*
 * Stores the values of @line in the destinations of the table; a later word
 * overrides an earlier one. Returns CMDLINE_OK or the first fault, which *error
 * describes. All good words are stored in spite of a fault, so that the console
 * and the way to end are known when it is reported.
 */
const char *cmdline_parse(const char *line, const struct option *table,
			  size_t count, struct cmdline_error *error);

/* Returns the option whose name is nearest to the word by edit distance. */
const struct option *cmdline_nearest(const struct option *table, size_t count,
				     const char *word);

/* Logs the fault in words, and the option with its values, or the nearest one. */
void cmdline_explain(const struct cmdline_error *error,
		     const struct option *table, size_t count);

#endif
