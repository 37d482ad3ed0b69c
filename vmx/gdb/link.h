/* SPDX-License-Identifier: MIT */
/* gdb's serial line: packets out, bytes in. */
#ifndef VMX_GDB_LINK_H
#define VMX_GDB_LINK_H

#include "vmx/gdb/packet.h"

struct serial_port;

/* All zeroes but for the port at first. */
struct gdb_link {
	struct serial_port *port; /* NULL: none */
	struct gdb_input input;
	char frame[GDB_FRAME_SIZE]; /* sent last */
	size_t frame_length;
};

/* Sends @length bytes of @text, at most GDB_PACKET_SIZE, as a packet. */
void gdb_send(struct gdb_link *link, const char *text, size_t length);

/*
 * Takes one byte, if there is one; answers it with an acknowledgement, or the
 * last packet again, where it needs one. Returns false: there is none.
 */
bool gdb_receive(struct gdb_link *link, enum gdb_event *event);

#endif
