/* SPDX-License-Identifier: MIT */
/* The I/O ports, the interrupt lines, and the ways in which a run ends. */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

#include "guest/devices/devices.h"
#include "quiet_machine.h"

static u8 screen[64];
static size_t printed;

static void console(void *ctx, u8 byte)
{
	screen[printed++] = byte;
}

static struct machine_devices d;

static int setup(void **state)
{
	const struct devices_config config = { .console = console,
					       .rtc_read = no_rtc,
					       .memory = 64 * MIB };

	printed = 0;
	devices_init(&d, &config);
	return 0;
}

static void out(u16 port, u8 value)
{
	devices_port_write(&d, port, 1, value, 0);
}

static u32 in(u16 port, unsigned int size)
{
	return devices_port_read(&d, port, size, 0);
}

static void unmask_all(void)
{
	static const u16 chips[] = { 0x20, 0xa0 };

	for (int i = 0; i < 2; i++) {
		out(chips[i], 0x11);
		out(chips[i] + 1, 0x30 + 8 * i);
		out(chips[i] + 1, i ? 2 : 4);
		out(chips[i] + 1, 1);
	}
}

static void open_bus(void **state)
{
	assert_int_equal(in(0x2f8, 1), 0xff);
	assert_int_equal(in(0x2f8, 2), 0xffff);
	assert_int_equal(in(0x2f8, 4), 0xffffffff);
	devices_port_write(&d, 0xffff, 4, 0, 0);
	assert_int_equal(d.open_bus, 4);
	assert_int_equal(in(0x80, 1), 0xff);
	assert_int_equal(in(0xe9, 1), 0xe9);
}

static void wide_accesses_are_split(void **state)
{
	devices_port_write(&d, 0x3fe, 2, 0x4200, 0); /* MSR, scratch */
	assert_int_equal(in(0x3ff, 1), 0x42);
	assert_int_equal(in(0x3fe, 4), 0xffff42b0);
	/* PCI's address register is not the reset port inside it. */
	devices_port_write(&d, 0xcf8, 4, 0x80000600, 0);
	assert_int_equal(in(0xcf8, 4), 0x80000600);
	assert_int_equal(in(0xcf8, 2), 0xffff);
	assert_int_equal(in(0xcfc, 4), 0xffffffff);
	devices_port_write(&d, 0xcf8, 4, 0x80000000, 0);
	assert_int_equal(in(0xcfc, 4), 0x12378086);
	assert_int_equal(in(0xcfe, 2), 0x1237);
	assert_int_equal(d.end, GUEST_RUNS);
}

static u64 read_memory(gpa_t gpa, size_t size)
{
	u64 value = 0;

	devices_mmio_read(&d, gpa, &value, size, 0);
	return value;
}

static void write_memory(gpa_t gpa, size_t size, u64 value)
{
	devices_mmio_write(&d, gpa, &value, size, 0);
}

static void memory_with_nothing(void **state)
{
	assert_int_equal(read_memory(0xd0000000, 1), 0xff);
	assert_int_equal(read_memory(0xd0000000, 8), ~0ULL);
	assert_int_equal(d.open_bus, 3); /* one for each 32 bits */
	write_memory(0xd0000000, 4, 0);
	assert_int_equal(d.open_bus, 4);
	/* Half of it is beside the I/O APIC. */
	assert_int_equal(read_memory(0xfebffffe, 4), 0xffff);
	assert_int_equal(d.open_bus, 5);
}

