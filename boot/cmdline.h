/* SPDX-License-Identifier: MIT */
/*
 * The command line: words "key=value" and "key", separated by blanks, with
 * "double quotes" around what contains blanks. Which keys there are is a
 * table. Pure C; nothing is ignored in silence.
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
	void *destination; /* of the type that the kind says; holds the default */
	const char *const *choices; /* OPTION_CHOICE: names, NULL at the end */
	size_t size; /* OPTION_STRING */
	u64 min, max; /* OPTION_U64: both allowed; 0, 0: any */
	const char *help; /* half a line */
};

/* The faults of a word, in words. */
#define CMDLINE_OK NULL
#define CMDLINE_UNKNOWN "there is no such option"
#define CMDLINE_NO_VALUE "this option needs a value: name=value"
#define CMDLINE_BAD_VALUE "this option has no such value"
#define CMDLINE_OUT_OF_RANGE "the number is out of range"
#define CMDLINE_TOO_LONG "the text is too long"
#define CMDLINE_QUOTE "the quote is not closed"

#define CMDLINE_WORD_MAX 512

struct cmdline_error {
	const char *fault; /* CMDLINE_OK: none */
	char word[CMDLINE_WORD_MAX]; /* the word at fault, cut if too long */
	const struct option *option; /* NULL if unknown */
};

/*
 * Stores what `line` says by the table; a later word overrides an earlier.
 * *error tells the first fault; all good words are stored nevertheless, so that
 * how to report and how to end are known by then.
 */
const char *cmdline_parse(const char *line, const struct option *table,
			  size_t count, struct cmdline_error *error);

/* The option whose name has the smallest edit distance from the word's. */
const struct option *cmdline_nearest(const struct option *table, size_t count,
				     const char *word);

/* Logs the fault in words, and the option with its values, or the nearest one. */
void cmdline_explain(const struct cmdline_error *error,
		     const struct option *table, size_t count);

#endif
