/* SPDX-License-Identifier: MIT */
/*
 * The commands of gdb's remote serial protocol (the GDB manual, "Packets"), for
 * a target behind functions. Pure.
 */
#ifndef VMX_GDB_PROTOCOL_H
#define VMX_GDB_PROTOCOL_H

#include "lib/types.h"
#include "vmx/gdb/packet.h"
#include "vmx/gdb/registers.h"

/* gdb does not look at the number. */
#define GDB_ERROR "E01"

/* The kinds of points, as the commands Z and z number them. */
enum gdb_point {
	GDB_SOFTWARE_BREAKPOINT,
	GDB_HARDWARE_BREAKPOINT,
	GDB_WRITE_WATCHPOINT,
	GDB_READ_WATCHPOINT,
	GDB_ACCESS_WATCHPOINT,
	GDB_POINTS
};

struct gdb_target {
	/* Returns false if the value can't be told. */
	bool (*read_register)(void *ctx, enum gdb_register reg, u64 *value);
	/* Returns false if the register can't have that value. */
	bool (*write_register)(void *ctx, enum gdb_register reg, u64 value);
	/* Memory at a linear address. read() returns the number of bytes. */
	size_t (*read)(void *ctx, u64 address, void *buf, size_t len);
	bool (*write)(void *ctx, u64 address, const void *buf, size_t len);
	/*
	 * Returns false if no place is free, or there is no such kind or
	 * length.
	 */
	bool (*insert)(void *ctx, enum gdb_point kind, u64 address, u64 length);
	void (*remove)(void *ctx, enum gdb_point kind, u64 address, u64 length);
	/* Carries out a command of Umbra's monitor. */
	void (*monitor)(void *ctx, char *command);
};

struct gdb_reply {
	char text[GDB_PACKET_SIZE + 1];
	size_t length;
};

/* How the target goes on after a command. */
enum gdb_resume { GDB_STAY, GDB_CONTINUE, GDB_STEP, GDB_DETACH, GDB_KILL };

/*
 * Carries out the command @in, which has no escapes and ends with a NUL. @reply
 * is sent unless the target goes on (GDB_CONTINUE, GDB_STEP) or ends; "" means
 * "not supported" to gdb. @stop: the reply that tells why the target has
 * stopped.
 */
enum gdb_resume gdb_command(const struct gdb_target *target, void *ctx,
			    const char *in, const char *stop,
			    struct gdb_reply *reply);

/* Appends @n bytes as hexadecimal digits, as far as there is room. */
void gdb_reply_bytes(struct gdb_reply *reply, const void *bytes, size_t n);

#endif
