/* SPDX-License-Identifier: MIT */
/* The trace: its layout, a full ring, the filter, the ways out. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "host_log.h"

#define log_info log_to_text
#include "vmx/trace/send.c"
#undef log_info
#include "vmx/trace/filter.h"
#include "vmx/trace/trace.h"

#define PAGES 3
#define HZ 2000000000
#define PER_PACKET 126

static u8 ring[PAGES * PAGE_SIZE] __attribute__((aligned(4096)));
static struct trace trace;
static struct trace_record *exit_record;
static u8 sent[2 * PAGE_SIZE];
static size_t sent_count;
static bool drained;

void serial_send(struct serial_port *port, u8 byte)
{
	assert_string_equal(port->name, "COM2");
	sent[sent_count++] = byte;
}

void serial_drain(const struct serial_port *port)
{
	drained = true;
}

static int set_up(void **state)
{
	memset(ring, 0, sizeof(ring));
	trace_init(&trace, &exit_record, ring, PAGES, HZ);
	return 0;
}

static void put_exit(u64 tsc, enum vmx_exit_reason reason, u64 rip,
		     u64 qualification)
{
	trace_expect_exit(&trace, &exit_record);
	trace_exit(exit_record, tsc, reason, rip, qualification);
	trace_keep_exit(&trace);
}

static void put_exits(u64 first, u64 count)
{
	for (u64 tsc = first; tsc < first + count; tsc++)
		put_exit(tsc, EXIT_HLT, tsc * 2, 0);
}

#define RECORD_SIZE 32
#define TSC 0x1122334455667788
#define TSC_BYTES 0x88, 0x77, 0x66, 0x55, 0x44, 0x33, 0x22, 0x11
#define TICKS_BYTES 200, 0, 0, 0
#define RIP_BYTES 0x01, 0x02, 0x03, 0, 0, 0x80, 0xff, 0xff
#define NO_DETAIL_BYTES 0, 0, 0, 0, 0, 0, 0
#define GFN_BYTES 0x02, 0x04, 0, 0, 0, 0, 0, 0
#define ADDRESS_BYTES 0x00, 0x10, 0x40, 0, 0, 0, 0, 0

/* The bytes that tools/trace.tsdl describes. */
static const u8 exit_bytes[RECORD_SIZE] = {
	TSC_BYTES,   TRACE_EXIT, EXIT_EXCEPTION_OR_NMI, VECTOR_PF, 0x1b,
	TICKS_BYTES, RIP_BYTES,	 ADDRESS_BYTES
};
static const u8 fill_bytes[RECORD_SIZE] = { TSC_BYTES,
					    TRACE_MMU + MMU_EVENT_FILL,
					    NO_DETAIL_BYTES, GFN_BYTES,
					    ADDRESS_BYTES };
static const u8 inject_bytes[RECORD_SIZE] = {
	TSC_BYTES, TRACE_INJECT, INTR_HARDWARE_EXCEPTION, VECTOR_PF, 1, 6
};

static void layout(void **state)
{
	const u8 *first = ring + 64;

	put_exit(TSC, EXIT_EXCEPTION_OR_NMI, 0xffff800000030201, 0x401000);
	exit_record->vector = VECTOR_PF;
	exit_record->error = 0x1b;
	exit_record->number = 200;
	trace_mmu(&trace, TSC, MMU_EVENT_FILL, 0x402, 0x401000);
	trace_inject(&trace, TSC, 0x80000b0e, 6);
	assert_int_equal(sizeof(struct trace_record), RECORD_SIZE);
	assert_memory_equal(first, exit_bytes, RECORD_SIZE);
	assert_memory_equal(first + RECORD_SIZE, fill_bytes, RECORD_SIZE);
	assert_memory_equal(first + 2 * RECORD_SIZE, inject_bytes, RECORD_SIZE);
	assert_int_equal(trace_count(&trace), 3);
}

static void one_packet(void **state)
{
	const struct trace_packet *packet;

	assert_null(trace_packet(&trace, 0));
	put_exits(7, 3);
	packet = trace_packet(&trace, 0);
	assert_ptr_equal(packet, ring);
	assert_int_equal(packet->magic, 0xc1fc1fc1);
	assert_int_equal(packet->stream, 0);
	assert_int_equal(packet->begin, 7);
	assert_int_equal(packet->end, 9);
	assert_int_equal(packet->content_bits, (64 + 3 * 32) * 8);
	assert_int_equal(packet->packet_bits, PAGE_SIZE * 8);
	assert_int_equal(packet->number, 0);
	assert_int_equal(packet->tsc_hz, HZ);
	assert_null(trace_packet(&trace, 1));
	/* More exits follow. */
	put_exits(10, 1);
	assert_int_equal(trace_packet(&trace, 0)->end, 10);
}

static void full_ring(void **state)
{
	const u64 count = 5 * PER_PACKET + 4;
	const struct trace_packet *packet;

	put_exits(0, count);
	assert_int_equal(trace_count(&trace), count);
	assert_int_equal(trace_first(&trace), 3 * PER_PACKET);
	for (u64 n = trace_first(&trace); n < count; n++)
		assert_int_equal(trace_at(&trace, n)->subject, n * 2);
	for (u64 n = 0; n < PAGES; n++) {
		packet = trace_packet(&trace, n);
		assert_int_equal(packet->number, 3 + n);
		assert_int_equal(packet->records, (3 + n) * PER_PACKET);
		assert_int_equal(packet->begin, (3 + n) * PER_PACKET);
		assert_int_equal(packet->content_bits,
				 n == 2 ? (64 + 4 * 32) * 8 : PAGE_SIZE * 8);
	}
	assert_null(trace_packet(&trace, PAGES));
}

