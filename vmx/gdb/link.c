/* SPDX-License-Identifier: MIT */
#include "arch/x86/console/serial.h"
#include "vmx/gdb/link.h"

static void send_frame(struct gdb_link *link)
{
	for (size_t i = 0; i < link->frame_length; i++)
		serial_send(link->port, (u8)link->frame[i]);
}

void gdb_send(struct gdb_link *link, const char *text, size_t length)
{
	link->frame_length = gdb_frame(text, length, link->frame);
	send_frame(link);
}

bool gdb_receive(struct gdb_link *link, enum gdb_event *event)
{
	int byte = serial_receive(link->port);

	if (byte < 0)
		return false;
	*event = gdb_input_add(&link->input, (u8)byte);
	if (*event == GDB_PACKET)
		serial_send(link->port, '+');
	else if (*event == GDB_DAMAGED)
		serial_send(link->port, '-');
	else if (*event == GDB_REPEAT)
		send_frame(link);
	return true;
}
