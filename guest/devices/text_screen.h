/* SPDX-License-Identifier: MIT */
/*
 * The guest's text screen: what it has written to the VGA's memory at B8000h,
 * which is RAM here. It shows what a kernel without a serial console had to say.
 */
#ifndef GUEST_DEVICES_TEXT_SCREEN_H
#define GUEST_DEVICES_TEXT_SCREEN_H

#include "guest/memory.h"

/*
 * One row (from 0) as a string, blanks at its end left out; what is not ASCII
 * is a dot. Returns its length.
 */
size_t text_screen_row(const struct guest_memory *gm, unsigned int row,
		       char text[TEXT_SCREEN_COLUMNS + 1]);

/*
 * Prints the screen, up to its last row that is not blank, if there is one, and
 * where its @cursor is (a cell, from the first).
 */
void text_screen_log(const struct guest_memory *gm, u16 cursor);

#endif
