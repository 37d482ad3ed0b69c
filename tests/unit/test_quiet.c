/* SPDX-License-Identifier: MIT */
/*
 * devices_are_quiet() keeps its answer. Whatever a guest does to its devices,
 * the kept answer equals the one that the interrupt controllers would give. And
 * after an EOI or a new deadline of the local APIC the lines need no look.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "guest/devices/devices.h"
#include "quiet_machine.h"

#define STEPS 300000
#define SEED 20261127
#define VECTORS 16 /* few, so that interrupts meet */

static struct machine_devices d;
static u64 now;

static u32 random_below(u32 count)
{
	return (u32)random() % count;
}

/* Commands that the controllers react to, and others. */
static u32 random_byte(void)
{
	static const u8 commands[] = { 0x11, 0x13, 0x20, 0x0c, 0x0b, 0x68,
				       0x48, 0x60, 0xa0, 0x34, 0xb6, 0x00 };

	return random_below(2) ? commands[random_below(ARRAY_SIZE(commands))]
			       : random_below(256);
}

static void access_port(void)
{
	static const u16 ports[] = { 0x20,  0x21,  0xa0,  0xa1,	 0x4d0,
				     0x4d1, 0x40,  0x43,  0x61,	 0x70,
				     0x71,  0x3f8, 0x3f9, 0x3fa, 0x3fb,
				     0x3fc, 0x60,  0x64,  0x602, 0xf0 };
	u16 port = ports[random_below(ARRAY_SIZE(ports))];

	if (random_below(3))
		devices_port_write(&d, port, 1, random_byte(), now);
	else
		devices_port_read(&d, port, 1, now);
}

/* An entry of either APIC: any delivery mode, masked or not, edge or level. */
static u32 random_entry(void)
{
	return (0x50 + random_below(VECTORS)) | random_below(8) << 8 |
	       random_below(2) << 13 | random_below(2) << 15 |
	       !random_below(4) << 16;
}

static void access_ioapic(void)
{
	u32 index = 0x10 + 2 * random_below(IOAPIC_INPUTS),
	    entry = random_entry();

	devices_mmio_write(&d, 0xfec00000, &index, 4, now);
	devices_mmio_write(&d, 0xfec00010, &entry, 4, now);
}

/* A look at the lines changes nothing. */
static void assert_lines_are_known(void)
{
	static struct machine_devices before;

	before = d;
	devices_update_lines(&d);
	d.quiet = before.quiet;
	assert_memory_equal(&before, &d, sizeof(d));
}

static void access_lapic(void)
{
	static const struct {
		u16 offset;
		u32 value;
	} writes[] = { { 0xf0, 0x1ff },	   { 0xf0, 0xff },  { 0xb0, 0 },
		       { 0x80, 0 },	   { 0x80, 0x50 },  { 0x80, 0x60 },
		       { 0x3e0, 0xb },	   { 0x380, 1000 }, { 0x380, 0 },
		       { 0x300, 0x40055 }, { 0x280, 0 } };
	u32 which = random_below(ARRAY_SIZE(writes) + 3),
	    value = random_entry();
	gpa_t gpa = 0xfee00320 + 0x10 * random_below(6); /* LVT entries */

	if (which < ARRAY_SIZE(writes)) {
		gpa = 0xfee00000 + writes[which].offset;
		value = writes[which].value;
	}
	devices_mmio_write(&d, gpa, &value, 4, now);
	if (gpa == GUEST_LAPIC_GPA + LAPIC_EOI)
		assert_lines_are_known();
}

/* In TSC-deadline mode, or in another one, where it has no effect. */
static void write_deadline(void)
{
	const u32 mode = 0x40050;

	if (random_below(2))
		devices_mmio_write(&d, 0xfee00320, &mode, 4, now);
	devices_write_msr(&d, IA32_TSC_DEADLINE,
			  random_below(4) ? now + random_below(100000) : 0,
			  now);
	assert_lines_are_known();
}

/*
 * Any register of the local APIC, or none, which may raise an error interrupt.
 */
static void read_lapic(void)
{
	u32 value;

	devices_mmio_read(&d, 0xfee00000 + 0x10 * random_below(0x100), &value,
			  4, now);
}

static void take_event(void)
{
	if (devices_nmi_pending(&d))
		devices_take_nmi(&d);
	else if (devices_interrupt_pending(&d))
		devices_acknowledge(&d);
}

static void random_step(void)
{
	switch (random_below(13)) {
	case 0:
		access_ioapic();
		break;
	case 1:
	case 2:
		access_lapic();
		break;
	case 3:
		devices_set_cr8(&d, random_below(16));
		break;
	case 4:
		take_event();
		break;
	case 5:
		devices_console_input(&d, 'x');
		break;
	case 6:
	case 11:
	case 12:
		read_lapic();
		break;
	case 7:
		now += random_below(100000);
		devices_tick(&d, now);
		break;
	case 8:
		write_deadline();
		break;
	case 9:
		devices_x87_error(&d);
		break;
	default:
		access_port();
	}
}

static void the_answer_is_true(void **state)
{
	u32 changes = 0;
	bool before = true;

	srandom(SEED);
	for (u32 i = 0; i < STEPS; i++) {
		bool event;

		random_step();
		event = devices_nmi_pending(&d) ||
			devices_interrupt_pending(&d);
		if (devices_are_quiet(&d) == event)
			fail_msg("step %u of seed %u: the kept answer is %s", i,
				 SEED, event ? "quiet" : "not quiet");
		changes += event != before;
		before = event;
	}
	/* Otherwise the test would show nothing. */
	assert_true(changes > STEPS / 50);
}

/* A disabled APIC has no page: nowhere is an EOI. */
static void no_apic_page(void **state)
{
	const u32 zero = 0;

	devices_write_msr(&d, IA32_APIC_BASE, GUEST_LAPIC_GPA, 0);
	assert_int_equal(lapic_page(&d.lapic), LAPIC_NOWHERE);
	devices_mmio_write(&d, (gpa_t)(LAPIC_NOWHERE + LAPIC_EOI), &zero, 4, 0);
	assert_int_not_equal(d.open_bus, 0);
}

static int set_up(void **state)
{
	const struct devices_config config = { .console = no_console,
					       .rtc_read = no_rtc,
					       .tsc_to_ns = tsc_as_ns,
					       .memory = 64 * MIB,
					       .maxphyaddr = 36 };

	devices_init(&d, &config);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(the_answer_is_true, set_up),
		cmocka_unit_test_setup(no_apic_page, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
