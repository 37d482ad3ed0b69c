/* SPDX-License-Identifier: MIT */
/* The screen: text and control sequences, scrolling, and drawing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "arch/x86/console/screen.h"

#define COLUMNS 20
#define ROWS 6 /* five of text, and the status */
#define LINE_ATTRIBUTE 0x0c

static u16 cells[ROWS][COLUMNS];
static unsigned int drawn; /* cells, since the last start_count */

static void clear(void)
{
	for (int row = 0; row < ROWS; row++)
		for (int column = 0; column < COLUMNS; column++)
			cells[row][column] = SCREEN_BLANK;
}

static void draw(unsigned int row, unsigned int column, const u16 *new,
		 unsigned int count)
{
	assert_true(row < ROWS && column + count <= COLUMNS && count);
	memcpy(&cells[row][column], new, count * sizeof(*new));
	drawn += count;
}

static const struct screen_surface surface = { COLUMNS, ROWS, clear, draw };

static void write_text(const char *text)
{
	while (*text)
		screen_write(*text++);
	screen_refresh();
}

/* Each test begins with an empty screen, and the cursor in its corner. */
static int start(void **state)
{
	screen_init(COLUMNS, ROWS);
	screen_show(&surface);
	write_text("\x1b[0m\x1b[2J\x1b[H");
	drawn = 0;
	return 0;
}

/* The row's characters, without the blanks at its end. */
static const char *row_text(int row)
{
	static char text[COLUMNS + 1];
	int length = COLUMNS;

	for (int i = 0; i < COLUMNS; i++)
		text[i] = (char)cells[row][i];
	while (length && text[length - 1] == ' ')
		length--;
	text[length] = 0;
	return text;
}

/*
 * A machine without a screen, or with one of 16 bits a pixel, loses all text.
 */
static void test_none(void **state)
{
	const char line[] = "a line\n";

	for (int i = 0; i < 2; i++)
		screen_write_line(line, strlen(line), LINE_ATTRIBUTE);
	write_text("text\n");
	screen_status("status");
	screen_scroll(-1);
	assert_int_equal(drawn, 0);
}

static void test_text(void **state)
{
	write_text("one\ntwo\r\nthree\rT\tx\bX\n");
	assert_string_equal(row_text(0), "one");
	assert_string_equal(row_text(1), "two");
	assert_string_equal(row_text(2), "Three   X");
	assert_int_equal(cells[0][0], SCREEN_CELL(SCREEN_NORMAL, 'o'));
	/* The cursor. */
	assert_int_equal(cells[3][0], SCREEN_CELL(SCREEN_REVERSE, ' '));
}

/* A full row wraps only when one more character comes. */
static void test_wrap(void **state)
{
	write_text("12345678901234567890\nabc");
	assert_string_equal(row_text(0), "12345678901234567890");
	assert_string_equal(row_text(1), "abc");
	write_text("\r12345678901234567890x");
	assert_string_equal(row_text(2), "x");
	write_text("\n\t\t\t\t-");
	assert_string_equal(row_text(3), "                   -");
}

static void write_line(const char *text)
{
	screen_write_line(text, strlen(text), LINE_ATTRIBUTE);
	screen_refresh();
}

/*
 * A line breaks between words, if a word fits in a row. No empty row follows.
 */
static void test_line(void **state)
{
	write_line("a line of 20 columns\n");
	write_line("a line that is longer than it\n");
	assert_string_equal(row_text(0), "a line of 20 columns");
	assert_string_equal(row_text(1), "a line that is");
	assert_string_equal(row_text(2), "longer than it");
	write_line("a23456789012345678901b\n");
	assert_string_equal(row_text(0), "a line of 20 columns");
	assert_string_equal(row_text(3), "a2345678901234567890");
	assert_string_equal(row_text(4), "1b");
}

