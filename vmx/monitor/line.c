/* SPDX-License-Identifier: MIT */
#include "lib/log.h"
#include "lib/printf.h"
#include "lib/string.h"
#include "vmx/monitor/line.h"

#define BACKSPACE 0x08
#define DELETE 0x7f
#define CTRL_U 0x15
#define ESCAPE 0x1b

void line_begin(struct line *line)
{
	if (line->length) {
		memmove(line->history[1], line->history[0],
			sizeof(line->history) - TYPED_SIZE);
		memcpy(line->history[0], line->text, TYPED_SIZE);
	}
	line->length = line->cursor = line->sequence = line->back = 0;
	line->text[0] = '\0';
}

/* Shows the line from the left edge, and moves to the cursor (ECMA-48). */
static void show_again(const struct line *line, char *echo)
{
	snprintf(echo, TYPED_ECHO_SIZE, "\r" MONITOR_PROMPT "%s\x1b[K",
		 line->text);
	if (line->cursor < line->length)
		snappend(echo, TYPED_ECHO_SIZE, "\x1b[%luD",
			 line->length - line->cursor);
}

static void set_text(struct line *line, const char *text)
{
	memmove(line->text, text, strlen(text) + 1);
	line->length = line->cursor = strlen(text);
}

static void insert_char(struct line *line, char c)
{
	char *at = line->text + line->cursor;

	if (line->length == TYPED_SIZE - 1)
		return;
	memmove(at + 1, at, strlen(at) + 1);
	*at = c;
	line->cursor++;
	line->length++;
}

/*
 * Erases the character at @place, if there is one, and moves the cursor there.
 */
static void erase_char(struct line *line, size_t place)
{
	if (place >= line->length)
		return;
	memmove(line->text + place, line->text + place + 1,
		line->length-- - place);
	line->cursor = place;
}

/* Acts on a key by its sequence's letter, or its number's first digit. */
static void press_key(struct line *line, u8 key)
{
	u8 *back = &line->back;

	if (key == 'A' && *back < HISTORY && line->history[*back][0]) {
		set_text(line, line->history[(*back)++]);
	} else if (key == 'B') { /* Down */
		*back -= *back > 0;
		set_text(line, *back ? line->history[*back - 1] : "");
	} else if (key == 'C') { /* Right */
		line->cursor += line->cursor < line->length;
	} else if (key == 'D') { /* Left */
		line->cursor -= line->cursor > 0;
	} else if (key == 'H' || key == '1' || key == '7') { /* Home */
		line->cursor = 0;
	} else if (key == 'F' || key == '4' || key == '8') { /* End */
		line->cursor = line->length;
	} else if (key == '3') { /* Delete */
		erase_char(line, line->cursor);
	}
}

/*
 * A sequence: ESC, '[' or 'O', numbers, a letter or '~' (xterm, VT220, Linux).
 */
static void add_to_sequence(struct line *line, u8 byte)
{
	u8 before = line->sequence;
	bool goes_on = before == ESCAPE ? byte == '[' || byte == 'O'
					: byte < '@';

	/* Keys with a number of two or more digits (F6, say) do nothing. */
	line->sequence = !goes_on			  ? 0
			 : before >= '0' && before <= '9' ? '0'
							  : byte;
	if (!goes_on && before != ESCAPE)
		press_key(line, byte == '~' ? before : byte);
}

bool line_add(struct line *line, u8 byte, char echo[TYPED_ECHO_SIZE])
{
	size_t before = line->cursor;

	if (byte == '\r' || byte == '\n') {
		snprintf(echo, TYPED_ECHO_SIZE, "\n");
		return true;
	}
	echo[0] = '\0';
	if (line->sequence) {
		add_to_sequence(line, byte);
		if (line->sequence)
			return false;
	} else if (byte == ESCAPE) {
		line->sequence = ESCAPE;
		return false;
	} else if (byte == CTRL_U) {
		set_text(line, "");
	} else if (byte == BACKSPACE || byte == DELETE) {
		erase_char(line, line->cursor - 1);
	} else if (byte >= ' ' && byte < DELETE) {
		insert_char(line, (char)byte);
		if (line->cursor == line->length) {
			snprintf(echo, TYPED_ECHO_SIZE, "%s",
				 line->text + before);
			return false;
		}
	}
	show_again(line, echo);
	return false;
}

/*
 * Returns true if name @number begins with @word, and no earlier one is equal.
 */
static bool is_choice(line_names names, size_t number, const char *word,
		      size_t length)
{
	const char *name = names(number);

	if (strncmp(name, word, length))
		return false;
	while (number--)
		if (!strcmp(names(number), name))
			return false;
	return true;
}

void line_complete(struct line *line, line_names names,
		   char echo[TYPED_ECHO_SIZE])
{
	const char *end = line->text + line->cursor, *word = end, *name;
	const char *found = "";
	size_t length = 0, typed;
	u32 count = 0;

	while (word > line->text && word[-1] != ' ')
		word--;
	typed = (size_t)(end - word);
	for (size_t i = 0; (name = names(i)); i++) {
		if (!is_choice(names, i, word, typed))
			continue;
		length = count++ ? length : strlen(name);
		/* As many letters as all names share. */
		while (strncmp(name, found, length) && count > 1)
			length--;
		found = name;
	}
	for (size_t i = 0; count > 1 && length == typed && (name = names(i));
	     i++)
		if (is_choice(names, i, word, typed))
			log_info("  %s", name);
	while (typed < length)
		insert_char(line, found[typed++]);
	if (count == 1)
		insert_char(line, ' ');
	show_again(line, echo);
}
