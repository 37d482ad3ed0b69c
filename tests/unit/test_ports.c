/* SPDX-License-Identifier: MIT */
/*
 * The search for serial ports, with ports.c, serial.c and pci.c included, on a
 * machine of made-up UARTs and PCI functions.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "arch/x86/firmware/acpi.h"
#include "arch/x86/console/ports.h"
#include "arch/x86/cpu.h"

/* In the place of this header. */
#define ARCH_X86_PAGING_H

#define REGISTERS_SIZE 8
#define IDLE 0x60
#define DATA_READY 0x01
#define LOOPBACK 0x10
#define DLAB 0x80
#define MEMORY_BASE 0xfe000000 /* of the UARTs in memory, a page each */
#define MEMORY_UARTS 2
#define UARTS 4
#define FUNCTIONS 4

/* One at I/O ports; .io 0: none. */
struct fake_uart {
	u16 io;
	u16 divisor;
	u8 line_control, modem_control, status, data;
	unsigned int status_reads;
};

/* A function with a 16550's class; .vendor 0: none. */
struct fake_function {
	u32 number;
	u32 vendor, bar;
	u16 command;
};

static struct fake_uart uarts[UARTS];
static struct fake_function functions[FUNCTIONS];
static u8 memory_registers[MEMORY_UARTS][REGISTERS_SIZE * sizeof(u32)];
static u32 pci_address;

static struct fake_uart *uart_at(u16 port)
{
	for (int i = 0; i < UARTS; i++)
		if (uarts[i].io && port >= uarts[i].io &&
		    port < uarts[i].io + REGISTERS_SIZE)
			return &uarts[i];
	return NULL;
}

static u8 fake_inb(u16 port)
{
	struct fake_uart *u = uart_at(port);

	if (!u)
		return 0xff;
	switch (port - u->io) {
	case 0:
		return u->line_control & DLAB ? (u8)u->divisor : u->data;
	case 1:
		return u->line_control & DLAB ? u->divisor >> 8 : 0;
	case 5:
		u->status_reads++;
		return u->modem_control & LOOPBACK ? u->status | DATA_READY
						   : u->status;
	default:
		fail_msg("port %x is read", port);
		return 0;
	}
}

static void fake_outb(u16 port, u8 value)
{
	struct fake_uart *u = uart_at(port);

	assert_non_null(u); /* the 8237, or another */
	switch (port - u->io) {
	case 0:
		if (u->line_control & DLAB)
			u->divisor = (u->divisor & 0xff00) | value;
		else
			u->data = value;
		break;
	case 1:
		if (u->line_control & DLAB)
			u->divisor = (u8)u->divisor | value << 8;
		break;
	case 3:
		u->line_control = value;
		break;
	case 4:
		u->modem_control = value;
		break;
	}
}

static struct fake_function *function_selected(void)
{
	for (int i = 0; i < FUNCTIONS; i++)
		if (functions[i].vendor &&
		    functions[i].number == (pci_address >> 8 & 0xffff))
			return &functions[i];
	return NULL;
}

static void fake_outl(u16 port, u32 value)
{
	pci_address = value;
}

static u32 fake_inl(u16 port)
{
	const struct fake_function *f = function_selected();

	if (!f)
		return ~0U;
	switch (pci_address & 0xff) {
	case 0x00:
		return f->vendor;
	case 0x04:
		return f->command;
	case 0x08:
		return 0x07000200;
	case 0x0c:
		return 0x800000; /* one of several functions */
	case 0x10:
		return f->bar;
	default:
		return 0;
	}
}

/* Only the functions that decode an address may be enabled. */
static void fake_outw(u16 port, u16 value)
{
	struct fake_function *f = function_selected();

	assert_int_equal(pci_address & 0xff, 4);
	assert_true(f->bar & ~3U);
	f->command = value;
}

static volatile void *paging_map_device(hpa_t hpa, size_t size)
{
	u64 i = (hpa - MEMORY_BASE) / PAGE_SIZE;

	assert_true(size <= sizeof(memory_registers[0]));
	return hpa >= MEMORY_BASE && i < MEMORY_UARTS ? memory_registers[i]
						      : NULL;
}

