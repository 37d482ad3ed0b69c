/* SPDX-License-Identifier: MIT */
/* A line being typed at the monitor's prompt. Pure. */
#ifndef VMX_MONITOR_LINE_H
#define VMX_MONITOR_LINE_H

#include "lib/types.h"

#define TYPED_SIZE 64 /* with the closing NUL */
#define MONITOR_PROMPT "umbra> "
/* The prompt and a whole line, and the controls around them. */
#define TYPED_ECHO_SIZE (TYPED_SIZE + 16)

/* All zeroes before the first line. */
struct line {
	char text[TYPED_SIZE];
	size_t length;
	char last[TYPED_SIZE]; /* the one before, which Up brings back */
	u8 sequence; /* number of bytes of a key's sequence (ESC [ A) so far */
};

/* Begins a line; the text of the one before is kept. */
void line_begin(struct line *line);

/*
 * Takes a byte that was typed, and writes to @echo what shows its effect.
 * Returns true if the line is finished. Backspace and Ctrl-U erase; Up and Down
 * bring the last line back and take it away; other keys' sequences do nothing.
 */
bool line_take(struct line *line, u8 byte, char echo[TYPED_ECHO_SIZE]);

#endif
