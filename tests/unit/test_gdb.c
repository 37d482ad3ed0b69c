/* SPDX-License-Identifier: MIT */
/* gdb's protocol: packets, commands, and the places of its breakpoints. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "arch/x86/regs.h"
#include "vmx/exit_qualification.h"
#include "vmx/gdb/insn_flags.h"
#include "vmx/gdb/points.h"
#include "vmx/gdb/protocol.h"

#define MEMORY_AT 0x1000ULL
#define MEMORY_SIZE 16

/* --- Packets ---------------------------------------------------------------- */

/* Sends @text, and returns the event of its last byte. */
static enum gdb_event send_text(struct gdb_input *in, const char *text)
{
	enum gdb_event event = GDB_NOTHING;

	for (; *text; text++)
		event = gdb_input_add(in, (u8)*text);
	return event;
}

static void packets(void **state)
{
	struct gdb_input in = { 0 };

	assert_int_equal(send_text(&in, "+"), GDB_NOTHING);
	assert_int_equal(send_text(&in, "$m0,4#fd"), GDB_PACKET);
	assert_string_equal(in.text, "m0,4");
	assert_int_equal(send_text(&in, "$#00"), GDB_PACKET);
	assert_string_equal(in.text, "");
	assert_int_equal(send_text(&in, "\x03"), GDB_INTERRUPT);
	assert_int_equal(send_text(&in, "-"), GDB_REPEAT);
	/* '}' and the byte with bit 5 inverted; the sum is of sent bytes. */
	assert_int_equal(send_text(&in, "$a}\x03z#5b"), GDB_PACKET);
	assert_memory_equal(in.text, "a#z", 4);
}

static void damaged_packets(void **state)
{
	struct gdb_input in = { 0 };

	assert_int_equal(send_text(&in, "$m0,4#fe"), GDB_DAMAGED);
	assert_int_equal(send_text(&in, "$m0,4#f-"), GDB_DAMAGED);
	/* The next packet begins although one has lost its end. */
	assert_int_equal(send_text(&in, "$m0,$m0,4#fd"), GDB_PACKET);
	assert_int_equal(send_text(&in, "$m0,4#$m0,4#fd"), GDB_PACKET);
	assert_string_equal(in.text, "m0,4");
	assert_int_equal(send_text(&in, "$?#3f"), GDB_PACKET);
}

/* Sends a packet of @length spaces, with the right sum. */
static enum gdb_event send_spaces(struct gdb_input *in, int length)
{
	char end[4];

	send_text(in, "$");
	for (int i = 0; i < length; i++)
		assert_int_equal(gdb_input_add(in, ' '), GDB_NOTHING);
	snprintf(end, sizeof(end), "#%02x", length * ' ' & 0xff);
	return send_text(in, end);
}

static void long_packets(void **state)
{
	struct gdb_input in = { 0 };

	assert_int_equal(send_spaces(&in, GDB_PACKET_SIZE), GDB_PACKET);
	assert_int_equal(send_spaces(&in, GDB_PACKET_SIZE + 1), GDB_DAMAGED);
	assert_int_equal(send_spaces(&in, 2 * GDB_PACKET_SIZE), GDB_DAMAGED);
	assert_int_equal(send_text(&in, "$?#3f"), GDB_PACKET);
}

static void frames(void **state)
{
	char frame[GDB_FRAME_SIZE];
	size_t length = gdb_frame("a#z", 3, frame);

	assert_int_equal(length, 8);
	assert_memory_equal(frame, "$a}\x03z#5b", 8);
	assert_int_equal(gdb_frame("", 0, frame), 4);
	assert_memory_equal(frame, "$#00", 4);
}

/* --- Commands --------------------------------------------------------------- */

static u64 registers[GDB_REGISTERS];
static u8 memory[MEMORY_SIZE];
static char monitored[64];
static struct gdb_points points;
static struct gdb_reply reply;

static bool read_register(void *ctx, enum gdb_register reg, u64 *value)
{
	*value = registers[reg];
	return reg < GDB_st0 || reg > GDB_fop;
}

static bool write_register(void *ctx, enum gdb_register reg, u64 value)
{
	if (reg >= GDB_cs)
		return false;
	registers[reg] = value;
	return true;
}

