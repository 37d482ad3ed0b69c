/* SPDX-License-Identifier: MIT */
/* The console's input: its way to the guest, and the time of the next look. */
#include "serve_world.h"

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(input_waits),	TEST(input_for_umbra),
		TEST(input_interrupts), TEST(input_behind_a_key),
		TEST(input_goes_on),	TEST(input_that_others_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
