/* SPDX-License-Identifier: MIT */
/* gdb's serial line: packets out, bytes in. */
#ifndef VMX_GDB_LINK_H
#define VMX_GDB_LINK_H

#include "vmx/gdb/packet.h"

struct serial_port;

/* All zeroes at first, except the port. */
struct gdb_link {
	struct serial_port *port; /* NULL: none */
	struct gdb_input input;
	char frame[GDB_FRAME_SIZE]; /* the last one sent */
	size_t frame_length;
};

/* Sends @length bytes of @text, at most GDB_PACKET_SIZE, as a packet. */
void gdb_send(struct gdb_link *link, const char *text, size_t length);

/*
 * Receives a byte, and sends the answer that it needs: an acknowledgement, or
 * the last packet again. Returns false if there is no byte.
 */
bool gdb_receive(struct gdb_link *link, enum gdb_event *event);

#endif
