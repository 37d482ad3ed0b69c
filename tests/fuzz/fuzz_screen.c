/* SPDX-License-Identifier: MIT */
/*
 * Fuzzes the screen with any text of a guest: on screens of any size, it must
 * draw only within the screen, and draw all changes.
 */
#include <stdlib.h>
#include <string.h>

#include "arch/x86/console/screen.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

static struct screen_surface surface;
static u16 cells[SCREEN_ROWS_MAX][SCREEN_COLUMNS_MAX];

static void clear(void)
{
	for (int row = 0; row < SCREEN_ROWS_MAX; row++)
		for (int column = 0; column < SCREEN_COLUMNS_MAX; column++)
			cells[row][column] = SCREEN_BLANK;
}

static void draw(unsigned int row, unsigned int column, const u16 *new,
		 unsigned int count)
{
	if (!count || row >= MIN(surface.rows, SCREEN_ROWS_MAX) ||
	    column + count > MIN(surface.columns, SCREEN_COLUMNS_MAX))
		abort();
	memcpy(&cells[row][column], new, count * sizeof(*new));
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	static u16 drawn[SCREEN_ROWS_MAX][SCREEN_COLUMNS_MAX];

	if (size < 2)
		return 0;
	surface = (struct screen_surface){
		.columns = 1 + data[0] * 2,
		.rows = 2 + data[1],
		.clear = clear,
		.draw = draw,
	};
	screen_init(surface.columns, surface.rows);
	screen_show(&surface);
	for (size_t i = 2; i < size; i++) {
		screen_write((char)data[i]);
		if (data[i] % 16 == 0)
			screen_refresh();
		if (data[i] % 32 == 1) /* a control character */
			screen_scroll(data[i] < 128 ? 2 : -1);
	}
	screen_refresh();
	/* A second drawing is the same. */
	memcpy(drawn, cells, sizeof(cells));
	screen_show(&surface);
	if (memcmp(drawn, cells, sizeof(cells)) != 0)
		abort();
	return 0;
}
