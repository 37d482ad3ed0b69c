/* SPDX-License-Identifier: MIT */
/* Fuzzes the bytes from gdb, single ones and framed ones. */
#include <stdlib.h>
#include <string.h>

#include "vmx/gdb/protocol.h"

#define MEMORY 64

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

static u8 memory[MEMORY];

static bool read_register(void *ctx, enum gdb_register reg, u64 *value)
{
	*value = reg;
	return reg % 2;
}

static bool write_register(void *ctx, enum gdb_register reg, u64 value)
{
	if (reg >= GDB_REGISTERS)
		abort();
	return value % 2;
}

static size_t read_memory(void *ctx, u64 address, void *buf, size_t len)
{
	size_t got = address < MEMORY ? MIN(len, MEMORY - address) : 0;

	memcpy(buf, memory + (got ? address : 0), got);
	return got;
}

static bool write_memory(void *ctx, u64 address, const void *buf, size_t len)
{
	if (address >= MEMORY || len > MEMORY - address)
		return false;
	memcpy(memory + address, buf, len);
	return true;
}

static bool insert_point(void *ctx, enum gdb_point kind, u64 address,
			 u64 length)
{
	return kind < GDB_POINTS && length;
}

static void remove_point(void *ctx, enum gdb_point kind, u64 address,
			 u64 length)
{
}

static void monitor(void *ctx, char *command)
{
	memset(command, 'x', strlen(command));
}

static const struct gdb_target target = {
	read_register, write_register, read_memory, write_memory,
	insert_point,  remove_point,   monitor,
};

static void carry_out(const char *in)
{
	static struct gdb_reply reply;
	static char frame[GDB_FRAME_SIZE];
	struct gdb_input back = { 0 };
	enum gdb_event event = GDB_NOTHING;
	size_t length;

	memset(&reply, 'r', sizeof(reply));
	gdb_command(&target, NULL, in, "T05", &reply);
	if (reply.length > GDB_PACKET_SIZE)
		abort();
	/* A reply is read as it was written. */
	length = gdb_frame(reply.text, reply.length, frame);
	for (size_t i = 0; i < length; i++)
		event = gdb_input_add(&back, (u8)frame[i]);
	if (event != GDB_PACKET || back.length != reply.length ||
	    memcmp(back.text, reply.text, back.length))
		abort();
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	struct gdb_input in = { 0 };
	char *command = malloc(size + 1);

	for (size_t i = 0; i < size; i++)
		if (gdb_input_add(&in, data[i]) == GDB_PACKET)
			carry_out(in.text);
	memcpy(command, data, size);
	command[size] = '\0';
	if (size <= GDB_PACKET_SIZE)
		carry_out(command);
	free(command);
	return 0;
}
