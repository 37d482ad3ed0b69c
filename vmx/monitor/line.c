/* SPDX-License-Identifier: MIT */
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
	if (line->length)
		memcpy(line->last, line->text, sizeof(line->last));
	line->length = line->sequence = 0;
	line->text[0] = '\0';
}

static void set(struct line *line, const char *text, char *echo)
{
	snprintf(line->text, sizeof(line->text), "%s", text);
	line->length = strlen(line->text);
	/* To the left edge, the new line, and nothing behind it (ECMA-48). */
	snprintf(echo, TYPED_ECHO_SIZE, "\r" MONITOR_PROMPT "%s\x1b[K",
		 line->text);
}

/* ESC, '[', numbers, and a letter or '~' that names the key. */
static void take_sequence(struct line *line, u8 byte, char *echo)
{
	if (line->sequence++ == 1) {
		if (byte != '[')
			line->sequence = 0;
		return;
	}
	if (byte < '@')
		return;
	line->sequence = 0;
	if (byte == KEY_UP)
		set(line, line->last, echo);
	else if (byte == KEY_DOWN)
		set(line, "", echo);
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
	} else if (byte == BACKSPACE || byte == DELETE) {
		if (!line->length)
			return false;
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
