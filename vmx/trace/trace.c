/* SPDX-License-Identifier: MIT */
#include "vmx/trace/trace.h"

static struct trace_packet *page(const struct trace *trace, u64 number)
{
	return (struct trace_packet *)(trace->ring +
				       number % trace->pages * PAGE_SIZE);
}

static struct trace_record *records(const struct trace_packet *packet)
{
	return (struct trace_record *)(packet + 1);
}

/* Complete the header of the last packet, as far as it is filled. */
static void seal(struct trace *trace)
{
	struct trace_packet *packet = page(trace, trace->packets);
	u64 count = (u64)(trace->next - records(packet));

	*packet = (struct trace_packet){
		.magic = CTF_MAGIC,
		.begin = records(packet)->tsc,
		.end = count ? trace->next[-1].tsc : 0,
		.content_bits = ((u8 *)trace->next - (u8 *)packet) * 8,
		.packet_bits = PAGE_SIZE * 8,
		.number = trace->packets,
		.tsc_hz = trace->tsc_hz,
		.records = trace->packets * TRACE_PACKET_RECORDS,
	};
}

void trace_init(struct trace *trace, void *ring, u32 pages, u64 tsc_hz)
{
	*trace = (struct trace){
		.kinds = TRACE_ALL,
		.ring = ring,
		.pages = pages,
		.tsc_hz = tsc_hz,
	};
	trace->exit = &trace->none;
	trace->next = records(page(trace, 0));
}

void trace_filter(struct trace *trace, u32 kinds)
{
	trace->kinds = kinds;
	trace->exit = &trace->none;
}

void trace_turn(struct trace *trace)
{
	struct trace_packet *packet;

	seal(trace);
	packet = page(trace, ++trace->packets);
	trace->next = records(packet);
	/* The record of an exit with more events than the ring has room for. */
	if ((u8 *)trace->exit - (u8 *)packet < (s64)PAGE_SIZE &&
	    (u8 *)trace->exit > (u8 *)packet)
		trace->exit = &trace->none;
}

u64 trace_count(const struct trace *trace)
{
	if (!trace->ring)
		return 0;
	return trace->packets * TRACE_PACKET_RECORDS +
	       (u64)(trace->next - records(page(trace, trace->packets)));
}

u64 trace_first(const struct trace *trace)
{
	u64 others = MIN(trace->packets, trace->pages - 1ULL); /* full ones */

	return (trace->packets - others) * TRACE_PACKET_RECORDS;
}

const struct trace_record *trace_at(const struct trace *trace, u64 number)
{
	return records(page(trace, number / TRACE_PACKET_RECORDS)) +
	       number % TRACE_PACKET_RECORDS;
}

const struct trace_packet *trace_packet(struct trace *trace, u64 number)
{
	number += trace_first(trace) / TRACE_PACKET_RECORDS;
	if (number * TRACE_PACKET_RECORDS >= trace_count(trace))
		return NULL;
	if (number == trace->packets)
		seal(trace);
	return page(trace, number);
}
