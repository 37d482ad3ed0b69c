/* SPDX-License-Identifier: MIT */
/* The serial port's registers, FIFOs and interrupts. */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

#include "guest/devices/uart.h"

enum { DATA, IER, IIR, LCR, MCR, LSR, MSR, SCR };

static u8 sent[64];
static size_t sent_count;

static void transmit(void *ctx, u8 byte)
{
	sent[sent_count++] = byte;
}

static struct uart new_uart(void)
{
	struct uart uart;

	uart_init(&uart, transmit, NULL);
	sent_count = 0;
	return uart;
}

static void registers(void **state)
{
	struct uart uart = new_uart();

	assert_int_equal(uart_read(&uart, IIR), 0x01);
	assert_int_equal(uart_read(&uart, LSR), 0x60);
	assert_int_equal(uart_read(&uart, MSR), 0xb0);
	uart_write(&uart, IER, 0xff);
	assert_int_equal(uart_read(&uart, IER), 0x0f);
	uart_write(&uart, SCR, 0xa5);
	assert_int_equal(uart_read(&uart, SCR), 0xa5);
	uart_write(&uart, LCR, 0x83);
	uart_write(&uart, DATA, 0x0c);
	uart_write(&uart, IER, 0x01);
	assert_int_equal(uart_read(&uart, DATA), 0x0c);
	assert_int_equal(uart_read(&uart, IER), 0x01);
	uart_write(&uart, LCR, 0x03);
	assert_int_equal(uart_read(&uart, IER), 0x0f);
	assert_int_equal(sent_count, 0);
	uart_write(&uart, DATA, 'x');
	assert_int_equal(sent_count, 1);
	assert_int_equal(sent[0], 'x');
}

static void transmitter_interrupt(void **state)
{
	struct uart uart = new_uart();

	uart_write(&uart, IER, 0x02);
	assert_true(uart_irq(&uart)); /* with OUT2 at 0, as xv6 has it */
	assert_int_equal(uart_read(&uart, IIR), 0x02);
	assert_false(uart_irq(&uart)); /* reading its name in IIR clears it */
	assert_int_equal(uart_read(&uart, IIR), 0x01);
	uart_write(&uart, DATA, 'y');
	assert_true(uart_irq(&uart));
	/* Linux's test of the chip: disabling and enabling raises it again. */
	uart_read(&uart, IIR);
	uart_write(&uart, IER, 0x00);
	uart_write(&uart, IER, 0x02);
	assert_int_equal(uart_read(&uart, IIR), 0x02);
}

static void receiver_without_fifo(void **state)
{
	struct uart uart = new_uart();

	assert_true(uart_receive(&uart, 'a'));
	assert_false(uart_receive(&uart, 'b'));
	assert_int_equal(uart_read(&uart, LSR), 0x61);
	assert_int_equal(uart_read(&uart, DATA), 'a');
	assert_int_equal(uart_read(&uart, LSR), 0x60);
	assert_true(uart_receive(&uart, 'b'));
}

static void receiver_fifo(void **state)
{
	struct uart uart = new_uart();

	uart_write(&uart, MCR, 0x08);
	uart_write(&uart, IIR, 0x87); /* on, cleared, trigger at 8 */
	uart_write(&uart, IER, 0x03);
	for (int round = 0; round < 3; round++) {
		for (int i = 0; i < 16; i++)
			assert_true(uart_receive(&uart, i));
		assert_false(uart_receive(&uart, 16));
		/* The receiver comes before the transmitter. */
		assert_int_equal(uart_read(&uart, IIR), 0xc4);
		for (int i = 0; i < 16; i++) {
			if (i == 9)
				assert_int_equal(uart_read(&uart, IIR), 0xcc);
			assert_int_equal(uart_read(&uart, DATA), i);
		}
		assert_int_equal(uart_read(&uart, IIR), round ? 0xc1 : 0xc2);
	}
	uart_receive(&uart, 1);
	uart_write(&uart, IIR, 0x03);
	assert_int_equal(uart_read(&uart, LSR), 0x60);
}

static void loopback(void **state)
{
	struct uart uart = new_uart();

	uart_read(&uart, MSR);
	uart_write(&uart, MCR, 0x1a); /* loop, OUT2, RTS: as Linux probes */
	assert_int_equal(uart_read(&uart, MSR) & 0xf0, 0x90);
	uart_write(&uart, IER, 0x04);
	uart_write(&uart, DATA, 'q');
	assert_int_equal(sent_count, 0);
	assert_false(uart_receive(&uart, 'z'));
	uart_write(&uart, DATA, 'r'); /* no FIFO: it destroys the first */
	assert_int_equal(uart_read(&uart, IIR), 0x06);
	assert_int_equal(uart_read(&uart, LSR), 0x63);
	assert_int_equal(uart_read(&uart, IIR), 0x01);
	assert_int_equal(uart_read(&uart, DATA), 'r');
	assert_false(uart_irq(&uart));

	uart_write(&uart, IIR, 0x07);
	for (int i = 0; i <= 16; i++)
		uart_write(&uart, DATA, i);
	assert_int_equal(uart_read(&uart, LSR), 0x63);
	for (int i = 0; i < 16; i++) /* the FIFO stays as it was */
		assert_int_equal(uart_read(&uart, DATA), i);
	assert_int_equal(uart_read(&uart, LSR), 0x60);
}

static void modem_interrupt(void **state)
{
	struct uart uart = new_uart();

	uart_write(&uart, IER, 0x08);
	uart_write(&uart, MCR, 0x14); /* loop: CTS, DSR, DCD fall; RI rises */
	assert_int_equal(uart_read(&uart, IIR), 0x00);
	assert_int_equal(uart_read(&uart, MSR), 0x4b);
	assert_int_equal(uart_read(&uart, IIR), 0x01);
	uart_write(&uart, MCR, 0x10); /* RI ends */
	assert_int_equal(uart_read(&uart, MSR), 0x04);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(registers),
		cmocka_unit_test(transmitter_interrupt),
		cmocka_unit_test(receiver_without_fifo),
		cmocka_unit_test(receiver_fifo),
		cmocka_unit_test(loopback),
		cmocka_unit_test(modem_interrupt),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
