/* SPDX-License-Identifier: MIT */
#include "arch/x86/console/serial.h"
#include "lib/log.h"
#include "vmx/trace/send.h"
#include "vmx/trace/trace.h"

static void send_bytes(struct trace *trace, struct serial_port *port)
{
	const struct trace_packet *packet;

	for (u64 n = 0; (packet = trace_packet(trace, n)); n++)
		for (u64 i = 0; i < PAGE_SIZE; i++)
			serial_send(port, ((const u8 *)packet)[i]);
	serial_drain(port);
}

/* A line is 32 bytes, four words of 64 bits. */
static void send_text(struct trace *trace)
{
	const struct trace_packet *packet;

	for (u64 n = 0; (packet = trace_packet(trace, n)); n++) {
		const u64 *word = (const u64 *)packet;
		u64 words = packet->content_bits / 64;

		for (u64 i = 0; i < words; i += 4)
			log_info("trace %016lx%016lx%016lx%016lx", word[i],
				 word[i + 1], word[i + 2], word[i + 3]);
	}
}

void trace_send(struct trace *trace, enum trace_way way,
		struct serial_port *port)
{
	if (way != TRACE_NOWHERE && !trace_count(trace))
		log_info("trace: there is no record to send");
	if (way == TRACE_COM2)
		send_bytes(trace, port);
	else if (way == TRACE_TEXT)
		send_text(trace);
}
