/* SPDX-License-Identifier: MIT */
#include "lib/parse.h"
#include "lib/printf.h"
#include "lib/string.h"
#include "vmx/gdb/protocol.h"

#define DONE "OK"
#define MEMORY_MAX (GDB_PACKET_SIZE / 2)
#define MONITOR_SIZE 128 /* for a command, with its NUL */
#define REGISTER_BYTES_MAX 10

#define XML(name, bits, type)                                                  \
	"<reg name=\"" #name "\" bitsize=\"" #bits "\" type=" #type "/>"
#define BITS_OF(name, bits, type) bits,

static const char description[] =
	"<?xml version=\"1.0\"?><!DOCTYPE target SYSTEM \"gdb-target.dtd\">"
	"<target><architecture>i386:x86-64</architecture>"
	"<feature name=\"org.gnu.gdb.i386.core\">" GDB_CORE_REGISTERS(XML) "</feature><feature name=\"org.gnu.gdb.i386.segments\">" GDB_SEGMENT_REGISTERS(
		XML) "</feature><feature name=\"umbra.control\">" GDB_CONTROL_REGISTERS(XML) "</feature></target>";

static const u8 register_bits[GDB_REGISTERS] = { GDB_ALL_REGISTERS(BITS_OF) };

/* One command. */
struct call {
	const struct gdb_target *target;
	void *ctx;
	const char *at; /* the rest of the packet */
	struct gdb_reply *reply;
	const char *stop; /* the reply that tells why the target has stopped */
	char letter; /* the first one of the packet */
	enum gdb_resume resume;
};

static void reply_with(struct gdb_reply *reply, const char *text)
{
	reply->length =
		(size_t)snprintf(reply->text, sizeof(reply->text), "%s", text);
}

static void reply_done(const struct call *call, bool done)
{
	reply_with(call->reply, done ? DONE : GDB_ERROR);
}

void gdb_reply_bytes(struct gdb_reply *reply, const void *bytes, size_t n)
{
	for (size_t i = 0; i < n && reply->length + 2 <= GDB_PACKET_SIZE; i++)
		reply->length +=
			(size_t)snprintf(reply->text + reply->length,
					 sizeof(reply->text) - reply->length,
					 "%02x", ((const u8 *)bytes)[i]);
}

static bool accept_char(struct call *call, char c)
{
	if (*call->at != c)
		return false;
	call->at++;
	return true;
}

/*
 * Reads @n bytes from the rest of the packet. Returns false if the rest is not
 * exactly 2 * @n hexadecimal digits.
 */
static bool parse_bytes(struct call *call, u8 *bytes, size_t n)
{
	if (strlen(call->at) != 2 * n)
		return false;
	for (; n; n--, bytes++, call->at += 2) {
		unsigned int high = parse_digit(call->at[0]);
		unsigned int low = parse_digit(call->at[1]);

		if (high > 15 || low > 15)
			return false;
		*bytes = (u8)(high << 4 | low);
	}
	return true;
}

/* Reads "A,B", and @end after it. Returns false if the text is another one. */
static bool parse_pair(struct call *call, u64 *a, u64 *b, char end)
{
	return gdb_parse_number(&call->at, a) && accept_char(call, ',') &&
	       gdb_parse_number(&call->at, b) &&
	       (end ? accept_char(call, end) : !*call->at);
}

/* --- Registers -------------------------------------------------------------- */

/* A register that can't be told is "xx" for each byte. */
static void tell_register(const struct call *call, enum gdb_register reg)
{
	struct gdb_reply *reply = call->reply;
	size_t size = register_bits[reg] / 8;
	u64 value;

	if (size <= sizeof(value) &&
	    call->target->read_register(call->ctx, reg, &value))
		return gdb_reply_bytes(reply, &value, size);
	memset(reply->text + reply->length, 'x', 2 * size);
	reply->length += 2 * size;
}

static void read_registers(struct call *call)
{
	for (enum gdb_register reg = 0; reg < GDB_REGISTERS; reg++)
		tell_register(call, reg);
}

/* gdb writes all registers, also those that are unchanged or can't change. */
static void write_registers(struct call *call)
{
	u8 bytes[GDB_REGISTERS * REGISTER_BYTES_MAX], *at = bytes;
	size_t size = 0;

	for (enum gdb_register reg = 0; reg < GDB_REGISTERS; reg++)
		size += register_bits[reg] / 8;
	if (!parse_bytes(call, bytes, size))
		return reply_with(call->reply, GDB_ERROR);
	for (enum gdb_register reg = 0; reg < GDB_REGISTERS; reg++) {
		u64 value = 0;

		size = register_bits[reg] / 8;
		memcpy(&value, at, MIN(size, sizeof(value)));
		call->target->write_register(call->ctx, reg, value);
		at += size;
	}
	reply_with(call->reply, DONE);
}

static void read_register(struct call *call)
{
	u64 reg;

	if (!gdb_parse_number(&call->at, &reg) || *call->at ||
	    reg >= GDB_REGISTERS)
		return reply_with(call->reply, GDB_ERROR);
	tell_register(call, reg);
}

static void write_register(struct call *call)
{
	u8 bytes[REGISTER_BYTES_MAX];
	u64 reg, value = 0;
	size_t size;

	if (!gdb_parse_number(&call->at, &reg) || reg >= GDB_REGISTERS ||
	    !accept_char(call, '='))
		return reply_with(call->reply, GDB_ERROR);
	size = register_bits[reg] / 8;
	if (!parse_bytes(call, bytes, size))
		return reply_with(call->reply, GDB_ERROR);
	memcpy(&value, bytes, MIN(size, sizeof(value)));
	reply_done(call, call->target->write_register(call->ctx, reg, value));
}