static void memory_of_the_ioapic(void **state)
{
	/*
	 * A write of any size sets the index; only whole writes set the data.
	 */
	write_memory(0xfec00000, 1, 0x10);
	assert_int_equal(read_memory(0xfec00010, 4), 0x10000);
	write_memory(0xfec00010, 4, 0x10033);
	write_memory(0xfec00010, 2, 0);
	write_memory(0xfec00012, 4, 0);
	write_memory(0xfec0000f, 4, 0);
	assert_int_equal(read_memory(0xfec00010, 4), 0x10033);
	/*
	 * A narrow read gives a part; a wide one also has the bytes beside it.
	 */
	assert_int_equal(read_memory(0xfec00011, 2), 0x100);
	assert_int_equal(read_memory(0xfec00012, 1), 0x01);
	assert_int_equal(read_memory(0xfec0000e, 4), 0x330000);
	assert_int_equal(read_memory(0xfec00010, 8), 0x10033);
	write_memory(0xfec00010, 8, 0x10044);
	assert_int_equal(read_memory(0xfec00010, 4), 0x10044);
	assert_int_equal(d.open_bus, 0);
}

static void serial_and_console(void **state)
{
	unmask_all();
	out(0x3f8, 'h');
	out(0xe9, 'i');
	assert_memory_equal(screen, "hi", 2);
	out(0x3fc, 0x08);
	out(0x3f9, 0x01);
	assert_false(devices_interrupt_pending(&d));
	assert_true(devices_console_input(&d, 'k'));
	assert_false(devices_console_input(&d, 'l'));
	assert_true(devices_interrupt_pending(&d));
	assert_int_equal(devices_acknowledge(&d), 0x34);
	assert_int_equal(in(0x3f8, 1), 'k');
	out(0x20, 0x20);
	assert_true(devices_console_input(&d, 'l'));
	assert_int_equal(devices_acknowledge(&d), 0x34);
}

static void program_timer(void)
{
	out(0x43, 0x34);
	out(0x40, 0xa9); /* 1193: a millisecond */
	out(0x40, 0x04);
}

static int take_ticks(u64 now)
{
	int taken = 0;

	devices_tick(&d, now);
	while (devices_interrupt_pending(&d)) {
		assert_int_equal(devices_acknowledge(&d), 0x30);
		devices_tick(&d, now);
		out(0x20, 0x20);
		taken++;
	}
	return taken;
}

static void timer_ticks_are_not_lost(void **state)
{
	u64 ms = NS_PER_SEC / 1000;

	unmask_all();
	program_timer();
	assert_in_range(devices_next_event(&d), ms - ms / 1000, ms);
	assert_int_equal(take_ticks(ms / 2), 0);
	assert_int_equal(take_ticks(ms), 1);
	assert_int_equal(take_ticks(101 * ms), 100);
	/* At most the ticks of a second come late. */
	assert_int_equal(take_ticks(60000 * ms), 1000);
	/* Ticks that came while the line was masked don't count either. */
	out(0x21, 0x01);
	assert_int_equal(take_ticks(60500 * ms), 0);
	out(0x21, 0x00);
	assert_in_range(take_ticks(60500 * ms), 1, 2);
	/*
	 * Nor do those of an old count, except one that a real 8259 remembers.
	 */
	devices_tick(&d, 60900 * ms);
	devices_acknowledge(&d);
	assert_int_equal(devices_next_event(&d), 0);
	program_timer();
	assert_int_equal(d.timer_backlog, 1);
	out(0x20, 0x20);
	assert_int_equal(take_ticks(0), 1);
	assert_true(devices_next_event(&d) > 0);
}

/* A tick waits while the guest has not taken the last one: no event is due. */
static void tick_behind_another(void **state)
{
	const u64 ms = NS_PER_SEC / 1000, now = 2 * ms + ms / 2;

	unmask_all();
	program_timer();
	devices_tick(&d, ms);
	devices_port_write(&d, 0x43, 1, 0, now); /* latches the count */
	devices_tick(&d, now);
	assert_int_equal(d.timer_backlog, 1);
	assert_true(devices_next_event(&d) > now);
	assert_int_equal(take_ticks(now), 2);
}

