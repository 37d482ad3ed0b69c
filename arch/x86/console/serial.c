/* SPDX-License-Identifier: MIT */
/*
 * A 16550 UART. Register names are those of its data sheet.
 */
#include "arch/x86/cpu.h"
#include "arch/x86/console/serial.h"

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
#define MCR_OUT2 0x08 /* in a PC: the port's IRQ is connected */
#define MCR_LOOPBACK 0x10
#define LSR_DATA_READY 0x01
#define LSR_THR_EMPTY 0x20
#define LSR_IDLE 0x40 /* the last bit has left */

#define NO_DEVICE 0xff
#define FIFO_SIZE 16
#define PROBE_BYTE 0xa5
#define SPIN_MAX 1000000 /* far longer than 16 bytes take */

static struct serial_port used; /* name NULL: none */

static u8 reg_read(const struct serial_port *port, unsigned int reg)
{
	if (!port->memory)
		return inb((u16)(port->io + reg));
	if (port->stride == sizeof(u32))
		return (u8)((volatile u32 *)port->memory)[reg];
	return ((volatile u8 *)port->memory)[reg * port->stride];
}

static void reg_write(const struct serial_port *port, unsigned int reg,
		      u8 value)
{
	if (!port->memory)
		outb((u16)(port->io + reg), value);
	else if (port->stride == sizeof(u32))
		((volatile u32 *)port->memory)[reg] = value;
	else
		((volatile u8 *)port->memory)[reg * port->stride] = value;
}

/* Stores the divisor that it finds, and sets the port's; 0 is no divisor. */
static void set_speed(struct serial_port *port)
{
	reg_write(port, UART_LCR, LCR_DLAB);
	port->found_divisor = reg_read(port, UART_DIVISOR_LOW) |
			      reg_read(port, UART_DIVISOR_HIGH) << 8;
	if (!port->divisor)
		port->divisor = MAX(port->found_divisor, 1);
	reg_write(port, UART_DIVISOR_LOW, (u8)port->divisor);
	reg_write(port, UART_DIVISOR_HIGH, port->divisor >> 8);
}

/* Returns true if a byte that is sent in loopback mode comes in again. */
static bool answers(const struct serial_port *port)
{
	bool same = false;

	reg_write(port, UART_MCR, MCR_LOOPBACK | MCR_DTR_RTS);
	reg_write(port, UART_DATA, PROBE_BYTE);
	for (int i = 0; i < SPIN_MAX / 10 && !same; i++)
		if (reg_read(port, UART_LSR) & LSR_DATA_READY)
			same = reg_read(port, UART_DATA) == PROBE_BYTE;
	reg_write(port, UART_MCR, MCR_DTR_RTS);
	return same;
}

bool serial_probe(struct serial_port *port)
{
	if (reg_read(port, UART_LSR) == NO_DEVICE)
		return false;
	set_speed(port);
	reg_write(port, UART_LCR, LCR_8N1);
	reg_write(port, UART_IER, 0);
	reg_write(port, UART_FCR, FCR_ENABLE_AND_CLEAR);
	return answers(port);
}

/* Returns the maximum number of reads of the line status before it gives up. */
static unsigned int polls_max(const struct serial_port *port)
{
	return port->is_stuck ? 1 : SPIN_MAX;
}

void serial_use(const struct serial_port *port)
{
	used = *port;
}

void serial_send(struct serial_port *port, u8 byte)
{
	/*
	 * The line status is slow to read. When it says that the FIFO is empty,
	 * 16 bytes fit without another read.
	 */
	for (unsigned int i = 0; !port->room && i < polls_max(port); i++)
		if (reg_read(port, UART_LSR) & LSR_THR_EMPTY)
			port->room = FIFO_SIZE;
	port->is_stuck = !port->room;
	if (port->is_stuck)
		return;
	reg_write(port, UART_DATA, byte);
	port->room--;
}

void serial_write(u8 byte)
{
	if (used.name)
		serial_send(&used, byte);
}

void serial_drain(const struct serial_port *port)
{
	for (unsigned int i = 0; i < polls_max(port); i++)
		if (reg_read(port, UART_LSR) & LSR_IDLE)
			return;
}

void serial_flush(void)
{
	if (used.name)
		serial_drain(&used);
}

int serial_receive(const struct serial_port *port)
{
	u8 status = reg_read(port, UART_LSR);

	if (status == NO_DEVICE || !(status & LSR_DATA_READY))
		return -1;
	return reg_read(port, UART_DATA);
}

int serial_read(void)
{
	return used.name ? serial_receive(&used) : -1;
}

bool serial_is_used(void)
{
	return used.name;
}

unsigned int serial_irq(void)
{
	static const struct {
		u16 io;
		u8 irq;
	} irqs[] = { { 0x3f8, 4 }, { 0x2f8, 3 }, { 0x3e8, 4 }, { 0x2e8, 3 } };

	for (size_t i = 0; i < ARRAY_SIZE(irqs); i++)
		if (used.name && !used.memory && used.io == irqs[i].io)
			return irqs[i].irq;
	return 0;
}

void serial_interrupt_at(enum serial_event event)
{
	if (!used.name)
		return;
	reg_write(&used, UART_MCR,
		  MCR_DTR_RTS | (event == SERIAL_NEVER ? 0 : MCR_OUT2));
	reg_write(&used, UART_IER, (u8)event);
}
