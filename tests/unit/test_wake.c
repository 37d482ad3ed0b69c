/* SPDX-License-Identifier: MIT */
/*
 * The console's serial port interrupts Umbra, by the first 8259. The machine
 * here is made up: a UART, two 8259s, the pin LINT0, and the wire between them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "host_log.h"
#include "lib/types.h"

#define ARCH_X86_CPU_H /* this file replaces it */

#define COM1 0x3f8
#define COM2 0x2f8
#define LINE_STATUS 5
#define CAN_SEND 0x60
#define HAS_RECEIVED 0x01
#define MASTER 0x20
#define ALL_MASKED 0xff
#define IRQ7_VECTOR 0x27 /* also that of an interrupt that nobody asked for */

static struct {
	u16 io; /* of the UART */
	unsigned int irq; /* its wire ends there; 0: nowhere */
	u8 ier, mcr, received; /* received: number of bytes */
	u8 mask; /* of the first 8259 */
	bool auto_eoi, slave_auto_eoi;
	bool wants_eoi; /* the 8259 knows no automatic EOI, */
	bool in_service; /* and waits for one */
	u8 level_triggered;
	bool lint0;
	bool was_high; /* the wire, when it was last looked at */
	u64 ns;
} pc;

static u8 inb(u16 port)
{
	if (port == pc.io + LINE_STATUS)
		return CAN_SEND | (pc.received ? HAS_RECEIVED : 0);
	if (port == pc.io && pc.received) {
		pc.received--;
		return 'x';
	}
	return port == 0x4d0 ? pc.level_triggered : 0;
}

static void outb(u16 port, u8 value)
{
	if (port == MASTER + 1) {
		pc.auto_eoi |= value == 3;
		pc.mask = value;
	} else if (port == 0xa1) {
		pc.slave_auto_eoi |= value == 3;
	} else if (port == pc.io + 1) {
		pc.ier = value;
	} else if (port == pc.io + 4) {
		pc.mcr = value;
	}
}

void i8259_handle_interrupt(unsigned int vector);

/* The 8259 notes the edge of the wire. */
static void cpu_take_interrupts(void)
{
	bool high = (pc.mcr & 8) &&
		    ((pc.ier & 2) || ((pc.ier & 1) && pc.received));
	bool edge = high && !pc.was_high;

	pc.was_high = high;
	if (!edge || !pc.irq || !pc.lint0 || pc.mask & BIT(pc.irq) ||
	    pc.in_service)
		return;
	pc.in_service = pc.wants_eoi;
	i8259_handle_interrupt(MASTER + pc.irq);
}

u64 time_ns(void)
{
	return pc.ns += 1000;
}

void apic_accept_8259(bool on)
{
	pc.lint0 = on;
}

#define log_info log_to_text

#include "arch/x86/console/serial.c"
#include "arch/x86/console/wake.c"
#include "arch/x86/i8259.c"

static void start_with(const char *name, u16 io)
{
	const struct serial_port port = { .name = name, .io = io };

	log_text[0] = '\0';
	works = false;
	i8259_init();
	assert_int_equal(pc.mask, ALL_MASKED);
	assert_true(pc.auto_eoi);
	assert_false(pc.slave_auto_eoi);
	serial_use(&port);
	wake_init();
}

static void start(u16 io, unsigned int irq, u8 level_triggered)
{
	memset(&pc, 0, sizeof(pc));
	pc.io = io;
	pc.irq = irq;
	pc.level_triggered = level_triggered;
	start_with("COM", io);
}

static void assert_polled(void)
{
	assert_false(wake_works());
	assert_int_equal(pc.ier, 0);
	assert_int_equal(pc.mask, ALL_MASKED);
	assert_false(pc.lint0);
}

static void input_interrupts(void **state)
{
	static const struct {
		u16 io;
		unsigned int irq;
	} ports[] = { { COM1, 4 }, { COM2, 3 }, { 0x3e8, 4 }, { 0x2e8, 3 } };

	for (u32 i = 0; i < ARRAY_SIZE(ports); i++) {
		start(ports[i].io, ports[i].irq, 0);
		assert_true(wake_works());
		assert_int_equal(pc.ier, SERIAL_HAS_RECEIVED);
		assert_int_equal(pc.mask, (u8)~BIT(ports[i].irq));
		assert_false(wake_take());
		for (u32 byte = 0; byte < 2; byte++) {
			pc.received = 1;
			cpu_take_interrupts();
			assert_true(wake_take());
			assert_false(wake_take());
			assert_int_equal(serial_read(), 'x');
			cpu_take_interrupts();
			assert_false(wake_take());
		}
		assert_string_equal(log_text, "");
	}
}

/* The wire ends elsewhere: the trial ends after a while. */
static void not_connected(void **state)
{
	start(COM1, 0, 0);
	assert_polled();
	assert_non_null(strstr(log_text, "IRQ 4"));
	assert_in_range(pc.ns, TRIAL_NS, 2 * TRIAL_NS);
	start(COM1, 5, 0);
	assert_polled();
}

/* A level-triggered IRQ would come again and again until the byte is read. */
static void level_triggered(void **state)
{
	start(COM1, 4, 1 << 4);
	assert_polled();
	start(COM1, 4, 0xff); /* no such port */
	assert_polled();
	start(COM1, 4, 1 << 3);
	assert_true(wake_works());
}

static void no_irq(void **state)
{
	start(0x1000, 4, 0);
	assert_polled();
	assert_string_equal(log_text, "");
}

/* The keyboard alone can wait. */
static void no_port(void **state)
{
	memset(&pc, 0, sizeof(pc));
	start_with(NULL, 0);
	assert_true(wake_works());
	assert_int_equal(pc.mask, ALL_MASKED);
	assert_string_equal(log_text, "");
}

/* An 8259 that interrupts once, and waits for an EOI that nobody gives. */
static void interrupts_once(void **state)
{
	memset(&pc, 0, sizeof(pc));
	pc.io = COM1;
	pc.irq = 4;
	pc.wants_eoi = true;
	start_with("COM1", COM1);
	assert_polled();
	assert_non_null(strstr(log_text, "IRQ 4"));
}

static void other_vectors(void **state)
{
	start(COM1, 4, 0);
	i8259_handle_interrupt(IRQ7_VECTOR);
	i8259_handle_interrupt(0xf0);
	assert_false(wake_take());
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(input_interrupts),
		cmocka_unit_test(not_connected),
		cmocka_unit_test(level_triggered),
		cmocka_unit_test(no_irq),
		cmocka_unit_test(no_port),
		cmocka_unit_test(interrupts_once),
		cmocka_unit_test(other_vectors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
