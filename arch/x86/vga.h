/* SPDX-License-Identifier: MIT */
/* The VGA's text screen, 80 by 25. */
#ifndef ARCH_X86_VGA_H
#define ARCH_X86_VGA_H

#include "lib/types.h"

/* Starts writing to the screen, below what the boot loader left there. */
void vga_init(void);

/* Writes a character; '\n' starts a new line, '\r' the same one, '\b' backs. */
void vga_write(char c);

#endif
