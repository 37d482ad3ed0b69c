/* SPDX-License-Identifier: MIT */
/* The guest's text screen: see text_screen.h. */
#include "guest/devices/text_screen.h"

#include "lib/log.h"

/* A cell: the character, and its attribute (colours) in the upper byte. */
#define CELL_CHARACTER 0xff

static char printable(u16 cell)
{
	u8 c = cell & CELL_CHARACTER;

	if (c == 0) /* never written, or another kind of blank */
		return ' ';
	return c >= ' ' && c <= '~' ? c : '.';
}

/*
 * Copies a row (from 0) as a string without the blanks at its end, with a dot
 * for a character that is not printable ASCII. Returns the string's length.
 */
static size_t text_screen_row(const struct guest_memory *gm, unsigned int row,
			      char text[TEXT_SCREEN_COLUMNS + 1])
{
	u16 cells[TEXT_SCREEN_COLUMNS] = { 0 };
	size_t length = 0;

	guest_memory_read(gm, GUEST_VGA_TEXT_START + row * sizeof(cells), cells,
			  sizeof(cells));
	for (size_t i = 0; i < TEXT_SCREEN_COLUMNS; i++) {
		text[i] = printable(cells[i]);
		if (text[i] != ' ')
			length = i + 1;
	}
	text[length] = '\0';
	return length;
}

void text_screen_log(const struct guest_memory *gm, u16 cursor)
{
	char text[TEXT_SCREEN_COLUMNS + 1];
	unsigned int rows = TEXT_SCREEN_ROWS;

	while (rows && !text_screen_row(gm, rows - 1, text))
		rows--;
	if (rows)
		log_info("the guest's text screen, its cursor in row %u, "
			 "column %u:",
			 cursor / TEXT_SCREEN_COLUMNS,
			 cursor % TEXT_SCREEN_COLUMNS);
	for (unsigned int row = 0; row < rows; row++) {
		text_screen_row(gm, row, text);
		log_info("  %s", text);
	}
}