/* A line of Umbra's own has its colour, and leaves the guest's colour alone. */
static void test_line_colour(void **state)
{
	write_text("\x1b[32mg");
	write_line("e\n");
	write_text("g");
	assert_int_equal(cells[0][0], SCREEN_CELL(0x02, 'g'));
	assert_int_equal(cells[0][1], SCREEN_CELL(LINE_ATTRIBUTE, 'e'));
	assert_int_equal(cells[1][0], SCREEN_CELL(0x02, 'g'));
}

static void test_scroll(void **state)
{
	write_text("1\n2\n3\n4\n5");
	assert_string_equal(row_text(0), "1");
	write_text("\n6\n7");
	assert_string_equal(row_text(0), "3");
	assert_string_equal(row_text(4), "7");
	for (int i = 0; i < 100; i++)
		write_text("\nx");
	assert_string_equal(row_text(0), "x");
}

static void test_other(void **state)
{
	/* Two, three and four bytes of UTF-8, a BEL, and a stray byte. */
	write_text("a\xc3\xa4"
		   "b\xe2\x82\xac"
		   "c\xf0\x9f\x90\x81"
		   "d\a\x80");
	assert_string_equal(row_text(0), "a\x7f"
					 "b\x7f"
					 "c\x7f"
					 "d");
}

static void test_cursor(void **state)
{
	write_text("\x1b[3;5Hhere\x1b[Aup\x1b[2Bdown\x1b[4D\x1b[CO\x1b[GX"
		   "\x1b[99;99HE\x1b[1;1Hhome\x1b[?25l\x1b(B\x1b=.");
	assert_string_equal(row_text(2), "    here");
	assert_string_equal(row_text(1), "        up");
	assert_string_equal(row_text(3), "X         dOwn");
	assert_string_equal(row_text(4), "                   E");
	assert_string_equal(row_text(0), "home.");
	write_text("\x1b[999A\x1b[999D!");
	assert_string_equal(row_text(0), "!ome.");
}

static void test_erase(void **state)
{
	write_text("aaaa\nbbbb\ncccc\ndddd\x1b[2;3H\x1b[K");
	assert_string_equal(row_text(1), "bb");
	write_text("\x1b[3;2H\x1b[1K");
	assert_string_equal(row_text(2), "  cc");
	write_text("\x1b[J");
	assert_string_equal(row_text(2), "");
	assert_string_equal(row_text(3), "");
	assert_string_equal(row_text(0), "aaaa");
	write_text("\x1b[2;1H\x1b[1J");
	assert_string_equal(row_text(0), "");
	assert_string_equal(row_text(1), " b");
}

static void test_colours(void **state)
{
	write_text(
		"\x1b[31;1mr\x1b[44mb\x1b[39;49;22mn\x1b[92mg\x1b[7mv\x1b[m.");
	assert_int_equal(cells[0][0] >> 8, 0x0c);
	assert_int_equal(cells[0][1] >> 8, 0x1c);
	assert_int_equal(cells[0][2] >> 8, 0x07);
	assert_int_equal(cells[0][3] >> 8, 0x0a);
	assert_int_equal(cells[0][4] >> 8, 0x70);
	assert_int_equal(cells[0][5] >> 8, 0x07);
}

/* Any number of parameters, of any size. */
static void test_parameters(void **state)
{
	write_text("\x1b[1;2;3;4;5;6;7;8;9;10;11;12H-");
	assert_string_equal(row_text(0), " -");
	write_text("\x1b[99999999999999999999;1H-");
	assert_string_equal(row_text(4), "-");
}

static void test_status(void **state)
{
	screen_status("Umbra: a text that is too long");
	write_text("\n\n\n\n\n\n\n\n");
	assert_string_equal(row_text(5), "Umbra: a text that");
	screen_status("up");
	screen_refresh();
	assert_string_equal(row_text(5), "up");
	assert_int_equal(cells[5][19], SCREEN_CELL(SCREEN_REVERSE, ' '));
	/* Without a text there is no bar. */
	screen_status("");
	screen_refresh();
	assert_int_equal(cells[5][0], SCREEN_BLANK);
}

