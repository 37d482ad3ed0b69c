/* SPDX-License-Identifier: MIT */
#include "lib/string.h"
#include "vmx/monitor/parse.h"

#define PREFIX "mmu."
#define PREFETCH "prefetch"

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

static bool parse_switch(const char *name, const char *value,
			 struct mmu_policy *policy)
{
	u64 number_of;
	bool on = !strcmp(value, "on") || !strcmp(value, "1");

	if (!strcmp(name, PREFETCH)) {
		if (!parse_number(value, 10, MMU_PREFETCH_MAX, &number_of))
			return false;
		policy->prefetch = mmu_prefetch_window(number_of);
		return true;
	}
	if (!on && strcmp(value, "off") && strcmp(value, "0"))
		return false;
	for (unsigned int i = 0; i < MMU_SWITCHES; i++) {
		if (strcmp(name, mmu_switches[i].name + strlen(PREFIX)))
			continue;
		mmu_switch_set(policy, i, on);
		return true;
	}
	return false;
}

bool parse_policy(const char *name, const char *value,
		  struct mmu_policy *policy)
{
	if (!strncmp(name, PREFIX, strlen(PREFIX)))
		name += strlen(PREFIX);
	if (value && strcmp(name, "rung"))
		return parse_switch(name, value, policy);
	if (value)
		name = value;
	for (unsigned int rung = 0; rung < MMU_RUNGS; rung++) {
		if (strcmp(name, mmu_rung_names[rung]))
			continue;
		*policy = mmu_rung_policies[rung];
		return true;
	}
	return false;
}
