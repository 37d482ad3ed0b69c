/* SPDX-License-Identifier: MIT */
#include "lib/string.h"
#include "vmx/monitor/parse.h"

#define PREFIX "mmu."
#define PREFETCH "prefetch"

size_t parse_words(char *text, char *words[], size_t max)
{
	size_t count = 0;

	for (;;) {
		while (*text == ' ')
			*text++ = '\0';
		if (!*text)
			return count;
		if (count == max)
			return max + 1;
		words[count++] = text;
		while (*text && *text != ' ')
			text++;
	}
}

static char small(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c | ('a' ^ 'A')) : c;
}

/* The value of a digit; one that is no digit is 16 or more. */
static unsigned int digit(char c)
{
	if (c >= '0' && c <= '9')
		return (unsigned int)(c - '0');
	c = small(c);
	return c >= 'a' && c <= 'f' ? 10 + (unsigned int)(c - 'a') : 16;
}

/* Returns false unless all of @word are digits, and the value is <= @max. */
static bool number(const char *word, unsigned int base, u64 max, u64 *value)
{
	u64 sum = 0;

	if (!*word)
		return false;
	for (; *word; word++) {
		unsigned int d = digit(*word);

		if (d >= base || d > max || sum > (max - d) / base)
			return false;
		sum = sum * base + d;
	}
	*value = sum;
	return true;
}

bool parse_hex(const char *word, u64 *value)
{
	if (word[0] == '0' && (word[1] == 'x' || word[1] == 'X'))
		word += 2;
	return number(word, 16, ~0ULL, value);
}

bool parse_decimal(const char *word, u64 *value)
{
	return number(word, 10, ~0ULL, value);
}

bool begins_with(const char *text, const char *prefix)
{
	for (; *prefix; text++, prefix++)
		if (small(*text) != small(*prefix))
			return false;
	return true;
}

/* Returns the text behind "@name=" in @word, or NULL. */
static const char *value_of(const char *word, const char *name)
{
	size_t length = strlen(name);

	return strncmp(word, name, length) || word[length] != '='
		       ? NULL
		       : word + length + 1;
}

static bool parse_switch(const char *word, struct mmu_policy *policy)
{
	const char *text = value_of(word, PREFETCH);
	u64 value;

	if (text) {
		if (!number(text, 10, MMU_PREFETCH_MAX, &value))
			return false;
		policy->prefetch = mmu_prefetch_window(value);
		return true;
	}
	for (unsigned int i = 0; i < MMU_SWITCHES; i++) {
		text = value_of(word, mmu_switches[i].name + strlen(PREFIX));
		if (!text)
			continue;
		if (!number(text, 10, 1, &value))
			return false;
		mmu_switch_set(policy, i, value);
		return true;
	}
	return false;
}

bool parse_policy(const char *word, struct mmu_policy *policy)
{
	for (unsigned int rung = 0; rung < MMU_RUNGS; rung++) {
		if (strcmp(word, mmu_rung_names[rung]))
			continue;
		*policy = mmu_rung_policies[rung];
		return true;
	}
	if (!strncmp(word, PREFIX, strlen(PREFIX)))
		word += strlen(PREFIX);
	return parse_switch(word, policy);
}
