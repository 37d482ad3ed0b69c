/* SPDX-License-Identifier: MIT */
#include "lib/parse.h"
#include "lib/string.h"

static bool is_blank(char c)
{
	return c == ' ' || c == '=';
}

size_t parse_words(char *text, char *words[], size_t max)
{
	size_t count = 0, end = strlen(text);

	while (end && is_blank(text[end - 1]))
		text[--end] = '\0';
	while (count < max) {
		while (is_blank(*text))
			*text++ = '\0';
		if (!*text)
			break;
		words[count++] = text;
		while (*text && !is_blank(*text))
			text++;
	}
	return count;
}

static char small(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c | ('a' ^ 'A')) : c;
}

unsigned int parse_digit(char c)
{
	if (c >= '0' && c <= '9')
		return (unsigned int)(c - '0');
	c = small(c);
	return c >= 'a' && c <= 'f' ? 10 + (unsigned int)(c - 'a') : 16;
}

bool parse_number(const char *word, unsigned int base, u64 max, u64 *value)
{
	u64 sum = 0;

	if (base == 16 && word[0] == '0' && small(word[1]) == 'x')
		word += 2;
	if (!*word)
		return false;
	for (; *word; word++) {
		unsigned int d = parse_digit(*word);

		if (d >= base || d > max || sum > (max - d) / base)
			return false;
		sum = sum * base + d;
	}
	*value = sum;
	return true;
}

bool begins_with(const char *text, const char *prefix)
{
	for (; *prefix; text++, prefix++)
		if (small(*text) != small(*prefix))
			return false;
	return true;
}
