/* SPDX-License-Identifier: MIT */
/* The serial port: see uart.h. */
#include "guest/devices/uart.h"

#include "lib/string.h"

#define IER_RX BIT(0)
#define IER_THR BIT(1)
#define IER_LINE BIT(2)
#define IER_MODEM BIT(3)
#define IER_ALL 0x0f

/* The causes that IIR reports, the most urgent first (table IV). */
#define IIR_LINE 0x06
#define IIR_RX 0x04
#define IIR_RX_TIMEOUT 0x0c
#define IIR_THR 0x02
#define IIR_MODEM 0x00
#define IIR_NONE 0x01
#define IIR_FIFOS 0xc0

#define FCR_ENABLE BIT(0)
#define FCR_CLEAR_RX BIT(1)
#define FCR_TRIGGER_SHIFT 6

#define LCR_DLAB BIT(7)

#define MCR_DTR BIT(0)
#define MCR_RTS BIT(1)
#define MCR_OUT1 BIT(2)
#define MCR_OUT2 BIT(3)
#define MCR_LOOP BIT(4)
#define MCR_ALL 0x1f

#define LSR_DATA_READY BIT(0)
#define LSR_OVERRUN BIT(1)
#define LSR_THR_EMPTY BIT(5)
#define LSR_IDLE BIT(6)

#define MSR_DELTAS 0x0f /* of CTS, DSR and DCD; of RI, that it has fallen */
#define MSR_CTS BIT(4)
#define MSR_DSR BIT(5)
#define MSR_RI BIT(6)
#define MSR_DCD BIT(7)
#define MSR_DELTA_SHIFT 4 /* from an input to the bit that tells its change */

void uart_init(struct uart *uart, void (*tx)(void *ctx, u8 byte), void *ctx)
{
	memset(uart, 0, sizeof(*uart));
	uart->tx = tx;
	uart->ctx = ctx;
	uart->reg[UART_MSR] = MSR_CTS | MSR_DSR |
			      MSR_DCD; /* a terminal is connected */
}

static u8 rx_capacity(const struct uart *uart)
{
	return uart->fcr & FCR_ENABLE ? UART_FIFO_SIZE : 1;
}

static void rx_push(struct uart *uart, u8 byte)
{
	if (uart->rx_count == rx_capacity(uart)) {
		uart->overrun = true;
		/* Without the FIFO (and only then) it replaces the old one. */
		if (!(uart->fcr & FCR_ENABLE))
			uart->rx[uart->rx_first] = byte;
		return;
	}
	uart->rx[(uart->rx_first + uart->rx_count++) % UART_FIFO_SIZE] = byte;
}

static u8 rx_pop(struct uart *uart)
{
	u8 byte = uart->rx[uart->rx_first];

	if (uart->rx_count) {
		uart->rx_count--;
		uart->rx_first = (uart->rx_first + 1) % UART_FIFO_SIZE;
	}
	return byte;
}

/*
 * Below the trigger level the chip waits four characters' time before it says
 * "timeout"; on a line that is infinitely fast, that is no time at all.
 */
static u8 rx_reason(const struct uart *uart)
{
	static const u8 triggers[] = { 1, 4, 8, 14 };

	if (uart->fcr & FCR_ENABLE &&
	    uart->rx_count < triggers[uart->fcr >> FCR_TRIGGER_SHIFT])
		return IIR_RX_TIMEOUT;
	return IIR_RX;
}

static u8 interrupt_reason(const struct uart *uart)
{
	if (uart->reg[UART_IER] & IER_LINE && uart->overrun)
		return IIR_LINE;
	if (uart->reg[UART_IER] & IER_RX && uart->rx_count)
		return rx_reason(uart);
	if (uart->reg[UART_IER] & IER_THR && uart->thr_interrupt)
		return IIR_THR;
	if (uart->reg[UART_IER] & IER_MODEM && uart->reg[UART_MSR] & MSR_DELTAS)
		return IIR_MODEM;
	return IIR_NONE;
}

/*
 * The chip's INTR does not depend on OUT2; the first PCs' boards gated it by
 * that pin. QEMU has no such gate, and kernels that were written on it (xv6)
 * leave OUT2 at 0; a kernel that wants no interrupts clears IER. So there is no
 * gate here either.
 */
