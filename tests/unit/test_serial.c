/* SPDX-License-Identifier: MIT */
/* The UART whose registers are in memory: plain memory, which echoes. */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

#include "arch/x86/console/serial.h"

enum { DATA = 0, DIVISOR_LOW = 0, LCR = 3, LSR = 5, REGISTERS = 8 };

#define IDLE_WITH_DATA 0x61
#define LINE_8N1 3

/* Registers are 32 bits apart, and are read and written as 32 bits. */
static void test_words(void **state)
{
	u32 registers[REGISTERS] = { [LSR] = IDLE_WITH_DATA };
	struct serial_port port = { .name = "SPCR",
				    .memory = registers,
				    .stride = sizeof(u32) };

	assert_true(serial_probe(&port));
	assert_int_equal(registers[LCR], LINE_8N1);
	serial_use(&port);
	serial_write('x');
	serial_flush();
	assert_int_equal(registers[DATA], 'x');
	registers[DATA] = 'y';
	assert_int_equal(serial_read(), 'y');
}

static void test_bytes(void **state)
{
	u8 registers[REGISTERS] = { [LSR] = IDLE_WITH_DATA };
	struct serial_port port = { .name = "PCI",
				    .memory = registers,
				    .stride = 1 };

	assert_true(serial_probe(&port));
	serial_use(&port);
	serial_write('x');
	assert_int_equal(registers[DATA], 'x');
	registers[LSR] = 0;
	assert_int_equal(serial_read(), -1);
	registers[LSR] = 0xff; /* it has gone */
	assert_int_equal(serial_read(), -1);
}

/* An address without a device reads all ones, and is not written to. */
static void test_nobody(void **state)
{
	u8 registers[REGISTERS], before[REGISTERS];
	struct serial_port port = { .memory = registers, .stride = 1 };

	memset(registers, 0xff, sizeof(registers));
	memcpy(before, registers, sizeof(before));
	assert_false(serial_probe(&port));
	assert_memory_equal(registers, before, sizeof(before));
	registers[LSR] = 0; /* a device, but no echo */
	assert_false(serial_probe(&port));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_bytes),
		cmocka_unit_test(test_nobody),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
