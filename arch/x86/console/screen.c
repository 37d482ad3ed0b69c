/* SPDX-License-Identifier: MIT */
/*
 * To read video memory is slow, and to write it is not fast. So the text is in
 * a grid of its own, whose rows are a ring: a scroll moves none of them. The
 * ring has room for thousands of rows: the log that a user can look back at. A
 * second grid holds the cells that the surface shows. Only cells that differ
 * are drawn, so ten scrolls between refreshes cost no more than one.
 *
 * Sequences are those of ECMA-48 (5th edition, 8.3), as far as a console needs.
 */
#include "arch/x86/console/screen.h"
#include "lib/string.h"

#define TAB_WIDTH 8
#define ESCAPE 0x1b
#define PARAMETERS_MAX 8
#define PARAMETER_LIMIT 1000
#define TEXT_CELLS (MIB / sizeof(u16)) /* 6,553 rows of 80 columns */

enum parser {
	PLAIN,
	AFTER_ESCAPE,
	AFTER_CHARSET, /* ESC ( or ESC ): one character more */
	IN_SEQUENCE /* a control sequence: parameters, then a final byte */
};

static struct {
	const struct screen_surface *surface; /* NULL: not shown yet */
	unsigned int columns, rows; /* of text: without the status */
	unsigned int kept; /* Maximum number of rows in the ring */
	unsigned int top; /* the index of the first row in the ring */
	unsigned int above; /* the number of rows before it */
	unsigned int back; /* the number of rows that the view is back by */
	unsigned int row;
	unsigned int column; /* `columns`: the next character wraps */
	u8 attribute;
	bool changed; /* since the last refresh */
	bool line_is_over; /* a newline comes before more text */
	enum parser parser;
	unsigned int parameters[PARAMETERS_MAX];
	unsigned int parameter_count;
	u16 text[TEXT_CELLS];
	u16 status[SCREEN_COLUMNS_MAX];
	u16 shown[SCREEN_ROWS_MAX][SCREEN_COLUMNS_MAX];
} screen;

/* The colours of ECMA-48 in the VGA's order: red and blue are exchanged. */
static const u8 vga_colours[8] = { 0, 4, 2, 6, 1, 5, 3, 7 };

static u16 *text_row(unsigned int row)
{
	return screen.text + (screen.top + row) % screen.kept * screen.columns;
}

static void blank(u16 *cells, unsigned int start, unsigned int end)
{
	for (unsigned int i = start; i < end; i++)
		cells[i] = SCREEN_CELL(screen.attribute, ' ');
}

void screen_init(unsigned int columns, unsigned int rows)
{
	screen.columns = MIN(columns, (unsigned int)SCREEN_COLUMNS_MAX);
	screen.rows = MIN(rows, (unsigned int)SCREEN_ROWS_MAX) - 1;
	screen.kept = TEXT_CELLS / screen.columns;
	screen.top = screen.above = screen.back = 0;
	screen.row = screen.column = 0;
	screen.attribute = SCREEN_NORMAL;
	screen.parser = PLAIN;
	screen.line_is_over = false;
	for (unsigned int row = 0; row < screen.rows; row++)
		blank(text_row(row), 0, screen.columns);
	screen_status("");
}

void screen_show(const struct screen_surface *surface)
{
	surface->clear();
	for (unsigned int row = 0; row <= screen.rows; row++)
		for (unsigned int column = 0; column < screen.columns; column++)
			screen.shown[row][column] = SCREEN_BLANK;
	screen.surface = surface;
	screen.changed = true;
	screen_refresh();
}

static void new_line(void)
{
	if (screen.row + 1 < screen.rows) {
		screen.row++;
		return;
	}
	screen.top = (screen.top + 1) % screen.kept;
	screen.above = MIN(screen.above + 1, screen.kept - screen.rows);
	/* A user who looks back keeps the same text in view. */
	if (screen.back)
		screen.back = MIN(screen.back + 1, screen.above);
	blank(text_row(screen.row), 0, screen.columns);
}

static void put(u8 c)
{
	if (screen.column == screen.columns) {
		screen.column = 0;
		new_line();
	}
	text_row(screen.row)[screen.column++] =
		SCREEN_CELL(screen.attribute, c);
}

