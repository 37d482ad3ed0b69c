/* SPDX-License-Identifier: MIT */
/* The command line; cmdline.h has its grammar. */
#include "boot/cmdline.h"
#include "lib/log.h"
#include "lib/printf.h"
#include "lib/string.h"

#define NAME_MAX 32 /* characters of a name that are compared */

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/*
 * Takes the next word off *line, without its quotes. A backslash makes the
 * next character an ordinary one: GRUB writes quotes that way.
 */
static const char *next_word(const char **line, char word[CMDLINE_WORD_MAX])
{
	const char *s = *line;
	bool quoted = false, too_long = false;
	size_t n = 0;

	while (is_blank(*s))
		s++;
	for (; *s && (quoted || !is_blank(*s)); s++) {
		if (*s == '"') {
			quoted = !quoted;
			continue;
		}
		if (*s == '\\' && s[1])
			s++;
		if (n == CMDLINE_WORD_MAX - 1) {
			too_long = true;
			continue;
		}
		word[n++] = *s;
	}
	word[n] = '\0';
	*line = s;
	if (too_long)
		return CMDLINE_TOO_LONG;
	return quoted ? CMDLINE_QUOTE : CMDLINE_OK;
}

static const char *set_bool(const struct option *option, const char *value)
{
	static const char *const yes[] = { "1", "on", "yes" };
	static const char *const no[] = { "0", "off", "no" };
	bool *destination = option->destination;

	for (size_t i = 0; i < ARRAY_SIZE(yes); i++) {
		if (!value || !strcmp(value, yes[i])) {
			*destination = true;
			return CMDLINE_OK;
		}
		if (!strcmp(value, no[i])) {
			*destination = false;
			return CMDLINE_OK;
		}
	}
	return CMDLINE_BAD_VALUE;
}

static int digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 'a' ^ 'A'; /* to lower case */
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Returns the power of two of a suffix, 0 without one, -1 if @s is none. */
static int suffix_shift(const char *s)
{
	static const char suffixes[] = "kmg"; /* 2^10, 2^20 and 2^30 */
	const char *suffix = strchr(suffixes, *s | ('a' ^ 'A'));

	if (!*s)
		return 0;
	return suffix && !s[1] ? 10 * (int)(suffix + 1 - suffixes) : -1;
}

static const char *set_u64(const struct option *option, const char *s)
{
	unsigned int base = 10;
	const char *start;
	u64 value = 0;
	int shift;

	if (s[0] == '0' && (s[1] == 'x' || s[1] == 'X')) {
		base = 16;
		s += 2;
	}
	for (start = s; digit(*s) >= 0 && digit(*s) < (int)base; s++)
		if (__builtin_mul_overflow(value, base, &value) ||
		    __builtin_add_overflow(value, (u64)digit(*s), &value))
			return CMDLINE_OUT_OF_RANGE;
	shift = suffix_shift(s);
	if (s == start || shift < 0)
		return CMDLINE_BAD_VALUE;
	if (value > ~0ULL >> shift)
		return CMDLINE_OUT_OF_RANGE;
	value <<= shift;
	if ((option->min || option->max) &&
	    (value < option->min || value > option->max))
		return CMDLINE_OUT_OF_RANGE;
	*(u64 *)option->destination = value;
	return CMDLINE_OK;
}

static const char *set_choice(const struct option *option, const char *value)
{
	for (unsigned int i = 0; option->choices[i]; i++) {
		if (!strcmp(option->choices[i], value)) {
			*(unsigned int *)option->destination = i;
			return CMDLINE_OK;
		}
	}
	return CMDLINE_BAD_VALUE;
}

static const char *set_string(const struct option *option, const char *value)
{
	size_t size = strlen(value) + 1;

	if (size > option->size)
		return CMDLINE_TOO_LONG;
	memcpy(option->destination, value, size);
	return CMDLINE_OK;
}

