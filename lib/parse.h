/* SPDX-License-Identifier: MIT */
/* Text that a person or a program has typed: words and numbers. */
#ifndef LIB_PARSE_H
#define LIB_PARSE_H

#include "lib/types.h"

/*
 * Cuts @text at its blanks and '=' into @words, at most @max of them; number
 * @max is all of the rest. Returns their number.
 */
size_t parse_words(char *text, char *words[], size_t max);

/* The value of a hexadecimal digit; 16: it is none. */
unsigned int parse_digit(char c);

/*
 * A number of digits of @base alone, up to @max; a hexadecimal one with or
 * without 0x. Returns false if @word is none.
 */
bool parse_number(const char *word, unsigned int base, u64 max, u64 *value);

static inline bool parse_hex(const char *word, u64 *value)
{
	return parse_number(word, 16, ~0ULL, value);
}

/* Returns true if @text begins with @prefix, in capitals or not. */
bool begins_with(const char *text, const char *prefix);

#endif
