/* SPDX-License-Identifier: MIT */
/* A line being typed at the monitor's prompt. Pure. */
#ifndef VMX_MONITOR_LINE_H
#define VMX_MONITOR_LINE_H

#include "lib/types.h"

#define TYPED_SIZE 64 /* with the closing NUL */
#define MONITOR_PROMPT "umbra> "
/* Size of the prompt, a line of any length, and the controls around them. */
#define TYPED_ECHO_SIZE (TYPED_SIZE + 16)
#define HISTORY 8 /* Maximum number of lines that Up brings back */

/* All zeroes before the first line. */
struct line {
	char text[TYPED_SIZE];
	size_t length, cursor;
	char history[HISTORY][TYPED_SIZE]; /* the last one first; "": none */
	u8 back; /* number of the line shown, from 1; 0: a new one */
	u8 sequence; /* last byte of an open sequence (ESC [ A), or 0 */
};

/*
 * Returns name @number, from 0, of those that a word can be; NULL after the
 * last.
 */
typedef const char *(*line_names)(size_t number);

/* Begins a line; the text of the last one goes into the history. */
void line_begin(struct line *line);

/*
 * Adds a byte that was typed, and writes to @echo the text that shows its
 * effect. Returns true if the line is finished. Backspace, Delete and Ctrl-U
 * erase; Left, Right, Home and End move the cursor; Up and Down go through the
 * history; other keys' sequences do nothing.
 */
bool line_add(struct line *line, u8 byte, char echo[TYPED_ECHO_SIZE]);

/*
 * Completes the word before the cursor: adds the letters that are the same in
 * all names that begin with it. Prints these names if there are no such letters.
 * @echo shows the line again.
 */
void line_complete(struct line *line, line_names names,
		   char echo[TYPED_ECHO_SIZE]);

#endif