static void write_plain(u8 c)
{
	switch (c) {
	case '\n':
		screen.column = 0;
		new_line();
		break;
	case '\r':
		screen.column = 0;
		break;
	case '\b':
		if (screen.column)
			screen.column--;
		break;
	case '\t':
		screen.column =
			MIN(ALIGN_DOWN(screen.column, TAB_WIDTH) + TAB_WIDTH,
			    screen.columns - 1);
		break;
	case ESCAPE:
		screen.parser = AFTER_ESCAPE;
		break;
	default:
		if (c >= ' ' && c < SCREEN_OTHER)
			put(c);
		else if (c >= 0xc0) /* UTF-8's first byte of a character */
			put(SCREEN_OTHER);
	}
}

/* --- Control sequences ----------------------------------------------------- */

/* Returns the sequence's parameter, or `missing` if it is absent or 0. */
static unsigned int parameter(unsigned int index, unsigned int missing)
{
	unsigned int value = screen.parameters[index];

	return value ? value : missing;
}

static void move_to(unsigned int row, unsigned int column)
{
	screen.row = MIN(row, screen.rows - 1);
	screen.column = MIN(column, screen.columns - 1);
}

static unsigned int less(unsigned int value, unsigned int by)
{
	return value > by ? value - by : 0;
}

/* Erases from the cursor (0), up to it (1), or both (2). */
static void erase_in_line(unsigned int what)
{
	unsigned int column = MIN(screen.column, screen.columns - 1);

	blank(text_row(screen.row), what ? 0 : column,
	      what == 1 ? column + 1 : screen.columns);
}

static void erase_in_page(unsigned int what)
{
	for (unsigned int row = 0; row < screen.rows; row++)
		if (what == 2 || (what ? row < screen.row : row > screen.row))
			blank(text_row(row), 0, screen.columns);
	erase_in_line(what);
}

static u8 with_foreground(u8 attribute, unsigned int colour)
{
	return (attribute & 0xf0) | vga_colours[colour % 8];
}

static u8 with_background(u8 attribute, unsigned int colour)
{
	return (attribute & 0x0f) | vga_colours[colour % 8] << 4;
}

static void select_graphic_rendition(unsigned int value)
{
	u8 a = screen.attribute;

	if (value == 0 || value == 27)
		a = SCREEN_NORMAL;
	else if (value == 1)
		a |= 0x08; /* bold: bright */
	else if (value == 7)
		a = SCREEN_REVERSE;
	else if (value == 22)
		a &= ~0x08;
	else if (value >= 30 && value <= 37)
		a = with_foreground(a, value - 30) | (a & 0x08);
	else if (value == 39)
		a = with_foreground(a, 7);
	else if (value >= 40 && value <= 47)
		a = with_background(a, value - 40);
	else if (value == 49)
		a = with_background(a, 0);
	else if (value >= 90 && value <= 97)
		a = with_foreground(a, value - 90) | 0x08;
	screen.attribute = a;
}

static void end_sequence(u8 final)
{
	unsigned int n = parameter(0, 1);

	switch (final) {
	case 'A':
		return move_to(less(screen.row, n), screen.column);
	case 'B':
		return move_to(screen.row + n, screen.column);
	case 'C':
		return move_to(screen.row, screen.column + n);
	case 'D':
		return move_to(screen.row, less(screen.column, n));
	case 'G':
		return move_to(screen.row, n - 1);
	case 'H':
	case 'f':
		return move_to(n - 1, parameter(1, 1) - 1);
	case 'J':
		return erase_in_page(parameter(0, 0));
	case 'K':
		return erase_in_line(parameter(0, 0));
	case 'm':
		for (unsigned int i = 0; i < screen.parameter_count; i++)
			select_graphic_rendition(screen.parameters[i]);
		break;
	}
}

static void write_sequence(u8 c)
{
	unsigned int *value = &screen.parameters[screen.parameter_count - 1];

	if (c >= '0' && c <= '9') {
		*value = MIN(*value * 10 + (c - '0'), PARAMETER_LIMIT);
	} else if (c == ';') {
		if (screen.parameter_count < PARAMETERS_MAX)
			screen.parameter_count++;
	} else if (c >= '@') {
		screen.parser = PLAIN;
		end_sequence(c);
	}
}

