/* SPDX-License-Identifier: MIT */
/*
 * When Umbra looks at the guest's devices and the console, its work then, and
 * its setting of the machine's timer.
 */
#include "serve_world.h"

/* The first 8259, edge-triggered, from vector 20h; only the timer interrupts. */
static void take_timer_interrupts(void)
{
	out(0x20, 0x11);
	out(0x21, 0x20);
	out(0x21, 4);
	out(0x21, 1);
	out(0x21, 0xfe);
}

/* The PIT's channel 0, in mode 2; @period is in its ticks. */
static void set_timer(u16 period)
{
	out(0x43, 0x34);
	out(0x40, period & 0xff);
	out(0x40, period >> 8);
}

/* --- When to look ----------------------------------------------------------- */

/* The machine's timer is set to @ns; an exit from @first on is used to look. */
static void assert_looks(u64 first, u64 ns)
{
	assert_int_equal(vm.deadline, tsc_after(first));
	assert_int_equal(vm.alarm, tsc_after(ns));
	assert_int_equal(armed, tsc_after(ns));
}

/* The console can wait a little for an exit; a timer of the guest can't. */
static void nearest_time(void **state)
{
	u64 poll = vm.next_poll;

	schedule_look(&vm, NOW + 1000);
	assert_looks(NOW + 1000, NOW + 1000);
	schedule_look(&vm, poll + 1000);
	assert_looks(poll, poll + 1000);
	schedule_look(&vm, NOW + 100 * MS);
	assert_looks(poll, poll + CONSOLE_SLACK_NS);
	schedule_look(&vm, ~0ULL);
	assert_looks(poll, poll + CONSOLE_SLACK_NS);
}

/* A fast timer of the guest has to wait; the console does not. */
static void not_before(void **state)
{
	u64 poll = vm.next_poll;

	vm.pacing.earliest = tsc_after(NOW + 5000);
	schedule_look(&vm, NOW + 1000);
	assert_looks(NOW + 5000, NOW + 5000);
	vm.pacing.earliest = tsc_after(poll + MS);
	schedule_look(&vm, NOW + 1000);
	assert_looks(poll, poll + CONSOLE_SLACK_NS);
}

static void timer_interrupts(void **state)
{
	schedule_look(&vm, NOW + 1000);
	vm.pacing.look = 60;
	/* Early by more than the clocks differ: it is set again. */
	armed = 0;
	fake.tsc = tsc_after(NOW + 1000) - 61;
	vm_interrupted(&vm);
	assert_looks(NOW + 1000, NOW + 1000);
	armed = 0;
	fake.tsc++;
	vm_interrupted(&vm);
	assert_int_equal(armed, 0);
	assert_int_equal(vm.deadline, fake.tsc);
	/* This does not delay a timer that is due already. */
	fake.tsc = tsc_after(NOW + 2000);
	vm_interrupted(&vm);
	assert_int_equal(vm.deadline, tsc_after(NOW + 1000) - 60);
}

/* The guest sets a timer: only one that ends earlier changes anything. */
static void device_is_written(void **state)
{
	u64 next;

	schedule_look(&vm, NOW + 1000);
	armed = 0;
	set_timer(0xffff);
	assert_true(devices_next_event(&vm.devices) > NOW + 1000);
	vm_devices_changed(&vm);
	assert_int_equal(armed, 0);
	assert_int_equal(vm.next_event, NOW + 1000);

	schedule_look(&vm, ~0ULL);
	set_timer(119); /* 0.1 ms */
	vm_devices_changed(&vm);
	next = devices_next_event(&vm.devices);
	assert_in_range(next, NOW + 99000, NOW + 101000);
	assert_looks(next, next);
}

/* --- The work at a look ----------------------------------------------------- */

static void nothing_is_due(void **state)
{
	vm.deadline = fake.tsc + 1;
	typed = "a";
	vm_serve_devices(&vm);
	assert_int_equal(polls + monitors + ticks_of_status, 0);
	assert_int_equal(armed, 0);
	assert_int_equal(vm.deadline, fake.tsc + 1);
}

static void everything_is_due(void **state)
{
	vm.deadline = fake.tsc;
	typed = "a";
	vm_serve_devices(&vm);
	assert_int_equal(polls, 1);
	assert_int_equal(monitors, 1);
	assert_int_equal(ticks_of_status, 1);
	assert_int_equal(gdbs, 0);
	assert_false(vm.watched);
	assert_int_equal(in(0x3f8), 'a');
	assert_false(vm.ended);
	assert_int_equal(vm.next_poll, NOW + CONSOLE_POLL_NS);
	assert_looks(vm.next_poll, vm.next_poll + CONSOLE_SLACK_NS);

	vm.deadline = 0;
	vm.gdb.link.port = (struct serial_port *)&vm;
	vm_serve_devices(&vm);
	assert_int_equal(gdbs, 1);
	assert_true(vm.watched);
}

