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

/* Returns the value of a hexadecimal digit, or 16 if @c is none. */
unsigned int parse_digit(char c);

/*
 * Reads a number that has only digits of @base and is at most @max; 0x before a
 * hexadecimal one is optional. Returns false if @word is no such number.
 */
bool parse_number(const char *word, unsigned int base, u64 max, u64 *value);

static inline bool parse_hex(const char *word, u64 *value)
{
	return parse_number(word, 16, ~0ULL, value);
}

/* Returns true if @text begins with @prefix, in capitals or not. */
bool begins_with(const char *text, const char *prefix);

#endif
