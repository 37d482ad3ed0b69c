/* SPDX-License-Identifier: MIT */
#include "lib/log.h"
#include "lib/printf.h"
#include "lib/string.h"
#include "vmx/monitor/line.h"

#define BACKSPACE 0x08
#define DELETE 0x7f
#define CTRL_U 0x15
#define ESCAPE 0x1b
#define KEY_UP 'A'
#define KEY_DOWN 'B'

void line_begin(struct line *line)
{
	if (line->length) {
		memmove(line->history[1], line->history[0],
			sizeof(line->history) - TYPED_SIZE);
		memcpy(line->history[0], line->text, TYPED_SIZE);
	}
	line->length = line->sequence = line->back = 0;
	line->text[0] = '\0';
}

static void set(struct line *line, const char *text, char *echo)
{
	memmove(line->text, text, strlen(text) + 1);
	line->length = strlen(text);
	/* To the left edge, the new line, and nothing behind it (ECMA-48). */
	snprintf(echo, TYPED_ECHO_SIZE, "\r" MONITOR_PROMPT "%s\x1b[K", text);
}

/* ESC, '[', numbers, and a letter or '~' that names the key. */
static void take_sequence(struct line *line, u8 byte, char *echo)
{
	u8 *back = &line->back;

	if (line->sequence++ == 1) {
		if (byte != '[')
			line->sequence = 0;
		return;
	}
	if (byte < '@')
		return;
	line->sequence = 0;
	if (byte == KEY_UP && *back < HISTORY && line->history[*back][0]) {
		set(line, line->history[(*back)++], echo);
	} else if (byte == KEY_DOWN) {
		*back -= *back > 0;
		set(line, *back ? line->history[*back - 1] : "", echo);
	}
}

bool line_take(struct line *line, u8 byte, char echo[TYPED_ECHO_SIZE])
{
	echo[0] = '\0';
	if (line->sequence) {
		take_sequence(line, byte, echo);
	} else if (byte == '\r' || byte == '\n') {
		snprintf(echo, TYPED_ECHO_SIZE, "\n");
		return true;
	} else if (byte == ESCAPE) {
		line->sequence = 1;
	} else if (byte == CTRL_U) {
		set(line, "", echo);
	} else if ((byte == BACKSPACE || byte == DELETE) && line->length) {
		line->text[--line->length] = '\0';
		snprintf(echo, TYPED_ECHO_SIZE, "\b \b");
	} else if (byte >= ' ' && byte < DELETE &&
		   line->length < TYPED_SIZE - 1) {
		line->text[line->length++] = (char)byte;
		line->text[line->length] = '\0';
		snprintf(echo, TYPED_ECHO_SIZE, "%c", byte);
	}
	return false;
}

/* Returns true if name @number begins with @word, and no earlier one is equal. */
static bool is_choice(line_names names, size_t number, const char *word)
{
	const char *name = names(number);

	if (strncmp(name, word, strlen(word)))
		return false;
	while (number--)
		if (!strcmp(names(number), name))
			return false;
	return true;
}

void line_complete(struct line *line, line_names names,
		   char echo[TYPED_ECHO_SIZE])
{
	const char *word = line->text + line->length, *name, *found = "";
	size_t length = 0, typed;
	char text[TYPED_SIZE];
	u32 count = 0;

	while (word > line->text && word[-1] != ' ')
		word--;
	typed = strlen(word);
	for (size_t i = 0; (name = names(i)); i++) {
		if (!is_choice(names, i, word))
			continue;
		length = count++ ? length : strlen(name);
		/* As far as all of them agree. */
		while (strncmp(name, found, length) && count > 1)
			length--;
		found = name;
	}
	for (size_t i = 0; count > 1 && length == typed && (name = names(i));
	     i++)
		if (is_choice(names, i, word))
			log_info("  %s", name);
	snprintf(text, sizeof(text), "%.*s%.*s%s", (int)(line->length - typed),
		 line->text, (int)(count ? length : typed),
		 count ? found : word, count == 1 ? " " : "");
	set(line, text, echo);
}
