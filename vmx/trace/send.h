/* SPDX-License-Identifier: MIT */
/* The way of the trace out of the machine. */
#ifndef VMX_TRACE_SEND_H
#define VMX_TRACE_SEND_H

struct serial_port;
struct trace;

enum trace_way {
	TRACE_NOWHERE,
	TRACE_COM2, /* as it is, at 115200 baud */
	TRACE_TEXT /* to the console, in lines that tools/trace reads */
};

/*
 * Sends all packets that have records, the oldest one first. @port is that of
 * TRACE_COM2.
 */
void trace_send(struct trace *trace, enum trace_way way,
		struct serial_port *port);

#endif