/* Umbra has not looked since the edge; the guest begins another count. */
static void due_tick_survives_a_new_count(void **state)
{
	const u64 ms = NS_PER_SEC / 1000, now = 3 * ms + ms / 2;

	unmask_all();
	program_timer();
	assert_int_equal(take_ticks(ms), 1);
	devices_port_write(&d, 0x43, 1, 0x30, now);
	devices_port_write(&d, 0x40, 1, 0xff, now);
	devices_port_write(&d, 0x40, 1, 0xff, now);
	assert_int_equal(devices_next_event(&d), 0);
	assert_int_equal(take_ticks(now), 1);
	assert_true(devices_next_event(&d) > now);
}

/* One at each look at the devices: the guest must get on between them. */
static void late_ticks_take_turns(void **state)
{
	u64 ms = NS_PER_SEC / 1000;

	unmask_all();
	program_timer();
	devices_tick(&d, 10 * ms);
	assert_false(devices_in_service(&d));
	assert_in_range(devices_next_event(&d), 10 * ms, 11 * ms);
	assert_int_equal(devices_acknowledge(&d), 0x30);
	assert_true(devices_in_service(&d));
	out(0x20, 0x20);
	assert_false(devices_in_service(&d));
	assert_false(devices_interrupt_pending(&d));
	assert_int_equal(devices_next_event(&d), 0);
	devices_tick(&d, 10 * ms);
	assert_true(devices_interrupt_pending(&d));
	assert_in_range(devices_next_event(&d), 10 * ms, 11 * ms);
}

/* An access to the local APIC does not make its timer fire too soon. */
static void apic_timer_is_held(void **state)
{
	const u64 late = 220000;
	u32 value = 0;

	write_memory(0xfee000f0, 4, 0x1ff);
	write_memory(0xfee003e0, 4, 0xb);
	write_memory(0xfee00320, 4, 0x20051);
	write_memory(0xfee00380, 4, 2500); /* each 100 us, from 0 on */
	devices_tick(&d, 100000);
	assert_int_equal(devices_acknowledge(&d), 0x51);
	assert_true(devices_in_service(&d));
	devices_hold(&d, 250000);
	devices_mmio_write(&d, 0xfee000b0, &value, 4, late);
	assert_false(devices_in_service(&d));
	assert_false(devices_interrupt_pending(&d));
	assert_int_equal(devices_next_event(&d), 200000);
	/* The timer counts on, however. */
	devices_mmio_read(&d, 0xfee00390, &value, 4, late);
	assert_int_equal(value, 2000);
	devices_tick(&d, late);
	assert_true(devices_interrupt_pending(&d));
}

/* Takes the pending interrupts, and ends them at the local APIC. */
static int take_apic_ticks(u64 now, u8 vector)
{
	int taken = 0;

	devices_tick(&d, now);
	while (devices_interrupt_pending(&d)) {
		assert_int_equal(devices_acknowledge(&d), vector);
		write_memory(0xfee000b0, 4, 0);
		devices_tick(&d, now);
		taken++;
	}
	return taken;
}

/* Like a kernel that has found the I/O APIC: the 8259s are masked. */
static void timer_through_the_ioapic(void **state)
{
	u64 ms = NS_PER_SEC / 1000;

	unmask_all();
	out(0x21, 0xff);
	out(0xa1, 0xff);
	program_timer();
	assert_int_equal(take_apic_ticks(ms, 0x51), 0);
	write_memory(0xfec00000, 1, 0x14);
	write_memory(0xfec00010, 4, 0x51); /* input 2, fixed, edge */
	take_apic_ticks(ms, 0x51);
	assert_int_equal(take_apic_ticks(2 * ms, 0x51), 1);
	assert_int_equal(take_apic_ticks(102 * ms, 0x51), 100);
	/* If its input is masked there, too, the ticks go nowhere. */
	write_memory(0xfec00010, 4, 0x10051);
	assert_int_equal(take_apic_ticks(500 * ms, 0x51), 0);
	write_memory(0xfec00010, 4, 0x51);
	assert_in_range(take_apic_ticks(501 * ms, 0x51), 1, 2);
}

