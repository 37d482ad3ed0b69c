/* SPDX-License-Identifier: MIT */
#include "vmx/trace/trace.h"

static struct trace_packet *packet_at(const struct trace *trace, u64 number)
{
	return (struct trace_packet *)(trace->ring +
				       number % trace->pages * PAGE_SIZE);
}

static struct trace_record *records(const struct trace_packet *packet)
{
	return (struct trace_record *)(packet + 1);
}

/*
 * Completes the header of the last packet for the records that it has so far.
 */
static void complete_header(struct trace *trace)
{
	struct trace_packet *packet = packet_at(trace, trace->packets);
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

static void find_end(struct trace *trace)
{
	struct trace_packet *packet = packet_at(trace, trace->packets);

	trace->end = trace->kinds == TRACE_ALL
			     ? records(packet) + TRACE_PACKET_RECORDS
			     : NULL;
}

void trace_init(struct trace *trace, struct trace_record **exit, void *ring,
		u32 pages, u64 tsc_hz)
{
	*trace = (struct trace){
		.exit = exit,
		.ring = ring,
		.pages = pages,
		.tsc_hz = tsc_hz,
	};
	trace->next = records(packet_at(trace, 0));
	trace_filter(trace, TRACE_ALL);
}

void trace_filter(struct trace *trace, u32 kinds)
{
	trace->kinds = kinds;
	trace->exit_size = kinds & BIT(TRACE_EXIT) ? sizeof(struct trace_record)
						   : 0;
	*trace->exit = &trace->none;
	find_end(trace);
}

/* The last packet is full: begins the next one, in the place of the oldest. */
static void begin_next_packet(struct trace *trace)
{
	struct trace_packet *packet;

	complete_header(trace);
	packet = packet_at(trace, ++trace->packets);
	trace->next = records(packet);
	find_end(trace);
	/*
	 * The exit's record is lost if the events after it fill the whole
	 * ring.
	 */
	if ((u8 *)*trace->exit - (u8 *)packet < (s64)PAGE_SIZE &&
	    (u8 *)*trace->exit > (u8 *)packet)
		*trace->exit = &trace->none;
}

struct trace_record *trace_find_place(struct trace *trace, u32 kind)
{
	if (!(trace->kinds & BIT(kind)))
		return &trace->none;
	if (!((u64)trace->next % PAGE_SIZE))
		begin_next_packet(trace);
	return trace->next;
}

void trace_put_slowly(struct trace *trace, u64 head, u64 subject, u64 detail,
		      u64 tsc)
{
	struct trace_record *place = trace_find_place(trace, head & 0xff);

	trace_fill(place, tsc, head, subject, detail);
	if (place != &trace->none)
		trace->next++;
}

u64 trace_count(const struct trace *trace)
{
	if (!trace->ring)
		return 0;
	return trace->packets * TRACE_PACKET_RECORDS +
	       (u64)(trace->next - records(packet_at(trace, trace->packets)));
}

u64 trace_first(const struct trace *trace)
{
	u64 others = MIN(trace->packets, trace->pages - 1ULL); /* full ones */

	return (trace->packets - others) * TRACE_PACKET_RECORDS;
}

const struct trace_record *trace_at(const struct trace *trace, u64 number)
{
	return records(packet_at(trace, number / TRACE_PACKET_RECORDS)) +
	       number % TRACE_PACKET_RECORDS;
}

const struct trace_packet *trace_packet(struct trace *trace, u64 number)
{
	number += trace_first(trace) / TRACE_PACKET_RECORDS;
	if (number * TRACE_PACKET_RECORDS >= trace_count(trace))
		return NULL;
	if (number == trace->packets)
		complete_header(trace);
	return packet_at(trace, number);
}
