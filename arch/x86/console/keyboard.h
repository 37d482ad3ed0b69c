/* SPDX-License-Identifier: MIT */
/* The PS/2 keyboard, polled; firmware may make a USB one look like it. */
#ifndef ARCH_X86_CONSOLE_KEYBOARD_H
#define ARCH_X86_CONSOLE_KEYBOARD_H

#include "lib/types.h"

/*
 * Looks for the keyboard's controller and makes it send scan codes of set 1,
 * without interrupts. If there is none, keyboard_poll never touches a port.
 */
void keyboard_init(void);

/* Returns true if there is a controller that takes commands. */
bool keyboard_present(void);

/*
 * Fetches the typed keys from the controller. PgUp and PgDn only move the
 * screen's view. All other keys are for keyboard_read, and show the newest text
 * again.
 */
void keyboard_poll(void);

/* Returns a byte as a terminal would send it, or -1 if there is none. */
int keyboard_read(void);

#endif