/* `value` is NULL for a word without '='. */
static const char *set(const struct option *option, const char *value)
{
	if (option->kind == OPTION_BOOL)
		return set_bool(option, value);
	if (!value)
		return CMDLINE_NO_VALUE;
	if (option->kind == OPTION_STRING)
		return set_string(option, value);
	if (!*value)
		return CMDLINE_NO_VALUE;
	return option->kind == OPTION_U64 ? set_u64(option, value)
					  : set_choice(option, value);
}

static const struct option *find(const struct option *table, size_t count,
				 const char *name, size_t length)
{
	for (size_t i = 0; i < count; i++)
		if (strlen(table[i].name) == length &&
		    !memcmp(table[i].name, name, length))
			return &table[i];
	return NULL;
}

static const char *set_word(const char *word, const struct option *table,
			    size_t count, const struct option **option)
{
	const char *equals = strchr(word, '=');
	size_t length = equals ? (size_t)(equals - word) : strlen(word);

	*option = find(table, count, word, length);
	if (!*option)
		return CMDLINE_UNKNOWN;
	return set(*option, equals ? equals + 1 : NULL);
}

const char *cmdline_parse(const char *line, const struct option *table,
			  size_t count, struct cmdline_error *error)
{
	char word[CMDLINE_WORD_MAX];

	*error = (struct cmdline_error){ .fault = CMDLINE_OK };
	while (*line) {
		const struct option *option = NULL;
		const char *fault = next_word(&line, word);

		if (fault == CMDLINE_OK && word[0])
			fault = set_word(word, table, count, &option);
		if (fault != CMDLINE_OK && error->fault == CMDLINE_OK) {
			error->fault = fault;
			error->option = option;
			memcpy(error->word, word, sizeof(word));
		}
	}
	return error->fault;
}

static void explain_option(const struct option *option)
{
	char values[LOG_LINE_MAX] = "";

	log_info("  %s: %s", option->name, option->help);
	switch (option->kind) {
	case OPTION_BOOL:
		log_info("  its values: 1, on, yes; 0, off, no");
		break;
	case OPTION_U64:
		if (option->min || option->max)
			log_info("  its values: %lu to %lu", option->min,
				 option->max);
		break;
	case OPTION_CHOICE:
		for (unsigned int i = 0; option->choices[i]; i++)
			snappend(values, sizeof(values), "%s%s", i ? ", " : "",
				 option->choices[i]);
		log_info("  its values: %s", values);
		break;
	case OPTION_STRING:
		log_info("  its value: at most %zu characters",
			 option->size - 1);
		break;
	}
}

/*
 * Returns the number of characters to insert, delete or replace until the word
 * is the name (Levenshtein); the word ends at '='.
 */
static unsigned int distance(const char *word, const char *name)
{
	size_t length = MIN(strlen(name), (size_t)NAME_MAX);
	unsigned int row[NAME_MAX + 1]; /* to each beginning of the name */

	for (unsigned int j = 0; j <= length; j++)
		row[j] = j;
	for (unsigned int i = 0; word[i] && word[i] != '='; i++) {
		unsigned int diagonal = row[0];

		row[0] = i + 1;
		for (size_t j = 0; j < length; j++) {
			unsigned int replaced = diagonal + (word[i] != name[j]);

			diagonal = row[j + 1];
			row[j + 1] = MIN(replaced, MIN(diagonal, row[j]) + 1);
		}
	}
	return row[length];
}

const struct option *cmdline_nearest(const struct option *table, size_t count,
				     const char *word)
{
	const struct option *best = table;

	for (size_t i = 1; i < count; i++)
		if (distance(word, table[i].name) < distance(word, best->name))
			best = &table[i];
	return best;
}

void cmdline_explain(const struct cmdline_error *error,
		     const struct option *table, size_t count)
{
	const struct option *option = error->option;

	log_info(LOG_ERROR "command line: \"%s\": %s", error->word,
		 error->fault);
	if (strcmp(error->fault, CMDLINE_UNKNOWN) == 0) {
		log_info("the nearest option (README.md has a table of all):");
		option = cmdline_nearest(table, count, error->word);
	}
	if (option)
		explain_option(option);
}