/* A timer of the guest's is due, and the console is not. */
static void timer_alone_is_due(void **state)
{
	vm_serve_devices(&vm);
	polls = 0;
	vm.deadline = fake.tsc;
	vm_serve_devices(&vm);
	assert_int_equal(polls, 0);
	assert_looks(vm.next_poll, vm.next_poll + CONSOLE_SLACK_NS);
	vm.deadline = fake.tsc = vm.poll;
	vm_serve_devices(&vm);
	assert_int_equal(polls, 1);
}

/* A look for the guest's timer raises its interrupt, and sets the next time. */
static void timer_is_due(void **state)
{
	u64 first;

	take_timer_interrupts();
	schedule_look(&vm, ~0ULL);
	set_timer(119);
	vm_devices_changed(&vm);
	first = vm.next_event;
	fake.tsc = tsc_after(first);
	vm_serve_devices(&vm);
	assert_true(devices_interrupt_pending(&vm.devices));
	assert_in_range(vm.next_event, first + 99000, first + 101000);
	assert_looks(vm.next_event, vm.next_event);
}

/*
 * An interrupt costs more than its timer's period: the guest gets as much time.
 */
static void half_of_the_time(void **state)
{
	u64 cost = TICKS * 500000ULL, due;

	take_timer_interrupts();
	set_timer(119);
	fake.tsc = tsc_after(NOW + MS);
	vm_serve_devices(&vm);
	assert_int_equal(devices_acknowledge(&vm.devices), 0x20);
	pacing_interrupt(&vm.pacing, fake.tsc);
	/* While the guest serves it, the interrupt has no end. */
	fake.tsc += cost;
	vm.deadline = ~0ULL;
	vm_serve_devices(&vm);
	assert_int_not_equal(vm.pacing.since, 0);
	out(0x20, 0x20);
	vm_serve_devices(&vm);
	assert_int_equal(vm.pacing.since, 0);
	assert_int_equal(vm.pacing.cost, cost);

	vm.deadline = 0;
	vm_serve_devices(&vm);
	due = fake.tsc + 2 * cost;
	assert_int_equal(vm.pacing.earliest, due);
	assert_true(devices_acknowledge(&vm.devices) == 0x20);
	out(0x20, 0x20);
	/* The console is looked at earlier, the devices are not. */
	assert_true(vm.deadline < due);
	fake.tsc = vm.deadline;
	vm_serve_devices(&vm);
	assert_int_equal(polls, 3);
	assert_false(devices_interrupt_pending(&vm.devices));
	fake.tsc = due;
	vm_serve_devices(&vm);
	assert_true(devices_interrupt_pending(&vm.devices));
}

/* The devices wait for at most 10 ms, however long an interrupt took. */
static void longest_delay(void **state)
{
	vm.pacing.cost = tsc_after(1000 * MS);
	vm_serve_devices(&vm);
	assert_int_equal(vm.pacing.earliest, fake.tsc + TICKS * 10 * MS);
	assert_int_equal(vm.devices.lapic.not_before, NOW + 10 * MS);
}

/* An exit of the machine's own timer costs time, too. */
static void look_costs(void **state)
{
	vm.vcpu.exit.reason = EXIT_EXTERNAL_INTERRUPT;
	vm.vcpu.exit.tsc = fake.tsc - 900;
	vm_serve_devices(&vm);
	assert_int_equal(vm.pacing.look, 900);
	assert_int_equal(vm.pacing.earliest, fake.tsc + 2 * 900);
	vm.vcpu.exit.reason = EXIT_HLT;
	vm.vcpu.exit.tsc = 0;
	vm.deadline = 0;
	vm_serve_devices(&vm);
	assert_int_equal(vm.pacing.look, 900);
}

/* --- The end ---------------------------------------------------------------- */

static void ends_with(u16 port, u16 value, enum end_reason reason, int status)
{
	set_up(NULL);
	schedule_look(&vm, NOW + MS);
	devices_port_write(&vm.devices, port, port == 0x604 ? 2 : 1, value,
			   NOW);
	vm_devices_changed(&vm);
	/* The exit that ends the run serves it at once. */
	assert_int_equal(vm.deadline, 0);
	vm_serve_devices(&vm);
	assert_true(vm.ended);
	assert_int_equal(vm.end_reason, reason);
	assert_int_equal(end_status, status);
}

static void guest_ends(void **state)
{
	ends_with(0x604, BIT(13), END_GUEST_POWER_OFF, 0); /* SLP_EN */
	ends_with(0x64, 0xfe, END_GUEST_RESET, 0);
	ends_with(0xf4, 42, END_GUEST_EXIT, 42);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(nearest_time),	  TEST(not_before),
		TEST(timer_interrupts),	  TEST(device_is_written),
		TEST(nothing_is_due),	  TEST(everything_is_due),
		TEST(timer_alone_is_due), TEST(timer_is_due),
		TEST(half_of_the_time),	  TEST(longest_delay),
		TEST(look_costs),	  TEST(guest_ends),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