/* The 8259s' requests come by LINT0, or by the I/O APIC's input 0. */
static void ways_of_the_8259s(void **state)
{
	unmask_all();
	program_timer();
	devices_tick(&d, NS_PER_SEC / 1000);
	assert_true(devices_interrupt_pending(&d));
	write_memory(0xfee00350, 4, 0x10700);
	assert_false(devices_interrupt_pending(&d));
	write_memory(0xfec00000, 1, 0x10);
	write_memory(0xfec00010, 4, 0x700);
	assert_true(devices_interrupt_pending(&d));
	write_memory(0xfec00010, 4, 0x10700);
	assert_false(devices_interrupt_pending(&d));
	/* As an NMI: old watchdogs used the timer in this way. */
	out(0x20, 0x20);
	write_memory(0xfee00350, 4, 0x400);
	assert_true(devices_can_raise_nmi(&d));
	devices_take_nmi(&d);
	assert_int_equal(devices_acknowledge(&d), 0xff); /* nothing asked */
	out(0x21, 0x01);
	out(0x21, 0x00);
	assert_true(devices_nmi_pending(&d));
}

static void rtc_interrupt(void **state)
{
	unmask_all();
	out(0x70, 0x0b);
	out(0x71, 0x40);
	devices_tick(&d, devices_next_event(&d));
	assert_int_equal(devices_acknowledge(&d), 0x38);
	out(0x70, 0x0c);
	assert_int_equal(in(0x71, 1), 0xc0);
}

static void keyboard_bytes_are_edges(void **state)
{
	unmask_all();
	out(0x60, 0xff);
	assert_int_equal(devices_acknowledge(&d), 0x31);
	assert_int_equal(in(0x60, 1), 0xfa);
	out(0x20, 0x20);
	assert_true(devices_interrupt_pending(&d));
	assert_int_equal(devices_acknowledge(&d), 0x31);
	assert_int_equal(in(0x60, 1), 0xaa);
	out(0x20, 0x20);
	assert_false(devices_interrupt_pending(&d));
	/* The mouse's port has a line of its own. */
	out(0x64, 0x60);
	out(0x60, 0x07);
	out(0x64, 0xd3);
	out(0x60, 0x5a);
	assert_int_equal(devices_acknowledge(&d), 0x3c);
	assert_int_equal(in(0x60, 1), 0x5a);
}

/* SDM vol. 1, 8.7.2 and appendix D. */
static void x87_errors(void **state)
{
	unmask_all();
	out(0xf0, 0); /* nothing is reported */
	assert_false(devices_x87_error(&d));
	assert_false(devices_x87_error(&d)); /* and waits */
	assert_int_equal(devices_acknowledge(&d), 0x3d);
	/* It waits until the guest answers; after that the error is ignored. */
	assert_false(devices_x87_error(&d));
	out(0xf0, 0);
	assert_true(devices_x87_error(&d));
	assert_false(devices_interrupt_pending(&d));
	out(0xa0, 0x20);
	out(0x20, 0x20);
	/* Another error, in the handler of another interrupt: it waits. */
	program_timer();
	devices_tick(&d, NS_PER_SEC);
	assert_int_equal(devices_acknowledge(&d), 0x30);
	assert_false(devices_x87_error(&d));
	out(0x20, 0x20);
	assert_int_equal(devices_acknowledge(&d), 0x3d);
}

static void power_management(void **state)
{
	u64 half_period = (1ULL << 31) * NS_PER_SEC / PM_TIMER_HZ;

	unmask_all();
	assert_int_equal(devices_port_read(&d, 0x608, 4, NS_PER_SEC),
			 PM_TIMER_HZ);
	devices_port_write(&d, 0x602, 2, 0x0001, 0);
	assert_int_equal(devices_next_event(&d), half_period + 1);
	devices_tick(&d, half_period);
	assert_false(devices_interrupt_pending(&d));
	devices_tick(&d, devices_next_event(&d));
	assert_int_equal(devices_acknowledge(&d), 0x39);
}

