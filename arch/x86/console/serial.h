/* SPDX-License-Identifier: MIT */
/* COM1, a 16550 UART, polled. */
#ifndef ARCH_X86_CONSOLE_SERIAL_H
#define ARCH_X86_CONSOLE_SERIAL_H

#include "lib/types.h"

/*
 * Looks for the UART and sets it to 115200 baud, 8N1; without one, the other
 * functions do nothing. The first call of all.
 */
void serial_init(void);

/* Sends a byte; waits while the UART is full, but not for ever. */
void serial_write(u8 byte);

/* Waits until all is sent, but not for ever. */
void serial_flush(void);

/* A received byte, or -1: none. */
int serial_read(void);

#endif
