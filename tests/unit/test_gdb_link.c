/* SPDX-License-Identifier: MIT */
/* gdb's serial line: the bytes that Umbra sends for those that it receives. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "arch/x86/console/serial.h"
#include "vmx/gdb/link.h"

#define SENT_MAX 4096

static struct serial_port port;
static struct gdb_link gdb_line;
static const char *waiting; /* bytes that gdb has sent */
static char sent[SENT_MAX]; /* by Umbra, since the test has emptied it */
static size_t sent_length;

/* --- The port --------------------------------------------------------------- */

void serial_send(struct serial_port *to, u8 byte)
{
	assert_ptr_equal(to, &port);
	assert_true(sent_length < SENT_MAX);
	sent[sent_length++] = (char)byte;
}

int serial_receive(const struct serial_port *from)
{
	assert_ptr_equal(from, &port);
	return *waiting ? (u8)*waiting++ : -1;
}

static int set_up(void **state)
{
	memset(&gdb_line, 0, sizeof(gdb_line));
	gdb_line.port = &port;
	waiting = "";
	sent_length = 0;
	return 0;
}

static void assert_sent(const char *bytes, size_t length)
{
	assert_int_equal(sent_length, length);
	assert_memory_equal(sent, bytes, length);
	sent_length = 0;
}

/* Receives all of @bytes; returns the event of the last one. */
static enum gdb_event receive_bytes(const char *bytes)
{
	enum gdb_event event = GDB_NOTHING;

	for (waiting = bytes; *waiting;)
		assert_true(gdb_receive(&gdb_line, &event));
	return event;
}

/* --- Tests ------------------------------------------------------------------ */

static void nothing_waits(void **state)
{
	enum gdb_event event = GDB_INTERRUPT;

	assert_false(gdb_receive(&gdb_line, &event));
	assert_int_equal(event, GDB_INTERRUPT);
	assert_sent("", 0);
}

/* The "+" is the last byte's answer, and the only one. */
static void packet_is_acknowledged(void **state)
{
	assert_int_equal(receive_bytes("$m0,4#f"), GDB_NOTHING);
	assert_sent("", 0);
	assert_int_equal(receive_bytes("d"), GDB_PACKET);
	assert_string_equal(gdb_line.input.text, "m0,4");
	assert_sent("+", 1);
}

static void damaged_packet_is_refused(void **state)
{
	assert_int_equal(receive_bytes("$m0,4#fe"), GDB_DAMAGED);
	assert_sent("-", 1);
	assert_int_equal(receive_bytes("$m0,4#fd"), GDB_PACKET);
	assert_sent("+", 1);
}

/* gdb's "+", and its Ctrl-C, have no answer at this level. */
static void others_have_no_answer(void **state)
{
	assert_int_equal(receive_bytes("+"), GDB_NOTHING);
	assert_int_equal(receive_bytes("\x03"), GDB_INTERRUPT);
	assert_sent("", 0);
}

static void packet_is_framed(void **state)
{
	gdb_send(&gdb_line, "OK", 2);
	assert_sent("$OK#9a", 6);
	/* The length counts: a NUL is a byte as any other. */
	gdb_send(&gdb_line, "a\0}z", 3);
	assert_sent("$a\0}]#3b", 8);
}

/* The last one, as it was, and as often as gdb asks. */
static void packet_is_sent_again(void **state)
{
	gdb_send(&gdb_line, "T05", 3);
	gdb_send(&gdb_line, "E01", 3);
	assert_sent("$T05#b9$E01#a6", 14);
	assert_int_equal(receive_bytes("-"), GDB_REPEAT);
	assert_sent("$E01#a6", 7);
	assert_int_equal(receive_bytes("-"), GDB_REPEAT);
	assert_sent("$E01#a6", 7);
}

/* Before the first packet there is none to be sent again. */
static void nothing_is_sent_again(void **state)
{
	assert_int_equal(receive_bytes("-"), GDB_REPEAT);
	assert_sent("", 0);
}

static void largest_packet(void **state)
{
	char text[GDB_PACKET_SIZE];

	memset(text, '#', sizeof(text));
	gdb_send(&gdb_line, text, sizeof(text));
	assert_int_equal(sent_length, GDB_FRAME_SIZE);
	/* The last byte, escaped, and then the checksum of all of them. */
	assert_memory_equal(sent + GDB_FRAME_SIZE - 5, "}\x03#00", 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(nothing_waits, set_up),
		cmocka_unit_test_setup(packet_is_acknowledged, set_up),
		cmocka_unit_test_setup(damaged_packet_is_refused, set_up),
		cmocka_unit_test_setup(others_have_no_answer, set_up),
		cmocka_unit_test_setup(packet_is_framed, set_up),
		cmocka_unit_test_setup(packet_is_sent_again, set_up),
		cmocka_unit_test_setup(nothing_is_sent_again, set_up),
		cmocka_unit_test_setup(largest_packet, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
