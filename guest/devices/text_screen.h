/* SPDX-License-Identifier: MIT */
/*
 * The guest's text screen: the VGA's memory at B8000h, which is RAM here. It
 * has the messages of a kernel without a serial console.
 */
#ifndef GUEST_DEVICES_TEXT_SCREEN_H
#define GUEST_DEVICES_TEXT_SCREEN_H

#include "guest/memory.h"

/*
 * Prints the screen up to its last row that is not blank, and the place of the
 * @cursor (the number of a cell). A blank screen prints nothing.
 */
void text_screen_log(const struct guest_memory *gm, u16 cursor);

#endif