void log_flush(void)
{
}

#define inb fake_inb
#define outb fake_outb
#define inl fake_inl
#define outl fake_outl
#define outw fake_outw

#include "arch/x86/console/serial.c"
#include "arch/x86/pci.c"
#include "arch/x86/console/ports.c"

static struct serial_port fresh_ports[ARRAY_SIZE(ports)];
static struct acpi_facts acpi;

static int keep_fresh(void **state)
{
	memcpy(fresh_ports, ports, sizeof(ports));
	return 0;
}

static int setup(void **state)
{
	memcpy(ports, fresh_ports, sizeof(ports));
	use(PORT_NONE);
	memset(uarts, 0, sizeof(uarts));
	memset(functions, 0, sizeof(functions));
	memset(memory_registers, 0xff, sizeof(memory_registers));
	memset(&acpi, 0, sizeof(acpi));
	return 0;
}

/* The firmware has set it to 57600 baud. */
static struct fake_uart *add_uart(int i, u16 io)
{
	uarts[i] = (struct fake_uart){ io, .divisor = 2, .status = IDLE };
	return &uarts[i];
}

static bool choose_ports(void)
{
	return ports_choose(PORT_AUTO, &acpi);
}

static void test_none(void **state)
{
	ports_init();
	assert_false(choose_ports());
	assert_int_equal(in_use, PORT_NONE);
}

static void test_com3(void **state)
{
	struct fake_uart *com3 = add_uart(0, 0x3e8);

	ports_init();
	assert_true(choose_ports());
	assert_int_equal(in_use, PORT_COM3);
	assert_int_equal(com3->divisor, 1);
	assert_null(ports[PORT_COM2].name);
	serial_write('x');
	assert_int_equal(com3->data, 'x');
}

/* The firmware's console keeps its speed, also under its other name. */
static void test_spcr(void **state)
{
	struct fake_uart *com1 = add_uart(0, 0x3f8);
	struct fake_uart *com2 = add_uart(1, 0x2f8);

	acpi.serial[ACPI_SPCR] = (struct acpi_serial){ ACPI_IO, 0x2f8, 1 };
	acpi.serial[ACPI_DBG2] = (struct acpi_serial){ ACPI_IO, 0x2f8, 1 };
	ports_init();
	assert_int_equal(com1->divisor, 1);
	assert_true(choose_ports());
	assert_int_equal(in_use, PORT_SPCR);
	assert_int_equal(com2->divisor, 2);
	assert_string_equal(ports[PORT_COM2].name, "COM2");
	assert_string_equal(ports[PORT_DBG2].name, "DBG2");
}

/* COM1 itself: its speed stays, which is known only after reading the table. */
static void test_spcr_is_com1(void **state)
{
	struct fake_uart *com1 = add_uart(0, 0x3f8);

	acpi.serial[ACPI_SPCR] = (struct acpi_serial){ ACPI_IO, 0x3f8, 1 };
	ports_init();
	assert_int_equal(com1->divisor, 1);
	assert_true(choose_ports()); /* the log once more, at the right speed */
	assert_int_equal(com1->divisor, 2);
	assert_string_equal(ports[PORT_COM1].name, "COM1");
}

/* Another name, but the same speed: nothing is repeated. */
static void test_two_names(void **state)
{
	add_uart(0, 0x3f8)->divisor = 1;
	acpi.serial[ACPI_SPCR] = (struct acpi_serial){ ACPI_IO, 0x3f8, 1 };
	ports_init();
	assert_false(choose_ports());
}

/* An address beyond the processor's reach can't be mapped. */
static void test_out_of_reach(void **state)
{
	acpi.serial[ACPI_SPCR] =
		(struct acpi_serial){ ACPI_MEMORY, 0x100000000000, 1 };
	ports_init();
	assert_false(choose_ports());
	assert_int_equal(in_use, PORT_NONE);
}