static void ends(void **state)
{
	static const struct {
		u16 port;
		u8 size;
		u32 value;
		enum guest_end end;
		u32 status;
	} cases[] = {
		{ 0x64, 1, 0xfe, GUEST_RESET, 0 },
		{ 0x64, 1, 0xff, GUEST_RUNS, 0 },
		{ 0x64, 1, 0x20, GUEST_RUNS, 0 },
		{ 0x92, 1, 0x02, GUEST_RUNS, 0 },
		{ 0x92, 1, 0x03, GUEST_RESET, 0 },
		{ 0xcf9, 1, 0x02, GUEST_RUNS, 0 },
		{ 0xcf9, 1, 0x06, GUEST_RESET, 0 },
		{ 0x604, 2, 0x2000, GUEST_POWER_OFF, 0 },
		{ 0x605, 1, 0x20, GUEST_POWER_OFF, 0 },
		{ 0x604, 2, 0x1c00, GUEST_RUNS, 0 },
		{ 0x604, 2, 0x3400, GUEST_RUNS, 0 }, /* not _S5's type */
		{ 0xf4, 4, 0x89abcdef, GUEST_EXIT, 0x89abcdef },
		{ 0xf4, 2, 0x1234, GUEST_EXIT, 0x1234 },
		{ 0xf4, 1, 0, GUEST_EXIT, 0 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		setup(NULL);
		devices_port_write(&d, cases[i].port, cases[i].size,
				   cases[i].value, 0);
		assert_int_equal(d.end, cases[i].end);
		assert_int_equal(d.end_status, cases[i].status);
	}
	/* The first one counts. */
	out(0x64, 0xfe);
	assert_int_equal(d.end, GUEST_EXIT);
	/* The processor sends INIT to itself. */
	setup(NULL);
	write_memory(0xfee00300, 4, 0x4500);
	assert_int_equal(d.end, GUEST_RESET);
}

/* xv6 reads the position of the cursor, and writes it. */
static void crt_controller(void **state)
{
	assert_int_equal(devices_cursor(&d), 0);
	devices_port_write(&d, 0x3d4, 2, 0x120e,
			   0); /* index and data at once */
	out(0x3d4, 0x0f);
	out(0x3d5, 0x34);
	assert_int_equal(in(0x3d4, 1), 0x0f);
	assert_int_equal(in(0x3d5, 1), 0x34);
	assert_int_equal(devices_cursor(&d), 0x1234);
	out(0x3d4, 0x18);
	out(0x3d5, 0x5a);
	assert_int_equal(in(0x3d5, 1), 0x5a);
	assert_int_equal(in(0x3da, 1) ^ in(0x3da, 1), 0x09); /* retrace */
	out(0x3d4, 0x19); /* no such register */
	out(0x3d5, 0x77);
	assert_int_equal(in(0x3d5, 1), 0);
	assert_int_equal(d.end, GUEST_RUNS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(open_bus, setup),
		cmocka_unit_test_setup(wide_accesses_are_split, setup),
		cmocka_unit_test_setup(memory_with_nothing, setup),
		cmocka_unit_test_setup(memory_of_the_ioapic, setup),
		cmocka_unit_test_setup(serial_and_console, setup),
		cmocka_unit_test_setup(late_ticks_take_turns, setup),
		cmocka_unit_test_setup(apic_timer_is_held, setup),
		cmocka_unit_test_setup(timer_ticks_are_not_lost, setup),
		cmocka_unit_test_setup(tick_behind_another, setup),
		cmocka_unit_test_setup(due_tick_survives_a_new_count, setup),
		cmocka_unit_test_setup(timer_through_the_ioapic, setup),
		cmocka_unit_test_setup(ways_of_the_8259s, setup),
		cmocka_unit_test_setup(rtc_interrupt, setup),
		cmocka_unit_test_setup(keyboard_bytes_are_edges, setup),
		cmocka_unit_test_setup(x87_errors, setup),
		cmocka_unit_test_setup(power_management, setup),
		cmocka_unit_test_setup(crt_controller, setup),
		cmocka_unit_test_setup(ends, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
