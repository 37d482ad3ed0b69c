/* SPDX-License-Identifier: MIT */
/*
 * The serial line. Register names are those of the 16550's data sheet.
 */
#include "arch/x86/cpu.h"
#include "arch/x86/console/serial.h"

#define COM1 0x3f8

enum {
	UART_DATA = 0,
	UART_IER = 1,
	UART_FCR = 2,
	UART_LCR = 3,
	UART_MCR = 4,
	UART_LSR = 5,
	UART_DIVISOR_LOW = 0, /* with LCR_DLAB */
	UART_DIVISOR_HIGH = 1
};

#define FCR_ENABLE_AND_CLEAR 0x07
#define LCR_8N1 0x03
#define LCR_DLAB 0x80
#define MCR_DTR_RTS 0x03
#define MCR_LOOPBACK 0x10
#define LSR_DATA_READY 0x01
#define LSR_THR_EMPTY 0x20
#define LSR_IDLE 0x40 /* the last bit has left */
#define DIVISOR_115200 1

#define FIFO_SIZE 16
#define PROBE_BYTE 0xa5
#define SPIN_MAX 1000000 /* far longer than 16 bytes take */

static bool present;
static unsigned int room; /* in the transmit FIFO, at least */

static u8 reg_read(unsigned int reg)
{
	return inb((u16)(COM1 + reg));
}

static void reg_write(unsigned int reg, u8 value)
{
	outb((u16)(COM1 + reg), value);
}

void serial_init(void)
{
	reg_write(UART_IER, 0);
	reg_write(UART_LCR, LCR_DLAB);
	reg_write(UART_DIVISOR_LOW, DIVISOR_115200);
	reg_write(UART_DIVISOR_HIGH, 0);
	reg_write(UART_LCR, LCR_8N1);
	reg_write(UART_FCR, FCR_ENABLE_AND_CLEAR);

	/* Looped back, what is sent must come in again, or nobody is there. */
	reg_write(UART_MCR, MCR_LOOPBACK | MCR_DTR_RTS);
	reg_write(UART_DATA, PROBE_BYTE);
	for (int i = 0; i < SPIN_MAX / 10 && !present; i++) {
		u8 lsr = reg_read(UART_LSR);

		if (lsr == 0xff)
			break;
		if (lsr & LSR_DATA_READY)
			present = reg_read(UART_DATA) == PROBE_BYTE;
	}
	reg_write(UART_MCR, MCR_DTR_RTS);
}

void serial_write(u8 byte)
{
	if (!present)
		return;
	/*
	 * The line status is slow to read; once it says that the FIFO is
	 * empty, 16 bytes fit without asking again.
	 */
	for (int i = 0; !room && i < SPIN_MAX; i++)
		if (reg_read(UART_LSR) & LSR_THR_EMPTY)
			room = FIFO_SIZE;
	if (!room)
		return;
	reg_write(UART_DATA, byte);
	room--;
}

void serial_flush(void)
{
	for (int i = 0; present && i < SPIN_MAX; i++)
		if (reg_read(UART_LSR) & LSR_IDLE)
			return;
}

int serial_read(void)
{
	if (!present || !(reg_read(UART_LSR) & LSR_DATA_READY))
		return -1;
	return reg_read(UART_DATA);
}
