/* SPDX-License-Identifier: MIT */
/*
 * The services of the run loop: when Umbra looks at the guest's devices and the
 * console, its work then, and its setting of the machine's timer. The devices
 * are the real ones; the clocks are made up.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "fake_processor.h"
#include "quiet_machine.h"

#include "vmx/loop/input.c"
#include "vmx/loop/schedule.c"
#include "vmx/loop/serve.c"

#define MS (1000 * 1000ULL) /* in ns */
#define NOW (50 * MS)
/* The TSC at time 0, and its ticks in a ns. */
#define TSC_START 777
#define TICKS 3

static struct vm vm;
static u64 armed; /* the time of the machine's timer; 0: none */
static const char *typed;
static bool interrupts, interrupted; /* the console's port */
static u32 polls, monitors, gdbs, ticks_of_status;
static int end_status;

/* --- Around the files above ------------------------------------------------- */

static u64 tsc_after(u64 ns)
{
	return TSC_START + TICKS * ns;
}

u64 time_ns(void)
{
	return (fake.tsc - TSC_START) / TICKS;
}

u64 time_ns_to_tsc(u64 ns)
{
	/* pacing.h: a TSC never reaches ~0. */
	assert_int_not_equal(ns, ~0ULL);
	return tsc_after(ns);
}

u64 time_tsc_to_ns(u64 tsc)
{
	return (tsc - TSC_START + TICKS - 1) / TICKS;
}

void apic_timer_arm(u64 tsc_deadline)
{
	armed = tsc_deadline;
}

void console_poll(void)
{
	polls++;
}

bool wake_works(void)
{
	return interrupts;
}

bool wake_take(void)
{
	bool taken = interrupted;

	interrupted = false;
	return taken;
}

int console_read(void)
{
	return *typed ? *typed++ : -1;
}

void monitor_serve(struct vm *v)
{
	monitors++;
}

void gdb_poll(struct vm *v)
{
	gdbs++;
}

void status_tick(struct vm *v, u64 now)
{
	assert_int_equal(now, time_ns());
	ticks_of_status++;
}

void vm_end(struct vm *v, enum end_reason reason, int status)
{
	v->ended = true;
	v->end_reason = reason;
	end_status = status;
}

/* --- The guest -------------------------------------------------------------- */

static int set_up(void **state)
{
	const struct devices_config config = { .console = no_console,
					       .rtc_read = no_rtc,
					       .tsc_to_ns = tsc_as_ns,
					       .memory = 64 * MIB };

	memset(&vm, 0, sizeof(vm));
	memset(&fake, 0, sizeof(fake));
	devices_init(&vm.devices, &config);
	vm.typed = -1;
	vm.next_poll = NOW + CONSOLE_POLL_NS;
	fake.tsc = tsc_after(NOW);
	armed = 0;
	typed = "";
	interrupts = interrupted = false;
	polls = monitors = gdbs = ticks_of_status = 0;
	end_status = 0;
	return 0;
}

static void out(u16 port, u8 value)
{
	devices_port_write(&vm.devices, port, 1, value, time_ns());
}

static u8 in(u16 port)
{
	return devices_port_read(&vm.devices, port, 1, time_ns());
}

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

/* Input that interrupts need not be looked for, as long as each byte is read. */
static void input_interrupts(void **state)
{
	interrupts = true;
	vm_serve_devices(&vm);
	assert_int_equal(vm.next_poll, NOW + CONSOLE_IDLE_NS);
	interrupted = true;
	vm_interrupted(&vm);
	assert_int_equal(vm.deadline, fake.tsc);
	typed = "abc"; /* the guest's port, without a FIFO, keeps one */
	vm_serve_devices(&vm);
	assert_string_equal(typed, "c");
	assert_int_equal(vm.next_poll, NOW + CONSOLE_POLL_NS);
	/* Nothing more is read as long as the guest takes nothing. */
	vm.deadline = 0;
	vm.next_poll = 0;
	vm_serve_devices(&vm);
	assert_string_equal(typed, "c");
	assert_int_equal(vm.next_poll, NOW + CONSOLE_POLL_NS);
	assert_false(interrupted);
}