bool uart_irq(const struct uart *uart)
{
	return interrupt_reason(uart) != IIR_NONE;
}

/* In a loop-back the outputs of MCR are the modem's inputs. */
static void update_modem_inputs(struct uart *uart)
{
	u8 inputs = MSR_CTS | MSR_DSR | MSR_DCD;
	u8 changed;

	if (uart->reg[UART_MCR] & MCR_LOOP) {
		inputs = uart->reg[UART_MCR] & MCR_RTS ? MSR_CTS : 0;
		inputs |= uart->reg[UART_MCR] & MCR_DTR ? MSR_DSR : 0;
		inputs |= uart->reg[UART_MCR] & MCR_OUT1 ? MSR_RI : 0;
		inputs |= uart->reg[UART_MCR] & MCR_OUT2 ? MSR_DCD : 0;
	}
	changed = (uart->reg[UART_MSR] ^ inputs) & ~MSR_DELTAS;
	if (inputs & MSR_RI) /* of the ring indicator, only the end counts */
		changed &= ~MSR_RI;
	uart->reg[UART_MSR] = inputs | (uart->reg[UART_MSR] & MSR_DELTAS) |
			      changed >> MSR_DELTA_SHIFT;
}

u8 uart_read(struct uart *uart, u8 reg)
{
	bool dlab = uart->reg[UART_LCR] & LCR_DLAB;
	u8 value;

	switch (reg) {
	case UART_DATA:
		return dlab ? uart->divisor[0] : rx_pop(uart);
	case UART_IER:
		return dlab ? uart->divisor[1] : uart->reg[UART_IER];
	case UART_IIR:
		value = interrupt_reason(uart);
		if (value == IIR_THR)
			uart->thr_interrupt = false;
		return value | (uart->fcr & FCR_ENABLE ? IIR_FIFOS : 0);
	case UART_LSR:
		value = LSR_THR_EMPTY | LSR_IDLE;
		value |= uart->rx_count ? LSR_DATA_READY : 0;
		value |= uart->overrun ? LSR_OVERRUN : 0;
		uart->overrun = false;
		return value;
	case UART_MSR:
		value = uart->reg[UART_MSR];
		uart->reg[UART_MSR] &= ~MSR_DELTAS;
		return value;
	default:
		return uart->reg[reg];
	}
}

static void write_data(struct uart *uart, u8 value)
{
	if (uart->reg[UART_MCR] & MCR_LOOP)
		rx_push(uart, value);
	else
		uart->tx(uart->ctx, value);
	uart->thr_interrupt = true; /* THR is empty again at once */
}

/* Enabling the transmitter's interrupt raises it if THR is empty. */
static void write_ier(struct uart *uart, u8 value)
{
	if (value & ~uart->reg[UART_IER] & IER_THR)
		uart->thr_interrupt = true;
	uart->reg[UART_IER] = value & IER_ALL;
}

static void write_fcr(struct uart *uart, u8 value)
{
	if (value & FCR_CLEAR_RX || (value ^ uart->fcr) & FCR_ENABLE)
		uart->rx_count = 0;
	uart->fcr = value & FCR_ENABLE ? value : 0;
}

void uart_write(struct uart *uart, u8 reg, u8 value)
{
	bool dlab = uart->reg[UART_LCR] & LCR_DLAB;

	switch (reg) {
	case UART_DATA:
		if (dlab)
			uart->divisor[0] = value;
		else
			write_data(uart, value);
		break;
	case UART_IER:
		if (dlab)
			uart->divisor[1] = value;
		else
			write_ier(uart, value);
		break;
	case UART_IIR:
		write_fcr(uart, value);
		break;
	case UART_MCR:
		uart->reg[UART_MCR] = value & MCR_ALL;
		update_modem_inputs(uart);
		break;
	case UART_LSR:
	case UART_MSR:
		break; /* for the factory's test only */
	default:
		uart->reg[reg] = value;
	}
}

bool uart_receive(struct uart *uart, u8 byte)
{
	if (uart->reg[UART_MCR] & MCR_LOOP ||
	    uart->rx_count == rx_capacity(uart))
		return false;
	rx_push(uart, byte);
	return true;
}
