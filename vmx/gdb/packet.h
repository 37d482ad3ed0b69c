/* SPDX-License-Identifier: MIT */
/*
 * The packets of gdb's remote serial protocol: "$", the text, "#" and two
 * digits of a checksum (the GDB manual, "Remote Protocol", "Overview"). Pure.
 */
#ifndef VMX_GDB_PACKET_H
#define VMX_GDB_PACKET_H

#include "lib/types.h"

/* Maximum number of bytes between "$" and "#". */
#define GDB_PACKET_SIZE 1024
/* Maximum size: each byte of the packet is escaped, and four bytes are around. */
#define GDB_FRAME_SIZE (2 * GDB_PACKET_SIZE + 4)

enum gdb_event {
	GDB_NOTHING, /* the packet is not complete */
	GDB_PACKET, /* in the input's text */
	GDB_DAMAGED, /* too long, or with another checksum */
	GDB_REPEAT, /* gdb has got the last reply damaged */
	GDB_INTERRUPT /* Ctrl-C */
};

/* All zeroes at first. */
struct gdb_input {
	char text[GDB_PACKET_SIZE + 1]; /* without escapes; with a NUL */
	size_t length;
	enum { GDB_OUTSIDE, GDB_TEXT, GDB_DIGIT_1, GDB_DIGIT_2 } state;
	bool escaped; /* the byte before was '}' */
	bool damaged;
	u8 sum, told; /* the checksum so far, and the one that gdb has sent */
};

/* Adds a byte that gdb has sent. */
enum gdb_event gdb_input_add(struct gdb_input *in, u8 byte);

/*
 * Makes a packet of @length bytes of @text, at most GDB_PACKET_SIZE, in @frame.
 * Returns the packet's length.
 */
size_t gdb_frame(const char *text, size_t length, char frame[GDB_FRAME_SIZE]);

/*
 * Reads a hexadecimal number of up to 64 bits from *@at, and moves *@at after
 * it. Returns false if there is none.
 */
bool gdb_parse_number(const char **at, u64 *value);

#endif