/* --- Memory and breakpoints ------------------------------------------------- */

static void read_memory(struct call *call)
{
	u8 bytes[MEMORY_MAX];
	u64 address, length;
	size_t got;

	if (!parse_pair(call, &address, &length, '\0'))
		return reply_with(call->reply, GDB_ERROR);
	length = MIN(length, sizeof(bytes));
	got = call->target->read(call->ctx, address, bytes, length);
	if (length && !got)
		return reply_with(call->reply, GDB_ERROR);
	gdb_reply_bytes(call->reply, bytes, got);
}

static void write_memory(struct call *call)
{
	u8 bytes[MEMORY_MAX];
	u64 address, length;

	reply_done(call, parse_pair(call, &address, &length, ':') &&
				 length <= sizeof(bytes) &&
				 parse_bytes(call, bytes, length) &&
				 call->target->write(call->ctx, address, bytes,
						     length));
}

static void change_point(struct call *call)
{
	u64 kind, address, length;

	if (!gdb_parse_number(&call->at, &kind) || !accept_char(call, ',') ||
	    !parse_pair(call, &address, &length, '\0'))
		return reply_with(call->reply, GDB_ERROR);
	/* x86 has no watchpoint for reads only: gdb then tries Z4. */
	if (kind >= GDB_POINTS || kind == GDB_READ_WATCHPOINT)
		return;
	if (call->letter == 'Z')
		return reply_done(call, call->target->insert(call->ctx, kind,
							     address, length));
	call->target->remove(call->ctx, kind, address, length);
	reply_with(call->reply, DONE);
}

/* --- Queries ---------------------------------------------------------------- */

static bool accept_word(struct call *call, const char *word)
{
	size_t length = strlen(word);

	if (strncmp(call->at, word, length))
		return false;
	call->at += length;
	return true;
}

/*
 * Sends a piece of the description: 'm', or 'l' for the last one, and the text.
 */
static void describe(struct call *call)
{
	struct gdb_reply *reply = call->reply;
	size_t size = sizeof(description) - 1;
	u64 offset, length;

	if (!parse_pair(call, &offset, &length, '\0') || offset > size)
		return reply_with(reply, GDB_ERROR);
	length = MIN(MIN(length, size - offset), GDB_PACKET_SIZE - 1);
	reply->text[0] = offset + length < size ? 'm' : 'l';
	memcpy(reply->text + 1, description + offset, length);
	reply->length = length + 1;
}

static void run_monitor(struct call *call)
{
	char command[MONITOR_SIZE];
	size_t length = strlen(call->at) / 2;

	if (length >= sizeof(command) ||
	    !parse_bytes(call, (u8 *)command, length))
		return reply_with(call->reply, GDB_ERROR);
	command[length] = '\0';
	call->target->monitor(call->ctx, command);
	reply_with(call->reply, DONE);
}

static void answer_query(struct call *call)
{
	struct gdb_reply *reply = call->reply;

	if (accept_word(call, "Supported"))
		reply->length = (size_t)snprintf(
			reply->text, sizeof(reply->text),
			"PacketSize=%x;qXfer:features:read+", GDB_PACKET_SIZE);
	else if (accept_word(call, "Xfer:features:read:target.xml:"))
		describe(call);
	else if (accept_word(call, "Rcmd,"))
		run_monitor(call);
	else if (accept_word(call, "Attached")) /* so gdb's end is no kill */
		reply_with(reply, "1");
}

/* "c", "c ADDRESS", "C SIGNAL;ADDRESS"; a guest has no signals. */
static void resume_target(struct call *call)
{
	bool step = call->letter == 's' || call->letter == 'S';
	u64 value;

	if (call->letter < 'a' && (!gdb_parse_number(&call->at, &value) ||
				   (*call->at && !accept_char(call, ';'))))
		return reply_with(call->reply, GDB_ERROR);
	if (*call->at &&
	    (!gdb_parse_number(&call->at, &value) || *call->at ||
	     !call->target->write_register(call->ctx, GDB_rip, value)))
		return reply_with(call->reply, GDB_ERROR);
	call->resume = step ? GDB_STEP : GDB_CONTINUE;
}

static void tell_stop(struct call *call)
{
	reply_with(call->reply, call->stop);
}

static void detach(struct call *call)
{
	reply_with(call->reply, DONE);
	call->resume = GDB_DETACH;
}

static void end_target(struct call *call)
{
	call->resume = GDB_KILL;
}

static const struct {
	const char *letters;
	void (*run)(struct call *call);
} commands[] = {
	{ "?", tell_stop },	  { "g", read_registers },
	{ "G", write_registers }, { "p", read_register },
	{ "P", write_register },  { "m", read_memory },
	{ "M", write_memory },	  { "Zz", change_point },
	{ "q", answer_query },	  { "cCsS", resume_target },
	{ "D", detach },	  { "k", end_target },
};

enum gdb_resume gdb_command(const struct gdb_target *target, void *ctx,
			    const char *in, const char *stop,
			    struct gdb_reply *reply)
{
	struct call call = { target, ctx, in, reply, stop, *in, GDB_STAY };

	/* The empty reply says that there is no such command. */
	reply->length = 0;
	if (!*call.at++)
		return GDB_STAY;
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
		if (strchr(commands[i].letters, call.letter))
			commands[i].run(&call);
	return call.resume;
}