/* Only cells that differ are drawn. */
static void test_drawing(void **state)
{
	write_text("same\nsame\nsame\nsame\nsame");
	drawn = 0;
	write_text("\nsame"); /* scrolls, and nothing has changed */
	assert_int_equal(drawn, 0);
	write_text("r"); /* it, and the cursor */
	assert_int_equal(drawn, 2);
	screen_refresh();
	assert_int_equal(drawn, 2);
}

static void write_numbers(int from, int to)
{
	char line[16];

	for (int i = from; i <= to; i++) {
		snprintf(line, sizeof(line), "\n%d", i);
		write_text(line);
	}
}

/* A page is the screen without one row; the view stays when text comes. */
static void test_look_back(void **state)
{
	screen_init(COLUMNS, ROWS);
	write_text("0");
	write_numbers(1, 20);
	assert_string_equal(row_text(0), "16");
	assert_true(screen_scroll(1));
	screen_refresh();
	assert_string_equal(row_text(0), "12");
	assert_string_equal(row_text(4), "16");
	write_numbers(21, 30);
	assert_string_equal(row_text(0), "12");
	assert_int_equal(cells[4][2], SCREEN_BLANK); /* no cursor */
	assert_true(screen_scroll(-1));
	screen_refresh();
	assert_string_equal(row_text(0), "16");
	assert_true(screen_scroll(100));
	screen_refresh();
	assert_string_equal(row_text(0), "0");
	assert_false(screen_scroll(SCREEN_NEWEST));
	screen_refresh();
	assert_string_equal(row_text(4), "30");
	assert_int_equal(cells[4][2], SCREEN_CELL(SCREEN_REVERSE, ' '));
}

/* The ring of 2^19 cells is full: the oldest rows are gone, the view follows. */
static void test_ring(void **state)
{
	const int rows = (1 << 19) / COLUMNS, last = rows + 100;
	char expected[16];

	screen_init(COLUMNS, ROWS);
	write_text("0");
	write_numbers(1, last);
	assert_true(screen_scroll(rows));
	screen_refresh();
	snprintf(expected, sizeof(expected), "%d", last - rows + 1);
	assert_string_equal(row_text(0), expected);
	write_numbers(last + 1, last + 1);
	snprintf(expected, sizeof(expected), "%d", last - rows + 2);
	assert_string_equal(row_text(0), expected);
	assert_false(screen_scroll(SCREEN_NEWEST));
	screen_refresh();
	snprintf(expected, sizeof(expected), "%d", last + 1);
	assert_string_equal(row_text(4), expected);
}

/* Text that was written before there was a surface appears with it. */
static void test_late_surface(void **state)
{
	write_text("early");
	memset(cells, 0, sizeof(cells));
	screen_show(&surface);
	assert_string_equal(row_text(0), "early");
	assert_string_equal(row_text(1), "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_none), /* before there is one */
		cmocka_unit_test_setup(test_text, start),
		cmocka_unit_test_setup(test_wrap, start),
		cmocka_unit_test_setup(test_line, start),
		cmocka_unit_test_setup(test_line_colour, start),
		cmocka_unit_test_setup(test_scroll, start),
		cmocka_unit_test_setup(test_other, start),
		cmocka_unit_test_setup(test_cursor, start),
		cmocka_unit_test_setup(test_erase, start),
		cmocka_unit_test_setup(test_colours, start),
		cmocka_unit_test_setup(test_parameters, start),
		cmocka_unit_test_setup(test_status, start),
		cmocka_unit_test_setup(test_drawing, start),
		cmocka_unit_test_setup(test_look_back, start),
		cmocka_unit_test_setup(test_ring, start),
		cmocka_unit_test_setup(test_late_surface, start),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
