/* SPDX-License-Identifier: MIT */
/*
 * The text screen: two bytes a cell at B8000h, and the cursor's place in two
 * registers of the CRT controller.
 */
#include "arch/x86/cpu.h"
#include "arch/x86/paging.h"
#include "arch/x86/vga.h"

#define TEXT_ADDRESS 0xb8000
#define COLUMNS 80
#define ROWS 25
#define BLANK 0x0720 /* a space, light grey on black */

#define PORT_CRTC_INDEX 0x3d4
#define PORT_CRTC_DATA 0x3d5
#define CRTC_CURSOR_HIGH 0x0e
#define CRTC_CURSOR_LOW 0x0f

static volatile u16 *cells; /* NULL: no screen */
static unsigned int cursor; /* a cell's number */

static u8 crtc_read(u8 index)
{
	outb(PORT_CRTC_INDEX, index);
	return inb(PORT_CRTC_DATA);
}

static void crtc_write(u8 index, u8 value)
{
	outb(PORT_CRTC_INDEX, index);
	outb(PORT_CRTC_DATA, value);
}

static void show_cursor(void)
{
	crtc_write(CRTC_CURSOR_HIGH, (u8)(cursor >> 8));
	crtc_write(CRTC_CURSOR_LOW, (u8)cursor);
}

static void scroll(void)
{
	for (unsigned int i = 0; i < (ROWS - 1) * COLUMNS; i++)
		cells[i] = cells[i + COLUMNS];
	for (unsigned int i = (ROWS - 1) * COLUMNS; i < ROWS * COLUMNS; i++)
		cells[i] = BLANK;
	cursor -= COLUMNS;
}

void vga_init(void)
{
	cells = phys_to_virt(TEXT_ADDRESS);
	cursor = (unsigned int)crtc_read(CRTC_CURSOR_HIGH) << 8 |
		 crtc_read(CRTC_CURSOR_LOW);
	if (cursor >= ROWS * COLUMNS)
		cursor = (ROWS - 1) * COLUMNS;
}

void vga_write(char c)
{
	if (!cells)
		return;
	switch (c) {
	case '\n':
		cursor += COLUMNS - cursor % COLUMNS;
		break;
	case '\r':
		cursor -= cursor % COLUMNS;
		break;
	case '\b':
		if (cursor % COLUMNS)
			cursor--;
		break;
	default:
		cells[cursor++] = (u16)((BLANK & 0xff00) | (u8)c);
	}
	if (cursor >= ROWS * COLUMNS)
		scroll();
	if (c == '\n')
		show_cursor();
}