static size_t read_memory(void *ctx, u64 address, void *buf, size_t len)
{
	u64 offset = address - MEMORY_AT;
	size_t got = offset < MEMORY_SIZE ? MIN(len, MEMORY_SIZE - offset) : 0;

	if (got)
		memcpy(buf, memory + offset, got);
	return got;
}

static bool write_memory(void *ctx, u64 address, const void *buf, size_t len)
{
	if (address < MEMORY_AT || address + len > MEMORY_AT + MEMORY_SIZE)
		return false;
	memcpy(memory + (address - MEMORY_AT), buf, len);
	return true;
}

static bool insert_point(void *ctx, enum gdb_point kind, u64 address,
			 u64 length)
{
	return points_insert(&points, kind, address, length);
}

static void remove_point(void *ctx, enum gdb_point kind, u64 address,
			 u64 length)
{
	points_remove(&points, kind, address, length);
}

static void monitor_command(void *ctx, char *command)
{
	snprintf(monitored, sizeof(monitored), "%s", command);
}

static const struct gdb_target target = {
	read_register, write_register, read_memory,	write_memory,
	insert_point,  remove_point,   monitor_command,
};

static enum gdb_resume run_command(const char *text)
{
	enum gdb_resume resume =
		gdb_command(&target, NULL, text, "T05", &reply);

	assert_in_range(reply.length, 0, GDB_PACKET_SIZE);
	reply.text[reply.length] = '\0';
	return resume;
}

static void assert_reply(const char *command, const char *expected)
{
	assert_int_equal(run_command(command), GDB_STAY);
	assert_string_equal(reply.text, expected);
}

static int set_up(void **state)
{
	memset(registers, 0, sizeof(registers));
	memset(&points, 0, sizeof(points));
	for (u8 i = 0; i < MEMORY_SIZE; i++)
		memory[i] = i;
	return 0;
}

static void register_commands(void **state)
{
	char all[GDB_PACKET_SIZE + 1] = "G";

	registers[GDB_rbx] = 0x1122334455667788;
	registers[GDB_cs] = 0x10;
	assert_reply("p1", "8877665544332211");
	assert_reply("p12", "10000000");
	assert_reply("p18", "xxxxxxxxxxxxxxxxxxxx");
	assert_reply("P10=0010000000000000", "OK");
	assert_int_equal(registers[GDB_rip], 0x1000);
	assert_reply("P12=20000000", "E01");
	run_command("g");
	assert_int_equal(reply.length, 664);
	assert_memory_equal(reply.text + 16, "8877665544332211", 16);
	/* gdb sends zeroes for registers that can't be told. */
	for (size_t i = 0; i < reply.length; i++)
		all[i + 1] = reply.text[i] == 'x' ? '0' : reply.text[i];
	memcpy(all + 1, "0100000000000000", 16);
	assert_reply(all, "OK");
	assert_int_equal(registers[GDB_rax], 1);
	assert_int_equal(registers[GDB_rip], 0x1000);
	all[strlen(all) - 1] = '\0';
	assert_reply(all, "E01");
}

static void memory_commands(void **state)
{
	assert_reply("m1000,4", "00010203");
	assert_reply("m100c,10", "0c0d0e0f"); /* as far as memory goes */
	assert_reply("m2000,4", "E01");
	assert_reply("M1001,2:abCD", "OK");
	assert_reply("m1000,4", "00abcd03");
	assert_reply("M100f,2:abcd", "E01");
	assert_reply("M1001,2:ab", "E01");
	assert_reply("M1001,2:abc?", "E01");
	assert_reply("M1001,ffffffffffffffff:ab", "E01");
}

