/* SPDX-License-Identifier: MIT */
/*
 * A 16550A serial port with its FIFOs (National Semiconductor PC16550D data
 * sheet, 8.0). Its line is infinitely fast: a byte that is written is gone.
 */
#ifndef GUEST_DEVICES_UART_H
#define GUEST_DEVICES_UART_H

#include "lib/types.h"

#define UART_FIFO_SIZE 16

enum uart_register {
	UART_DATA, /* RBR and THR; the divisor's low byte if LCR.DLAB */
	UART_IER, /* the divisor's high byte if LCR.DLAB */
	UART_IIR, /* FCR when written */
	UART_LCR,
	UART_MCR,
	UART_LSR,
	UART_MSR, /* the inputs, and their changes since the last read */
	UART_SCRATCH,
	UART_REGISTERS
};

struct uart {
	void (*tx)(void *ctx, u8 byte); /* gets the written bytes */
	void *ctx;
	u8 rx[UART_FIFO_SIZE];
	u8 rx_first;
	u8 rx_count;
	u8 reg[UART_REGISTERS]; /* the registers that keep a value */
	u8 fcr;
	u8 divisor[2];
	bool overrun;
	bool thr_interrupt; /* the transmitter's, until IIR names it */
};

/* @tx gets @ctx and each byte that the guest sends. */
void uart_init(struct uart *uart, void (*tx)(void *ctx, u8 byte), void *ctx);

/* Access to one of the port's registers, 0 to 7. */
u8 uart_read(struct uart *uart, u8 reg);
void uart_write(struct uart *uart, u8 reg, u8 value);

/*
 * Receives a byte from outside. Returns false if there is no room: offer the
 * byte again later.
 */
bool uart_receive(struct uart *uart, u8 byte);

/* The level of the interrupt line. */
bool uart_irq(const struct uart *uart);

#endif
