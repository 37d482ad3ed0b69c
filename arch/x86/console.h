/* SPDX-License-Identifier: MIT */
/*
 * Umbra's console: COM1 and the VGA text screen, whichever are there.
 */
#ifndef ARCH_X86_CONSOLE_H
#define ARCH_X86_CONSOLE_H

#include "lib/types.h"

struct boot_info;

/* COM1; can be called first of all, before the boot information is known. */
void console_init(void);

/* The screen, if the boot information says that it shows text. */
void console_init_screen(const struct boot_info *info);

/* Writes n bytes; "\n" goes to the serial line as "\r\n" unless '\r' led. */
void console_write(const char *s, size_t n);

/* Waits until all that was written has left the machine. */
void console_flush(void);

/* One byte of COM1's input, or -1 when there is none. */
int console_read(void);

#endif