static void wrong_commands(void **state)
{
	static const char *const texts[] = {
		"p",
		"p100",
		"p1x",
		"P",
		"P1",
		"P1=",
		"P1=12",
		"Pff=00",
		"m",
		"m1000",
		"m,4",
		"m1000,4,",
		"M",
		"M1000",
		"M1,1",
		"Z",
		"Z0",
		"Z0,",
		"z0,1",
		"Z1,1",
		"c1x",
		"cx",
		"s1x",
		"C",
		"Cx",
		"C05x",
		"G",
		"Gx",
		"qRcmd,1",
		"qRcmd,zz",
		"qXfer:features:read:target.xml:",
		"qXfer:features:read:target.xml:ffff,1",
		"m12345678123456789,1",
	};
	static const char *const unknown[] = {
		"",	  "x",	  "vCont?", "qXfer:features:read:x:0,1",
		"Z9,1,1", "\xff",
	};

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		assert_reply(texts[i], "E01");
	for (size_t i = 0; i < ARRAY_SIZE(unknown); i++)
		assert_reply(unknown[i], "");
}

static void going_on(void **state)
{
	assert_reply("?", "T05");
	assert_int_equal(run_command("c"), GDB_CONTINUE);
	assert_int_equal(run_command("s"), GDB_STEP);
	assert_int_equal(run_command("C05"), GDB_CONTINUE);
	assert_int_equal(run_command("S05;1234"), GDB_STEP);
	assert_int_equal(registers[GDB_rip], 0x1234);
	assert_int_equal(run_command("c5678"), GDB_CONTINUE);
	assert_int_equal(registers[GDB_rip], 0x5678);
	assert_int_equal(run_command("k"), GDB_KILL);
	assert_int_equal(run_command("D"), GDB_DETACH);
	assert_string_equal(reply.text, "OK");
}

static void queries(void **state)
{
	char whole[8192] = "", command[64];
	bool more = true;

	assert_reply("qSupported:swbreak+",
		     "PacketSize=400;qXfer:features:read+");
	assert_reply("qAttached", "1");
	assert_reply("qRcmd,77616c6b2030", "OK");
	assert_string_equal(monitored, "walk 0");
	/* The description, in pieces. */
	while (more) {
		snprintf(command, sizeof(command),
			 "qXfer:features:read:target.xml:%zx,64",
			 strlen(whole));
		run_command(command);
		more = reply.text[0] == 'm';
		assert_true(more || reply.text[0] == 'l');
		strcat(whole, reply.text + 1);
	}
	assert_non_null(strstr(whole, "<reg name=\"rax\" bitsize=\"64\""));
	assert_non_null(strstr(whole, "<reg name=\"efer\""));
	assert_string_equal(whole + strlen(whole) - 9, "</target>");
}

/* --- Breakpoints ------------------------------------------------------------ */

static void points_commands(void **state)
{
	assert_reply("Z0,100,1", "OK");
	assert_reply("Z0,100,1", "OK"); /* again */
	assert_reply("Z1,200,1", "OK");
	assert_reply("Z2,303,4", "E01"); /* not aligned */
	assert_reply("Z2,300,10", "E01");
	assert_reply("Z2,300,4", "OK");
	assert_reply("Z3,400,4", ""); /* x86 has none; gdb then uses Z4 */
	assert_reply("Z4,400,8", "OK");
	assert_reply("Z1,500,1", "E01"); /* no room */
	assert_reply("z1,999,1", "OK");
	assert_reply("z0,100,1", "OK");
	assert_reply("Z1,500,1", "OK");
	assert_true(points_any(&points));
}

static void places(void **state)
{
	struct debug_registers out;

	/* The guest watches by DR3, and has a disabled address in DR0. */
	points.guest = (struct debug_registers){ { 1, 2, 3, 4 },
						 BIT(6) | 0xfULL << 28 };
	assert_true(points_place(&points, &out));
	assert_memory_equal(&out, &points.guest, sizeof(out));
	points_insert(&points, GDB_WRITE_WATCHPOINT, 0x1000, 8);
	points_insert(&points, GDB_HARDWARE_BREAKPOINT, 0x2000, 1);
	assert_true(points_place(&points, &out));
	assert_int_equal(out.address[0], 1);
	assert_int_equal(out.address[1], 0x2000);
	assert_int_equal(out.address[2], 0x1000);
	assert_int_equal(out.address[3], 4);
	/* G1, G2, L3; LEN and R/W: 8 bytes, writes, in DR2. */
	assert_int_equal(out.dr7, BIT(3) | BIT(5) | BIT(6) | 0x9ULL << 24 |
					  0xfULL << 28);
	/* The guest's own come first. */
	points.guest.dr7 |= BITS(4, 0);
	assert_false(points_place(&points, &out));
	assert_int_equal(out.address[2], 3);
}

