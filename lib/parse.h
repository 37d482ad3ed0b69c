/* SPDX-License-Identifier: MIT */
/* Text that a person or a program has typed: words and numbers. */
#ifndef LIB_PARSE_H
#define LIB_PARSE_H

#include "lib/types.h"

/*
 * Cuts @text at its blanks and '=' into at most @max words; the last of @max
 * words has all the rest of the text. Returns the number of words.
 */
size_t parse_words(char *text, char *words[], size_t max);

/* Returns the value of a hexadecimal digit, or 16 if @c is none. */
unsigned int parse_digit(char c);

/*
 * Reads a number of @base, at most @max; a hexadecimal one may begin with 0x.
 * Returns false if @word has another character or is too large.
 */
bool parse_number(const char *word, unsigned int base, u64 max, u64 *value);

/* The same for a hexadecimal number of up to 64 bits. */
static inline bool parse_hex(const char *word, u64 *value)
{
	return parse_number(word, 16, ~0ULL, value);
}

/* Returns true if @text begins with @prefix, in capital or small letters. */
bool begins_with(const char *text, const char *prefix);

#endif
