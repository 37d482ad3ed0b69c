/* SPDX-License-Identifier: MIT */
/*
 * The services of the run loop, with all that they call. The devices are the
 * real ones; the clocks and the console are made up. A test file includes this
 * in place of the loop's own files.
 */
#ifndef TESTS_UNIT_SERVE_WORLD_H
#define TESTS_UNIT_SERVE_WORLD_H

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

#define TEST(name) cmocka_unit_test_setup(name, set_up)

#endif
