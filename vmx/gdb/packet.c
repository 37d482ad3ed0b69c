/* SPDX-License-Identifier: MIT */
#include "lib/parse.h"
#include "lib/string.h"
#include "vmx/gdb/packet.h"

#define CTRL_C 0x03
#define ESCAPE '}'
#define ESCAPE_BIT 0x20
#define SPECIAL "$#}*"
#define NUMBER_DIGITS 16 /* Maximum number of digits of a number. */

static const char digits[] = "0123456789abcdef";

bool gdb_parse_number(const char **at, u64 *value)
{
	const char *start = *at;

	*value = 0;
	for (; parse_digit(**at) < 16; ++*at) {
		if (*at - start == NUMBER_DIGITS)
			return false;
		*value = *value << 4 | parse_digit(**at);
	}
	return *at != start;
}

static enum gdb_event add_outside(struct gdb_input *in, u8 byte)
{
	switch (byte) {
	case '$':
		*in = (struct gdb_input){ .state = GDB_TEXT };
		return GDB_NOTHING;
	case '-':
		return GDB_REPEAT;
	case CTRL_C:
		return GDB_INTERRUPT;
	default: /* '+', or noise */
		return GDB_NOTHING;
	}
}

static void add_text(struct gdb_input *in, u8 byte)
{
	in->sum += byte;
	if (byte == ESCAPE) {
		in->escaped = true;
		return;
	}
	if (in->length == GDB_PACKET_SIZE)
		in->damaged = true;
	else
		in->text[in->length++] =
			(char)(in->escaped ? byte ^ ESCAPE_BIT : byte);
	in->escaped = false;
}

static void add_digit(struct gdb_input *in, u8 byte)
{
	unsigned int digit = parse_digit((char)byte);

	if (digit > 15)
		in->damaged = true;
	in->told = (u8)(in->told << 4 | (digit & 15));
}

enum gdb_event gdb_input_add(struct gdb_input *in, u8 byte)
{
	/* A '$' begins a packet even if the one before has lost its end. */
	if (in->state == GDB_OUTSIDE || byte == '$')
		return add_outside(in, byte);
	if (in->state == GDB_TEXT) {
		if (byte == '#')
			in->state = GDB_DIGIT_1;
		else
			add_text(in, byte);
		return GDB_NOTHING;
	}
	add_digit(in, byte);
	if (in->state++ == GDB_DIGIT_1)
		return GDB_NOTHING;
	in->state = GDB_OUTSIDE;
	in->text[in->length] = '\0';
	return in->damaged || in->sum != in->told ? GDB_DAMAGED : GDB_PACKET;
}

size_t gdb_frame(const char *text, size_t length, char frame[GDB_FRAME_SIZE])
{
	size_t n = 0;
	u8 sum = 0;

	frame[n++] = '$';
	for (size_t i = 0; i < length; i++) {
		char c = text[i];

		if (c && strchr(SPECIAL, c)) {
			frame[n++] = ESCAPE;
			c ^= ESCAPE_BIT;
		}
		frame[n++] = c;
	}
	for (size_t i = 1; i < n; i++)
		sum += (u8)frame[i];
	frame[n++] = '#';
	frame[n++] = digits[sum >> 4];
	frame[n++] = digits[sum & 15];
	return n;
}