/* The next packet replaces the oldest one only with its first record. */
static void full_packets(void **state)
{
	put_exits(0, PAGES * PER_PACKET);
	assert_int_equal(trace_first(&trace), 0);
	assert_int_equal(trace_packet(&trace, 0)->begin, 0);
	assert_int_equal(trace_packet(&trace, 2)->end, PAGES * PER_PACKET - 1);
	assert_int_equal(trace_packet(&trace, 2)->content_bits, PAGE_SIZE * 8);
	assert_null(trace_packet(&trace, 3));
	put_exits(PAGES * PER_PACKET, 1);
	assert_int_equal(trace_first(&trace), PER_PACKET);
	assert_int_equal(trace_packet(&trace, 2)->records, PAGES * PER_PACKET);
}

/* The ticks of an exit are known later: its record may be gone by then. */
static void ticks(void **state)
{
	put_exits(0, 2);
	exit_record->number = 77;
	assert_int_equal(trace_at(&trace, 0)->number, 0);
	assert_int_equal(trace_at(&trace, 1)->number, 77);
	for (u32 i = 0; i < PAGES * PER_PACKET + 10; i++)
		trace_mmu(&trace, 9, MMU_EVENT_WRITE, 5, 1);
	exit_record->number = 78;
	for (u64 n = trace_first(&trace); n < trace_count(&trace); n++)
		assert_int_equal(trace_at(&trace, n)->number, 0);
}

static void filter(void **state)
{
	put_exits(0, 1);
	trace_filter(&trace, BIT(TRACE_INJECT));
	put_exits(1, 5);
	exit_record->number = 5;
	trace_inject(&trace, 6, 0x80000020, 0);
	trace_mmu(&trace, 6, MMU_EVENT_FILL, 1, 2);
	assert_int_equal(trace_count(&trace), 2);
	assert_int_equal(trace_at(&trace, 0)->number, 0);
	assert_int_equal(trace_at(&trace, 1)->vector, 0x20);
	trace_filter(&trace, TRACE_ALL);
	put_exits(7, 1);
	assert_int_equal(trace_count(&trace), 3);
}

/* The ring turns as without a filter. */
static void filtered_ring(void **state)
{
	const u64 count = 4 * PER_PACKET + 1;

	trace_filter(&trace, BIT(TRACE_EXIT));
	for (u64 n = 0; n < count; n++) {
		put_exits(n, 1);
		trace_mmu(&trace, 9, MMU_EVENT_WRITE, 5, 1);
	}
	assert_int_equal(trace_count(&trace), count);
	assert_int_equal(trace_first(&trace), 2 * PER_PACKET);
	for (u64 n = trace_first(&trace); n < count; n++)
		assert_int_equal(trace_at(&trace, n)->tsc, n);
}

static void names(void **state)
{
	u32 kinds = 7;

	assert_true(trace_parse_kinds("exit,fill", &kinds));
	assert_int_equal(kinds,
			 BIT(TRACE_EXIT) | BIT(TRACE_MMU + MMU_EVENT_FILL));
	assert_true(trace_parse_kinds("mmu,exit,inject", &kinds));
	assert_int_equal(kinds, TRACE_ALL);
	assert_true(trace_parse_kinds("none", &kinds));
	assert_int_equal(kinds, 0);
	assert_false(trace_parse_kinds("exit,", &kinds));
	assert_false(trace_parse_kinds("exits", &kinds));
	assert_false(trace_parse_kinds("", &kinds));
}

static void send_trace(enum trace_way way)
{
	struct serial_port port = { .name = "COM2" };

	log_text[0] = '\0';
	sent_count = 0;
	drained = false;
	trace_send(&trace, way, &port);
}

/* COM2 gets whole packets, the console the records: a line for 32 bytes. */
static void ways_out(void **state)
{
	put_exits(0x11, PER_PACKET + 1);
	send_trace(TRACE_COM2);
	assert_true(drained);
	assert_int_equal(sent_count, 2 * PAGE_SIZE);
	assert_memory_equal(sent, ring, sent_count);
	assert_string_equal(log_text, "");
	set_up(state);
	put_exits(0x11, 2);
	send_trace(TRACE_TEXT);
	assert_int_equal(sent_count, 0);
	assert_non_null(strstr(log_text, "trace 00000000c1fc1fc1"
					 "0000000000000011"
					 "0000000000000012"
					 "0000000000000400\n"));
	assert_non_null(strstr(log_text, "\ntrace 0000000000000012"
					 "0000000000000c00"
					 "0000000000000024"
					 "0000000000000000\n"));
	send_trace(TRACE_NOWHERE);
	assert_string_equal(log_text, "");
}

static void nothing_to_send(void **state)
{
	send_trace(TRACE_TEXT);
	assert_string_equal(log_text, "trace: there is no record to send\n");
	send_trace(TRACE_COM2);
	assert_int_equal(sent_count, 0);
	assert_string_equal(log_text, "trace: there is no record to send\n");
	send_trace(TRACE_NOWHERE);
	assert_string_equal(log_text, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(layout, set_up),
		cmocka_unit_test_setup(one_packet, set_up),
		cmocka_unit_test_setup(full_ring, set_up),
		cmocka_unit_test_setup(full_packets, set_up),
		cmocka_unit_test_setup(ticks, set_up),
		cmocka_unit_test_setup(filter, set_up),
		cmocka_unit_test_setup(filtered_ring, set_up),
		cmocka_unit_test_setup(names, set_up),
		cmocka_unit_test_setup(ways_out, set_up),
		cmocka_unit_test_setup(nothing_to_send, set_up),
	};

	return cmocka_run_group_tests_name("trace", tests, NULL, NULL);
}
