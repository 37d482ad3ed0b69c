/* SPDX-License-Identifier: MIT */
/* The guest's text screen, read back from its memory. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "guest/devices/text_screen.h"
#include "lib/log.h"
#include "tests/unit/guest_ram.h"

static struct guest_memory memory;
static char line[TEXT_SCREEN_COLUMNS + 1];
static unsigned int logged; /* lines, and the last of them */
static char first[LOG_LINE_MAX], last[LOG_LINE_MAX];

static void take_line(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(last, sizeof(last), fmt, args);
	va_end(args);
	if (!logged++)
		memcpy(first, last, sizeof(first));
}

/* The file's log lines come here, not to the console. */
#define log_info take_line
#include "guest/devices/text_screen.c"

static int setup(void **state)
{
	logged = 0;
	guest_ram_make(&memory, 4 * MIB);
	return 0;
}

static int teardown(void **state)
{
	guest_ram_free();
	return 0;
}

static void write_cells(unsigned int row, unsigned int column,
			const char *string)
{
	u8 *cell = guest_ram + 0xb8000 + 2 * (80 * row + column);

	for (; *string; string++) {
		*cell++ = *string;
		*cell++ = 0x1f;
	}
}

static void rows(void **state)
{
	assert_int_equal(text_screen_row(&memory, 0, line), 0);
	write_cells(0, 0, "hello  ");
	assert_int_equal(text_screen_row(&memory, 0, line), 5);
	assert_string_equal(line, "hello");
	write_cells(24, 78, "\xc4!");
	assert_int_equal(text_screen_row(&memory, 24, line), 80);
	assert_string_equal(line + 77, " .!");
	assert_int_equal(text_screen_row(&memory, 1, line), 0);
}

/* A blank screen gives no lines; others end with the last row that has text. */
static void log_lines(void **state)
{
	text_screen_log(&memory, 0);
	assert_int_equal(logged, 0);
	write_cells(2, 3, "third row");
	text_screen_log(&memory, 2 * 80 + 12);
	assert_int_equal(logged, 4);
	assert_string_equal(last, "     third row");
	assert_non_null(strstr(first, "cursor in row 2, column 12:"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(rows, setup, teardown),
		cmocka_unit_test_setup_teardown(log_lines, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
