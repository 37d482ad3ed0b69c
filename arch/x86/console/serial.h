/* SPDX-License-Identifier: MIT */
/* The serial line: a 16550 UART at I/O ports or in memory, polled. */
#ifndef ARCH_X86_CONSOLE_SERIAL_H
#define ARCH_X86_CONSOLE_SERIAL_H

#include "lib/types.h"

struct serial_port {
	const char *name; /* "COM1", ...; NULL: there is none */
	u16 io; /* its first port, ... */
	volatile void *memory; /* ... unless this is where its registers are */
	u8 stride; /* there: bytes of an access, and from one to the next */
	u16 divisor; /* of 115200 baud; 0, until the probe: as it is */
	u16 found_divisor; /* before the probe */
	u8 room; /* in the transmit FIFO, at least */
	bool is_stuck; /* there was no room for too long */
};

/*
 * Sets the UART to its speed and 8N1, without interrupts. Returns true if there
 * is one: then what is sent comes back in its loop. Nothing may be on the way,
 * see serial_flush.
 */
bool serial_probe(struct serial_port *port);

/* The last three are about this port from now on; before, they do nothing. */
void serial_use(const struct serial_port *port);

/* Like serial_write, serial_read and serial_flush, for a port that answers. */
void serial_send(struct serial_port *port, u8 byte);
int serial_receive(const struct serial_port *port);
void serial_drain(const struct serial_port *port);

/*
 * Sends a byte; waits while the UART is full, but not for ever. After it has
 * waited in vain it waits no more, until there is room again.
 */
void serial_write(u8 byte);

/* Waits until all is sent, but not for ever. */
void serial_flush(void);

/* A received byte, or -1: none. */
int serial_read(void);

#endif
