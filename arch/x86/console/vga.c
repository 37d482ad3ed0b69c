/* SPDX-License-Identifier: MIT */
/*
 * The text screen: two bytes a cell at B8000h. A bit of the CRT controller
 * switches the VGA's own cursor off, since screen.c draws one.
 */
#include "arch/x86/cpu.h"
#include "arch/x86/paging.h"
#include "arch/x86/console/screen.h"
#include "arch/x86/console/vga.h"

#define TEXT_ADDRESS 0xb8000
#define COLUMNS 80
#define ROWS 25

#define PORT_CRTC_INDEX 0x3d4
#define PORT_CRTC_DATA 0x3d5
#define CRTC_CURSOR_START 0x0a
#define CURSOR_OFF 0x20

static volatile u16 *cell_at(unsigned int row, unsigned int column)
{
	return (volatile u16 *)phys_to_virt(TEXT_ADDRESS) + row * COLUMNS +
	       column;
}

static void clear(void)
{
	for (unsigned int i = 0; i < ROWS * COLUMNS; i++)
		*cell_at(0, i) = SCREEN_BLANK;
	outb(PORT_CRTC_INDEX, CRTC_CURSOR_START);
	outb(PORT_CRTC_DATA, CURSOR_OFF);
}

static void draw(unsigned int row, unsigned int column, const u16 *cells,
		 unsigned int count)
{
	for (unsigned int i = 0; i < count; i++)
		*cell_at(row, column + i) = cells[i];
}

const struct screen_surface vga_surface = {
	.columns = COLUMNS,
	.rows = ROWS,
	.clear = clear,
	.draw = draw,
};
