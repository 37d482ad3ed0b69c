/* SPDX-License-Identifier: MIT */
/*
 * The screen as a terminal: text is written to a grid of cells in RAM, and a
 * surface shows the grid: the VGA's text mode or a framebuffer. Pure C.
 *
 * The last row is Umbra's own, for its status.
 */
#ifndef ARCH_X86_CONSOLE_SCREEN_H
#define ARCH_X86_CONSOLE_SCREEN_H

#include "lib/types.h"

/* Maximum size of the grid; a larger surface shows it in its upper left. */
#define SCREEN_COLUMNS_MAX 256
#define SCREEN_ROWS_MAX 128

/* For screen_scroll: from anywhere to the newest text. */
#define SCREEN_NEWEST (-1000000)

/*
 * A cell has the VGA's format of text mode: the character in bits 7:0, the
 * foreground in 11:8, the background in 15:12.
 */
#define SCREEN_CELL(attribute, c) ((u16)((attribute) << 8 | (u8)(c)))
#define SCREEN_NORMAL 0x07 /* light grey on black */
#define SCREEN_REVERSE 0x70
#define SCREEN_BLANK SCREEN_CELL(SCREEN_NORMAL, ' ')

/* The character in place of any that is not ASCII. */
#define SCREEN_OTHER 0x7f

struct screen_surface {
	unsigned int columns, rows; /* at least 1 and at least 2 */
	/* Fills it with blanks; called first. */
	void (*clear)(void);
	/* Shows `count` cells in a row, the first at (row, column). */
	void (*draw)(unsigned int row, unsigned int column, const u16 *cells,
		     unsigned int count);
};

/* Shows the text from now on, with all that was written before. */
void screen_show(const struct screen_surface *surface);

/*
 * Sets the size of the grid and makes it blank; comes before screen_show. Text
 * that is written earlier is lost.
 */
void screen_init(unsigned int columns, unsigned int rows);

/*
 * Writes a byte as to a terminal: it knows control characters, and ECMA-48's
 * sequences for the cursor, erasing, and colours. A character in UTF-8 that is
 * not ASCII becomes SCREEN_OTHER. The text appears at screen_refresh.
 */
void screen_write(char c);

/*
 * Writes a line of text from the left edge on. If it is too long for a row, it
 * goes on in the next row, after a blank if there is one. Its cells have
 * @attribute; later text has the earlier attribute again.
 */
void screen_write_line(const char *text, size_t length, u8 attribute);

/*
 * Sets the text of the status row, in reverse, and cuts it off after a word or
 * pads it with blanks. "": the row is blank.
 */
void screen_status(const char *text);

/*
 * Moves the view by @pages, to older text if positive. The view stays there
 * while new text is written; about 500,000 cells are kept. Returns true if the
 * view is not at the newest text.
 */
bool screen_scroll(int pages);

/* Draws the cells that have changed; does nothing if no text is new. */
void screen_refresh(void);

#endif
