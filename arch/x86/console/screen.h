/* SPDX-License-Identifier: MIT */
/*
 * The screen as a terminal: a grid of cells in RAM, which text is written to,
 * and a surface that shows it: the VGA's text mode or a framebuffer. Pure C.
 *
 * The last row is Umbra's own, for its status.
 */
#ifndef ARCH_X86_CONSOLE_SCREEN_H
#define ARCH_X86_CONSOLE_SCREEN_H

#include "lib/types.h"

/* A surface of more shows them in its upper left. */
#define SCREEN_COLUMNS_MAX 256
#define SCREEN_ROWS_MAX 128

/* For screen_scroll: from anywhere to the newest text. */
#define SCREEN_NEWEST (-1000000)

/*
 * A cell is what it is in the VGA's text mode: the character in bits 7:0, the
 * foreground in 11:8, the background in 15:12.
 */
#define SCREEN_CELL(attribute, c) ((u16)((attribute) << 8 | (u8)(c)))
#define SCREEN_NORMAL 0x07 /* light grey on black */
#define SCREEN_REVERSE 0x70
#define SCREEN_BLANK SCREEN_CELL(SCREEN_NORMAL, ' ')

/* The character for what is no ASCII: the VGA has a box there. */
#define SCREEN_OTHER 0x7f

struct screen_surface {
	unsigned int columns, rows; /* 1 or more, and 2 or more */
	/* Fills it with blanks; called first. */
	void (*clear)(void);
	/* Shows `count` cells in a row, the first at (row, column). */
	void (*draw)(unsigned int row, unsigned int column, const u16 *cells,
		     unsigned int count);
};

/* Shows the text from now on, what was written before included. */
void screen_show(const struct screen_surface *surface);

/*
 * Sets the size of the grid before there is a surface; the screen is blank
 * then. Before that, what is written is lost.
 */
void screen_init(unsigned int columns, unsigned int rows);

/*
 * A character, as a terminal takes it: control characters, and of ECMA-48's
 * sequences those for the cursor, erasing, and colours. Of a character in
 * UTF-8 that is no ASCII, SCREEN_OTHER. It appears at screen_refresh.
 */
void screen_write(char c);

/*
 * The same for a line of text from the left edge on: one that is too long for a
 * row goes on in the next, after a blank if there is one. @attribute is that
 * of the cells; what is written later has the one that was there before.
 */
void screen_write_line(const char *text, size_t length, u8 attribute);

/*
 * The text of the status row, in reverse; cut off after a word, or padded with
 * blanks, to its width. "": the row is blank.
 */
void screen_status(const char *text);

/*
 * Moves the view over the text by that number of pages, positive for back to
 * older text. There the view stays, whatever is written; about 500,000 cells
 * are kept. Returns true if the view is not at the newest text.
 */
bool screen_scroll(int pages);

/* Draws the cells that have changed; costs next to nothing if none have. */
void screen_refresh(void);

#endif