/* The first function that answers is used; the others stay unchanged. */
static void test_pci(void **state)
{
	struct fake_uart *uart = add_uart(0, 0xd000);

	functions[0] = (struct fake_function){ 0x20, 0x12348086, 0x1, 0 };
	functions[1] =
		(struct fake_function){ 0x21, 0x12348086, MEMORY_BASE, 4 };
	functions[2] = (struct fake_function){ 0x22, 0x12348086, 0xd001, 4 };
	functions[3] = (struct fake_function){ 0x23, 0x12348086, 0xd101, 4 };
	add_uart(1, 0xd100);
	ports_init();
	assert_true(choose_ports());
	assert_int_equal(in_use, PORT_PCI);
	assert_int_equal(ports[PORT_PCI].io, 0xd000);
	assert_int_equal(functions[0].command, 0);
	assert_int_equal(functions[1].command, 4);
	assert_int_equal(functions[2].command, 5);
	assert_int_equal(functions[3].command, 4);
	assert_int_equal(uart->divisor, 1);
	serial_write('x');
	assert_int_equal(uart->data, 'x');
}

static void test_pci_memory(void **state)
{
	memset(memory_registers[1], 0, REGISTERS_SIZE);
	memory_registers[1][5] = IDLE | DATA_READY;
	functions[0] = (struct fake_function){
		.number = 0x20,
		.vendor = 0x12348086,
		.bar = MEMORY_BASE + PAGE_SIZE,
	};
	ports_init();
	assert_true(choose_ports());
	assert_int_equal(functions[0].command, 2);
	serial_write('x');
	assert_int_equal(memory_registers[1][0], 'x');
}

/* DBG2's registers in memory, a word of 32 bits from one to the next. */
static void test_dbg2_memory(void **state)
{
	memset(memory_registers[0], 0, sizeof(memory_registers[0]));
	memory_registers[0][5 * sizeof(u32)] = IDLE | DATA_READY;
	acpi.serial[ACPI_DBG2] =
		(struct acpi_serial){ ACPI_MEMORY, MEMORY_BASE, sizeof(u32) };
	ports_init();
	assert_true(choose_ports());
	assert_int_equal(in_use, PORT_DBG2);
	serial_write('x');
	assert_int_equal(memory_registers[0][0], 'x');
}

/* A second use gets no port that is in use, under whatever name. */
static void test_second(void **state)
{
	const struct serial_port *com2;

	add_uart(0, 0x3f8);
	add_uart(1, 0x2f8);
	acpi.serial[ACPI_DBG2] = (struct acpi_serial){ ACPI_IO, 0x2f8, 1 };
	ports_init();
	choose_ports();
	com2 = ports_second(PORT_COM2, NULL);
	assert_string_equal(com2->name, "COM2");
	assert_null(ports_second(PORT_COM1, NULL));
	assert_null(ports_second(PORT_COM3, NULL));
	assert_null(ports_second(PORT_NONE, NULL));
	assert_null(ports_second(PORT_COM2, com2));
	assert_null(ports_second(PORT_COM2, ports_second(PORT_DBG2, NULL)));
	ports_choose(PORT_DBG2, &acpi);
	assert_null(ports_second(PORT_COM2, NULL));
}

/* Umbra waits once for a transmitter that stays full, not for each byte. */
static void test_stuck(void **state)
{
	struct fake_uart *com1 = add_uart(0, 0x3f8);
	unsigned int reads;

	ports_init();
	com1->status = 0;
	serial_write('x');
	reads = com1->status_reads;
	for (int i = 0; i < 100; i++)
		serial_write('y');
	assert_int_equal(com1->status_reads, reads + 100);
	com1->status = IDLE;
	serial_write('z');
	assert_int_equal(com1->data, 'z');
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup(name, setup)
	const struct CMUnitTest tests[] = {
		TEST(test_none),	TEST(test_com3),
		TEST(test_spcr),	TEST(test_spcr_is_com1),
		TEST(test_two_names),	TEST(test_out_of_reach),
		TEST(test_pci),		TEST(test_pci_memory),
		TEST(test_second),	TEST(test_stuck),
		TEST(test_dbg2_memory),
	};

	return cmocka_run_group_tests(tests, keep_fresh, NULL);
}
