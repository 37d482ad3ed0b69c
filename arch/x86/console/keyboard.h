/* SPDX-License-Identifier: MIT */
/* The PS/2 keyboard, polled; firmware may make a USB one look like it. */
#ifndef ARCH_X86_CONSOLE_KEYBOARD_H
#define ARCH_X86_CONSOLE_KEYBOARD_H

#include "lib/types.h"

/*
 * Looks for the keyboard's controller and makes it send scan codes of set 1,
 * with no interrupts. Where there is none, keyboard_poll never touches a port.
 */
void keyboard_init(void);

/* Returns true if there is a controller that takes commands. */
bool keyboard_present(void);

/*
 * Takes in what has been typed. PgUp and PgDn move the screen's view; they go no
 * further. Any other key is for keyboard_read, and shows the newest text again.
 */
void keyboard_poll(void);

/* A byte as a terminal would send it, or -1: keyboard_poll has found no more. */
int keyboard_read(void);

#endif
