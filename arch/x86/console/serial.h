/* SPDX-License-Identifier: MIT */
/* The serial line: a 16550 UART at I/O ports or in memory. */
#ifndef ARCH_X86_CONSOLE_SERIAL_H
#define ARCH_X86_CONSOLE_SERIAL_H

#include "lib/types.h"

struct serial_port {
	const char *name; /* "COM1", ...; NULL: there is none */
	u16 io; /* its first port, if .memory is NULL */
	volatile void *memory; /* its registers */
	u8 stride; /* in memory: bytes of a register, and to the next one */
	u16 divisor; /* of 115200 baud; 0: the probe keeps the present one */
	u16 found_divisor; /* before the probe */
	u8 room; /* free bytes in the transmit FIFO, at least */
	bool is_stuck; /* the last wait for room was in vain */
};

/*
 * Sets the UART to its speed and 8N1, without interrupts. Returns true if there
 * is one: then it receives a byte that it sends in loopback mode. No byte may
 * be under way: see serial_flush.
 */
bool serial_probe(struct serial_port *port);

/* Chooses the port of all functions below that name none; before, these do
   nothing. */
void serial_use(const struct serial_port *port);

/* Like serial_write, serial_read and serial_flush, for a port that answers. */
void serial_send(struct serial_port *port, u8 byte);
int serial_receive(const struct serial_port *port);
void serial_drain(const struct serial_port *port);

/*
 * Sends a byte; waits while the UART is full, up to a limit, and then drops the
 * byte. After a wait in vain it does not wait again until there is room.
 */
void serial_write(u8 byte);

/* Waits until all is sent, up to a limit. */
void serial_flush(void);

/* Returns a received byte, or -1 if there is none. */
int serial_read(void);

/* Returns true if a port is used. */
bool serial_is_used(void);
/* Returns the IRQ of the port, if a PC has one for it; else 0. */
unsigned int serial_irq(void);

/* The values of IER, the interrupt enable register. */
enum serial_event {
	SERIAL_NEVER = 0,
	SERIAL_HAS_RECEIVED = 1,
	SERIAL_CAN_SEND = 2
};

/* Lets the port interrupt while @event holds, and at no other time. */
void serial_interrupt_at(enum serial_event event);

#endif
