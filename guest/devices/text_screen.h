/* SPDX-License-Identifier: MIT */
/*
 * The guest's text screen: the VGA's memory at B8000h, which is RAM here. It
 * has the messages of a kernel without a serial console.
 */
#ifndef GUEST_DEVICES_TEXT_SCREEN_H
#define GUEST_DEVICES_TEXT_SCREEN_H

#include "guest/memory.h"

/*
 * Copies a row (from 0) as a string without the blanks at its end, with a dot
 * for a character that is not printable ASCII. Returns the string's length.
 */
size_t text_screen_row(const struct guest_memory *gm, unsigned int row,
		       char text[TEXT_SCREEN_COLUMNS + 1]);

/*
 * Prints the screen up to its last row that is not blank, and the place of the
 * @cursor (the number of a cell). A blank screen prints nothing.
 */
void text_screen_log(const struct guest_memory *gm, u16 cursor);

#endif