static void write_after_escape(u8 c)
{
	screen.parser = PLAIN;
	if (c == '[') {
		memset(screen.parameters, 0, sizeof(screen.parameters));
		screen.parameter_count = 1;
		screen.parser = IN_SEQUENCE;
	} else if (c == '(' || c == ')') {
		screen.parser = AFTER_CHARSET;
	}
}

/* --- Public functions ------------------------------------------------------ */

/* A newline of Umbra's waits for the next text: its row would be empty. */
static void end_line(void)
{
	if (screen.line_is_over)
		write_plain('\n');
	screen.line_is_over = false;
}

void screen_write(char c)
{
	if (!screen.columns)
		return;
	screen.changed = true;
	end_line();
	switch (screen.parser) {
	case PLAIN:
		write_plain((u8)c);
		break;
	case AFTER_ESCAPE:
		write_after_escape((u8)c);
		break;
	case AFTER_CHARSET:
		screen.parser = PLAIN;
		break;
	case IN_SEQUENCE:
		write_sequence((u8)c);
		break;
	}
}

/* Returns how many characters fit into a row: all, or those up to a blank. */
static size_t row_length(const char *text, size_t length)
{
	if (length <= screen.columns)
		return length;
	for (size_t n = screen.columns; n; n--)
		if (text[n] == ' ')
			return n;
	return screen.columns;
}

void screen_write_line(const char *text, size_t length, u8 attribute)
{
	u8 before = screen.attribute;

	if (!screen.columns)
		return;
	end_line();
	screen.attribute = attribute;
	for (length--; length;) {
		size_t n = row_length(text, length);

		for (size_t i = 0; i < n; i++)
			screen_write(text[i]);
		if (n < length) {
			screen_write('\n');
			n += text[n] == ' ';
		}
		text += n;
		length -= n;
	}
	screen.attribute = before;
	screen.line_is_over = true;
}

void screen_status(const char *text)
{
	size_t length = strlen(text);
	u8 attribute = length ? SCREEN_REVERSE : SCREEN_NORMAL;

	/* Cuts between words: half a number would look like another one. */
	if (length > screen.columns)
		for (length = screen.columns; length && text[length] != ' ';)
			length--;
	for (unsigned int i = 0; i < screen.columns; i++)
		screen.status[i] =
			SCREEN_CELL(attribute, i < length ? text[i] : ' ');
	screen.changed = true;
}

bool screen_scroll(int pages)
{
	int page = (int)MAX(screen.rows, 2U) - 1; /* one row stays in view */
	int back = (int)screen.back + pages * page;

	screen.back = back < 0 ? 0 : MIN((unsigned int)back, screen.above);
	screen.changed = true;
	return screen.back;
}

/* Returns the cells of a row of the view: the last one is the status. */
static const u16 *view_row(unsigned int row)
{
	return row == screen.rows ? screen.status
				  : text_row(screen.kept - screen.back + row);
}

/* Returns the column of the cursor, or `columns` if it is not in that row. */
static unsigned int cursor_column(unsigned int row)
{
	if (screen.back || row != screen.row)
		return screen.columns;
	return MIN(screen.column, screen.columns - 1);
}

static u16 in_reverse(u16 cell)
{
	return (cell & 0x00ff) | (cell & 0x0f00) << 4 | (cell & 0xf000) >> 4;
}

/*
 * Draws the row's changed cells in runs: long writes are the fastest. Few cells
 * change most often, so the loop over all of them is short: while it runs,
 * nobody reads what the user types.
 */
static void refresh_row(unsigned int row)
{
	const u16 *cells = view_row(row);
	u16 *shown = screen.shown[row];
	unsigned int cursor = cursor_column(row), start = 0, column;

	for (column = 0; column < screen.columns; column++) {
		u16 cell = cells[column];

		if (column == cursor)
			cell = in_reverse(cell);
		if (shown[column] != cell) {
			shown[column] = cell;
			continue;
		}
		if (start < column)
			screen.surface->draw(row, start, shown + start,
					     column - start);
		start = column + 1;
	}
	if (start < column)
		screen.surface->draw(row, start, shown + start, column - start);
}

void screen_refresh(void)
{
	if (!screen.surface || !screen.changed)
		return;
	screen.changed = false;
	for (unsigned int row = 0; row <= screen.rows; row++)
		refresh_row(row);
}
