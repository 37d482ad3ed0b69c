/* SPDX-License-Identifier: MIT */
/* The console of the built-in guest and of the test guests: COM1. */
#ifndef GUEST_BUILTIN_CONSOLE_H
#define GUEST_BUILTIN_CONSOLE_H

#include "lib/types.h"

/* Sets COM1 to 8N1. */
void console_init(void);
/*
 * Conversions: %s, %u, %x; l and ll before u and x; a width, for strings with
 * '-' (to the left), for numbers with '0'.
 */
void print(const char *fmt, ...) __printf(1, 2);

#endif