/* Ctrl-A s, and more: Umbra answers first, and comes back for the rest soon. */
static void input_behind_a_key(void **state)
{
	interrupts = true;
	typed = "\x01sab";
	vm_serve_devices(&vm);
	assert_string_equal(typed, "ab");
	assert_int_equal(vm.monitor.keys.request, REQUEST_STATISTICS);
	assert_int_equal(vm.next_poll, NOW + CONSOLE_POLL_NS);
	/* It has answered: the byte that is read tells that others may wait. */
	vm.monitor.keys.request = REQUEST_NONE;
	vm.deadline = 0;
	vm_serve_devices(&vm);
	assert_string_equal(typed, "");
	assert_int_equal(in(0x3f8), 'a');
	vm_deliver_input(&vm);
	vm.deadline = 0;
	vm_serve_devices(&vm);
	assert_int_equal(vm.next_poll, NOW + CONSOLE_IDLE_NS);
}

/* A byte that has come in just after the last read may have no interrupt. */
static void input_goes_on(void **state)
{
	interrupts = true;
	typed = "a";
	vm_serve_devices(&vm);
	assert_int_equal(vm.typed, -1);
	assert_int_equal(vm.next_poll, NOW + CONSOLE_POLL_NS);
	vm.deadline = 0;
	vm_serve_devices(&vm);
	assert_int_equal(vm.next_poll, NOW + CONSOLE_IDLE_NS);
}

static void input_that_others_read(void **state)
{
	interrupts = true;
	vm.monitor.keys.request = REQUEST_MONITOR;
	vm_serve_devices(&vm);
	assert_int_equal(vm.next_poll, NOW + CONSOLE_POLL_NS);
	vm.monitor.keys.request = REQUEST_NONE;
	vm.deadline = 0;
	vm.gdb.link.port = (struct serial_port *)&vm;
	vm_serve_devices(&vm);
	assert_int_equal(vm.next_poll, NOW + CONSOLE_POLL_NS);
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

/* --- Typed keys ------------------------------------------------------------- */

/* The port accepts a byte when the guest has read the last one. */
static void input_waits(void **state)
{
	typed = "xyz";
	vm_deliver_input(&vm);
	vm_deliver_input(&vm);
	assert_int_equal(vm.typed, 'y');
	assert_string_equal(typed, "z");
	assert_int_equal(in(0x3f8), 'x');
	vm_deliver_input(&vm);
	assert_int_equal(in(0x3f8), 'y');
	vm_deliver_input(&vm);
	assert_int_equal(in(0x3f8), 'z');
	assert_int_equal(vm.typed, -1);
}

/*
 * Ctrl-A and a key are for Umbra; later bytes wait until Umbra has served them.
 */
static void input_for_umbra(void **state)
{
	out(0x3fa, 1); /* the FIFO */
	typed = "a\x01\x01"
		"b\x01sc";
	vm_deliver_input(&vm);
	assert_int_equal(vm.monitor.keys.request, REQUEST_STATISTICS);
	assert_string_equal(typed, "c");
	assert_int_equal(in(0x3f8), 'a');
	assert_int_equal(in(0x3f8), 1);
	assert_int_equal(in(0x3f8), 'b');
	assert_false(in(0x3fd) & 1);
	vm_deliver_input(&vm);
	assert_string_equal(typed, "c");
	vm.monitor.keys.request = REQUEST_NONE;
	vm_deliver_input(&vm);
	assert_int_equal(in(0x3f8), 'c');
}

#define TEST(name) cmocka_unit_test_setup(name, set_up)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(nearest_time),
		TEST(not_before),
		TEST(timer_interrupts),
		TEST(device_is_written),
		TEST(nothing_is_due),
		TEST(everything_is_due),
		TEST(timer_alone_is_due),
		TEST(input_interrupts),
		TEST(input_behind_a_key),
		TEST(input_goes_on),
		TEST(input_that_others_read),
		TEST(timer_is_due),
		TEST(half_of_the_time),
		TEST(longest_delay),
		TEST(look_costs),
		TEST(guest_ends),
		TEST(input_waits),
		TEST(input_for_umbra),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