static void hits(void **state)
{
	struct debug_registers out;

	points.guest.dr7 = BIT(0);
	points_insert(&points, GDB_HARDWARE_BREAKPOINT, 0x2000, 1);
	points_place(&points, &out);
	/* gdb's point is in DR3; DR1 matches, but is enabled for nobody. */
	assert_int_equal(points_remove_hits(&points, BIT(3) | BIT(1)), 0);
	assert_int_equal(points.hit->address, 0x2000);
	assert_int_equal(points_remove_hits(&points, BIT(3) | BIT(0) | BIT(1)),
			 BIT(0) | BIT(1));
	assert_int_equal(points_remove_hits(&points, BIT(3) | DR6_BS), DR6_BS);
	points.hit = NULL;
	assert_int_equal(points_remove_hits(&points, BIT(0)), BIT(0));
	assert_null(points.hit);
}

#define TIMES_13(b) b, b, b, b, b, b, b, b, b, b, b, b, b

static void instructions(void **state)
{
	static const struct {
		u8 code[INSN_MAX_LENGTH + 1];
		size_t length;
		enum insn_mode mode;
		enum insn_flags kind;
	} cases[] = {
		{ { 0x90 }, 1, INSN_MODE_64, FLAGS_PLAIN },
		{ { 0x9c }, 1, INSN_MODE_64, FLAGS_PUSHED },
		{ { 0x66, 0x9c }, 2, INSN_MODE_32, FLAGS_PUSHED },
		{ { 0x9d }, 1, INSN_MODE_64, FLAGS_LOADED },
		{ { 0x48, 0xcf }, 2, INSN_MODE_64, FLAGS_LOADED },
		{ { 0x48, 0xcf }, 2, INSN_MODE_32, FLAGS_PLAIN }, /* DEC */
		{ { 0x0f, 0x05 }, 2, INSN_MODE_64, FLAGS_SYSCALL },
		{ { 0x48, 0x0f, 0x07 }, 3, INSN_MODE_64, FLAGS_LOADED },
		{ { 0x0f, 0xa2 }, 2, INSN_MODE_64, FLAGS_PLAIN },
		{ { 0x0f }, 1, INSN_MODE_64, FLAGS_PLAIN },
		/* Half an INT n, LOCK, the longest, a byte more. */
		{ { 0xcd }, 1, INSN_MODE_64, FLAGS_PLAIN },
		{ { 0xf0, 0xcd, 3 }, 3, INSN_MODE_64, FLAGS_PLAIN },
		{ { TIMES_13(0x2e), 0xcd, 3 },
		  15,
		  INSN_MODE_64,
		  FLAGS_INTERRUPT },
		{ { 0x2e, TIMES_13(0x2e), 0xcd, 3 },
		  16,
		  INSN_MODE_64,
		  FLAGS_PLAIN },
		{ { 0 }, 0, INSN_MODE_64, FLAGS_PLAIN },
	};
	static const u8 int_0x80[] = { 0x2e, 0xcd, 0x80 };
	struct insn_flags_found found;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		found = insn_flags_find(cases[i].code, cases[i].length,
					cases[i].mode);
		assert_int_equal(found.kind, cases[i].kind);
	}
	found = insn_flags_find(int_0x80, sizeof(int_0x80), INSN_MODE_32);
	assert_int_equal(found.kind, FLAGS_INTERRUPT);
	assert_int_equal(found.vector, 0x80);
	assert_int_equal(found.length, 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(packets),
		cmocka_unit_test(damaged_packets),
		cmocka_unit_test(long_packets),
		cmocka_unit_test(frames),
		cmocka_unit_test_setup(register_commands, set_up),
		cmocka_unit_test_setup(memory_commands, set_up),
		cmocka_unit_test_setup(wrong_commands, set_up),
		cmocka_unit_test_setup(going_on, set_up),
		cmocka_unit_test_setup(queries, set_up),
		cmocka_unit_test_setup(points_commands, set_up),
		cmocka_unit_test_setup(places, set_up),
		cmocka_unit_test_setup(hits, set_up),
		cmocka_unit_test(instructions),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
