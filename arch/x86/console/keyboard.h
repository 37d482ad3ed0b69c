/* SPDX-License-Identifier: MIT */
/* The PS/2 keyboard, polled; firmware may make a USB one look like it. */
#ifndef ARCH_X86_CONSOLE_KEYBOARD_H
#define ARCH_X86_CONSOLE_KEYBOARD_H

/*
 * Looks for the keyboard's controller and makes it send scan codes of set 1,
 * with no interrupts. Where there is none, keyboard_read never touches a port.
 */
void keyboard_init(void);

/* A byte as a terminal would send it, or -1: nothing typed. */
int keyboard_read(void);

#endif
