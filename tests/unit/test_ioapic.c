/* SPDX-License-Identifier: MIT */
/* The I/O APIC: its registers, edges, levels and messages. */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

#include "guest/devices/ioapic.h"

static struct ioapic io;
static struct apic_message last;
static int sent;
static bool accept;

static bool take_message(void *ctx, const struct apic_message *message)
{
	assert_ptr_equal(ctx, &sent);
	last = *message;
	sent++;
	return accept;
}

static int setup(void **state)
{
	ioapic_init(&io, take_message, &sent);
	sent = 0;
	accept = true;
	return 0;
}

static u32 read_register(u8 reg)
{
	ioapic_write(&io, IOAPIC_INDEX, reg);
	return ioapic_read(&io, IOAPIC_DATA);
}

static void write_register(u8 reg, u32 value)
{
	ioapic_write(&io, IOAPIC_INDEX, reg);
	ioapic_write(&io, IOAPIC_DATA, value);
}

static void set_entry(unsigned int input, u32 low)
{
	write_register(0x10 + 2 * input, low);
}

static void pulse(unsigned int input)
{
	ioapic_set_input(&io, input, false);
	ioapic_set_input(&io, input, true);
}

static void registers(void **state)
{
	assert_int_equal(read_register(1), 0x170011);
	assert_int_equal(read_register(0), 0);
	write_register(0, ~0U);
	assert_int_equal(read_register(0), 0x0f000000);
	assert_int_equal(read_register(2), 0x0f000000);
	write_register(1, 0);
	assert_int_equal(read_register(1), 0x170011);
	ioapic_write(&io, IOAPIC_INDEX, 0x1ff);
	assert_int_equal(ioapic_read(&io, IOAPIC_INDEX), 0xff);
	for (unsigned int reg = 0x10; reg < 0x40; reg++) {
		bool low = reg % 2 == 0;

		assert_int_equal(read_register(reg), low ? APIC_MASKED : 0);
		/* Delivery status and remote IRR are the chip's. */
		write_register(reg, ~0U);
		assert_int_equal(read_register(reg),
				 low ? 0x1afff : 0xff000000);
		write_register(reg, low ? APIC_MASKED : 0);
	}
	for (unsigned int reg = 0x40; reg < 0x100; reg++) {
		write_register(reg, ~0U);
		assert_int_equal(read_register(reg), 0);
	}
	ioapic_write(&io, 0x20, 1);
	assert_int_equal(ioapic_read(&io, 0x20), 0);
	assert_int_equal(sent, 0);
}

static void edges(void **state)
{
	pulse(4);
	assert_int_equal(sent, 0);
	/* An edge that came while it was masked is lost. */
	write_register(0x19, 0x5a000000);
	set_entry(4, 0x31 | APIC_LOGICAL | APIC_LOWEST_PRIORITY << 8);
	assert_int_equal(sent, 0);
	ioapic_set_input(&io, 4, true);
	assert_int_equal(sent, 0);
	pulse(4);
	assert_int_equal(sent, 1);
	assert_int_equal(last.vector, 0x31);
	assert_int_equal(last.destination, 0x5a);
	assert_int_equal(last.delivery, APIC_LOWEST_PRIORITY);
	assert_true(last.logical);
	assert_false(last.level);
	assert_false(last.wide);
	/* No end of interrupt is needed, and none repeats it. */
	ioapic_end_of_interrupt(&io, 0x31);
	assert_int_equal(sent, 1);
	pulse(4);
	assert_int_equal(sent, 2);
	ioapic_set_input(&io, 4, false);
	assert_int_equal(sent, 2);
}

static void levels(void **state)
{
	ioapic_set_input(&io, 9, true);
	set_entry(9, 0x40 | APIC_LEVEL);
	assert_int_equal(sent, 1);
	assert_true(last.level);
	assert_int_equal(read_register(0x22),
			 0x40 | APIC_LEVEL | APIC_REMOTE_IRR);
	/* Neither an edge nor another write sends it again before its end. */
	pulse(9);
	set_entry(9, 0x40 | APIC_LEVEL);
	ioapic_end_of_interrupt(&io, 0x41);
	assert_int_equal(sent, 1);
	ioapic_end_of_interrupt(&io, 0x40);
	assert_int_equal(sent, 2);
	ioapic_set_input(&io, 9, false);
	ioapic_end_of_interrupt(&io, 0x40);
	assert_int_equal(sent, 2);
	assert_int_equal(read_register(0x22), 0x40 | APIC_LEVEL);
	/* Masked, it waits. */
	set_entry(9, 0x40 | APIC_LEVEL | APIC_MASKED);
	ioapic_set_input(&io, 9, true);
	assert_int_equal(sent, 2);
	set_entry(9, 0x40 | APIC_LEVEL);
	assert_int_equal(sent, 3);
	/* How kernels end an interrupt by the entry. */
	set_entry(9, 0x40 | APIC_MASKED);
	assert_int_equal(read_register(0x22), 0x40 | APIC_MASKED);
	set_entry(9, 0x40 | APIC_LEVEL);
	assert_int_equal(sent, 4);
}

/* Nothing has taken it: it is in service nowhere, and stays due. */
static void level_is_not_lost(void **state)
{
	accept = false;
	set_entry(9, 0x40 | APIC_LEVEL);
	ioapic_set_input(&io, 9, true);
	assert_int_equal(sent, 1);
	assert_int_equal(read_register(0x22), 0x40 | APIC_LEVEL);
	accept = true;
	set_entry(9, 0x40 | APIC_LEVEL);
	assert_int_equal(sent, 2);
	assert_int_equal(read_register(0x22),
			 0x40 | APIC_LEVEL | APIC_REMOTE_IRR);
}

static void polarity(void **state)
{
	/* PCI's lines idle high; this is not a request. */
	set_entry(16, 0x50 | APIC_LEVEL | APIC_ACTIVE_LOW);
	assert_int_equal(sent, 0);
	ioapic_set_input(&io, 16, false);
	assert_int_equal(sent, 1);
	set_entry(5, 0x51 | APIC_ACTIVE_LOW);
	ioapic_set_input(&io, 5, true);
	assert_int_equal(sent, 1);
	ioapic_set_input(&io, 5, false);
	assert_int_equal(sent, 2);
}

static void other_deliveries(void **state)
{
	/* An NMI is an edge, whatever the entry says. */
	set_entry(3, APIC_NMI << 8 | APIC_LEVEL);
	assert_true(ioapic_can_send_nmi(&io));
	pulse(3);
	pulse(3);
	assert_int_equal(sent, 2);
	assert_int_equal(last.delivery, APIC_NMI);
	assert_false(last.level);
	set_entry(3, APIC_NMI << 8 | APIC_MASKED);
	assert_false(ioapic_can_send_nmi(&io));
	/* The 8259s' request is a level that the devices look at. */
	assert_false(ioapic_is_extint(&io, 0));
	set_entry(0, APIC_EXTINT << 8);
	assert_true(ioapic_is_extint(&io, 0));
	pulse(0);
	assert_int_equal(sent, 2);
	set_entry(0, APIC_EXTINT << 8 | APIC_MASKED);
	assert_false(ioapic_is_extint(&io, 0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(registers, setup),
		cmocka_unit_test_setup(edges, setup),
		cmocka_unit_test_setup(levels, setup),
		cmocka_unit_test_setup(level_is_not_lost, setup),
		cmocka_unit_test_setup(polarity, setup),
		cmocka_unit_test_setup(other_deliveries, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
