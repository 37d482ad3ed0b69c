/* SPDX-License-Identifier: MIT */
/*
 * Tests of INS and OUTS, from the fields of the exit to memory, ports and
 * registers: SDM vol. 2A and 2B, INS, OUTS, REP.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/emulate_memory.h"
#include "vmx/exit_qualification.h"
#include "vmx/exits/string_io.h"

#define PORT 0x1f0
#define LENGTH 3
#define RIP 0x1000
#define LIMIT 0xfff

enum address { ADDRESS_16, ADDRESS_32, ADDRESS_64 }; /* as table 27-8 has it */

static const u64 in = QUAL_IO_IN, rep = QUAL_IO_REP;
/* The exit's information; the segment is that of OUTS. */
static enum address address;
static enum segment segment;
static enum insn_mode mode;
static struct breakpoints breakpoints;

static int begin_test(void **state)
{
	set_up(state);
	regs.rip = RIP;
	regs.gpr[RDX] = 0xabcd0000 | PORT;
	address = ADDRESS_32;
	segment = SEG_DS;
	mode = INSN_MODE_32;
	breakpoints = (struct breakpoints){ 0 };
	return 0;
}

static int run_string_io(u64 flags, unsigned int size)
{
	u64 qualification = (u64)PORT << 16 | QUAL_IO_STRING | (size - 1) |
			    flags;
	u32 info = address << 7 | (u32)segment << 15;
	struct insn insn = string_io_insn(qualification, info, LENGTH, mode);
	struct linear linear;
	enum emul_status status;

	begin_linear(&linear, mode == INSN_MODE_64);
	linear.breakpoints = breakpoints;
	status = emulate(&insn, &regs, &linear, &memory_ops, NULL);
	breakpoints.hits = linear.breakpoints.hits;
	return outcome(status, &linear);
}

static void test_ins(void **state)
{
	segment = SEG_GS; /* INS ignores it */
	segments[SEG_ES].base = 0x100;
	regs.gpr[RDI] = 0x10;
	regs.gpr[RSI] = regs.gpr[RCX] = 7;
	assert_int_equal(run_string_io(in, 2), EMUL_OK);
	assert_int_equal(ports.last, PORT);
	assert_int_equal(ports.reads, 1);
	assert_int_equal(memory.bytes[0x110], (PORT_VALUE + 1) & 0xff);
	assert_int_equal(memory.bytes[0x111], PORT_VALUE >> 8 & 0xff);
	assert_int_equal(memory.bytes[0x112], 0);
	assert_int_equal(regs.gpr[RDI], 0x12);
	assert_int_equal(regs.gpr[RSI], 7);
	assert_int_equal(regs.gpr[RCX], 7);
	assert_int_equal(regs.rip, RIP + LENGTH);
}

static void test_outs(void **state)
{
	segment = SEG_GS;
	segments[SEG_GS].base = 0x100;
	memset(&memory.bytes[0x110], 0x5a, 4);
	regs.gpr[RSI] = 0x10;
	regs.gpr[RDI] = 7;
	regs.rflags |= RFLAGS_RF;
	assert_int_equal(run_string_io(0, 4), EMUL_OK);
	assert_int_equal(ports.last, PORT);
	assert_int_equal(ports.value, 0x5a5a5a5a);
	assert_int_equal(regs.gpr[RSI], 0x14);
	assert_int_equal(regs.gpr[RDI], 7);
	assert_int_equal(regs.rflags, RFLAGS_FIXED);
	assert_int_equal(run_string_io(0, 1), EMUL_OK);
	assert_int_equal(ports.value, 0);
	assert_int_equal(ports.writes, 2);
	assert_int_equal(memory.writes, 0);
}

static void test_backwards(void **state)
{
	regs.rflags |= RFLAGS_DF;
	regs.gpr[RDI] = 8;
	regs.gpr[RCX] = 3;
	assert_int_equal(run_string_io(in | rep, 4), EMUL_OK);
	assert_int_equal(regs.gpr[RDI], 0xfffffffc);
	assert_int_equal(memory.bytes[8], (PORT_VALUE + 1) & 0xff);
	assert_int_equal(memory.bytes[0], (PORT_VALUE + 3) & 0xff);
}

/* The count and the index have the size of addresses (SDM vol. 1, 3.4.1.1). */
static void test_address_sizes(void **state)
{
	static const struct {
		enum insn_mode mode;
		enum address address;
		u64 rcx, rdi, rcx_after, rdi_after;
	} cases[] = {
		/* 16 bits: the rest stays. */
		{ INSN_MODE_32, ADDRESS_16, 0xffff0003, 0xaaaaffff, 0xffff0000,
		  0xaaaa0002 },
		{ INSN_MODE_16, ADDRESS_16, 0x12340000, 0xaaaa0010, 0x12340000,
		  0xaaaa0010 },
		/* 32 bits: the rest becomes 0. */
		{ INSN_MODE_64, ADDRESS_32, 0x500000003, 0x500000010, 0, 0x13 },
		{ INSN_MODE_64, ADDRESS_64, 3, 0x10, 0, 0x13 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		begin_test(state);
		memory.unmapped_at = ~0ULL;
		mode = cases[i].mode;
		address = cases[i].address;
		regs.gpr[RCX] = cases[i].rcx;
		regs.gpr[RDI] = cases[i].rdi;
		assert_int_equal(run_string_io(in | rep, 1), EMUL_OK);
		assert_true(regs.gpr[RCX] == cases[i].rcx_after);
		assert_true(regs.gpr[RDI] == cases[i].rdi_after);
	}
	/* With 64-bit addresses all of RCX is the count. */
	regs.gpr[RCX] = BIT(32);
	regs.gpr[RDI] = 0;
	assert_int_equal(run_string_io(in | rep, 1), EMUL_RESTART);
	assert_true(regs.gpr[RCX] == BIT(32) - EMUL_IO_ELEMENTS);
}

static void test_portions(void **state)
{
	regs.gpr[RCX] = EMUL_IO_ELEMENTS + 1;
	regs.rflags |= RFLAGS_RF;
	assert_int_equal(run_string_io(in | rep, 1), EMUL_RESTART);
	assert_int_equal(ports.reads, EMUL_IO_ELEMENTS);
	assert_int_equal(regs.gpr[RCX], 1);
	assert_int_equal(regs.gpr[RDI], EMUL_IO_ELEMENTS);
	assert_int_equal(regs.rip, RIP);
	assert_true(regs.rflags & RFLAGS_RF);
	assert_int_equal(run_string_io(in | rep, 1), EMUL_OK);
	assert_int_equal(regs.rip, RIP + LENGTH);
	/* With a count of 0 nothing is touched. */
	regs.gpr[RDI] = ~0ULL;
	assert_int_equal(run_string_io(in | rep, 1), EMUL_OK);
	assert_int_equal(ports.reads, EMUL_IO_ELEMENTS + 1);
	/* Under TF each element is a step. */
	regs.rflags = RFLAGS_FIXED | RFLAGS_TF;
	regs.gpr[RCX] = 2;
	assert_int_equal(run_string_io(rep, 1), EMUL_RESTART);
	assert_int_equal(ports.writes, 1);
	/* It has begun: its breakpoint does not hit again (17.3.1.1). */
	assert_true(regs.rflags & RFLAGS_RF);
	assert_int_equal(run_string_io(rep, 1), EMUL_OK);
	assert_false(regs.rflags & RFLAGS_RF);
}

/* Each element that a breakpoint may watch is a step (vol. 3B, 17.2.4). */
static void test_breakpoints(void **state)
{
	breakpoints = (struct breakpoints){ .dr7 = BIT(0) | BIT(17),
					    .address = { PORT },
					    .io = true };
	for (u64 flags = 0; flags <= in; flags += in) {
		regs.gpr[RCX] = 2;
		regs.gpr[RDI] = regs.gpr[RSI] = 0;
		assert_int_equal(run_string_io(flags | rep, 1), EMUL_RESTART);
		assert_int_equal(breakpoints.hits, BIT(0));
		assert_int_equal(regs.gpr[RCX], 1);
		breakpoints.hits = 0;
		assert_int_equal(run_string_io(flags | rep, 1), EMUL_OK);
		assert_int_equal(breakpoints.hits, BIT(0));
		regs.rip = RIP;
		breakpoints.hits = 0;
	}
	/* The memory operand. */
	breakpoints.dr7 = BIT(0) | BITS(17, 16);
	breakpoints.address[0] = 0x10;
	regs.gpr[RSI] = 0x11;
	assert_int_equal(run_string_io(0, 1), EMUL_OK);
	assert_int_equal(breakpoints.hits, 0);
	regs.gpr[RDI] = 0xf;
	assert_int_equal(run_string_io(in, 2), EMUL_OK);
	assert_int_equal(breakpoints.hits, BIT(0));
}

/*
 * Downwards, in an expand-down segment, past a watched byte that is the last
 * one above the limit: a hit and its element, then the fault of the next one.
 */
static void test_down_to_the_limit(void **state)
{
	const u64 last = LIMIT / 2 + 1, base = 0x100;

	segments[SEG_ES].base = base;
	segments[SEG_ES].limit = LIMIT / 2;
	segments[SEG_ES].rights |= AR_EXPAND_DOWN;
	breakpoints = (struct breakpoints){ .dr7 = BIT(0) | BIT(16),
					    .address = { base + last } };
	regs.rflags |= RFLAGS_DF;
	regs.gpr[RDI] = last + 1;
	regs.gpr[RCX] = 3;
	assert_int_equal(run_string_io(in | rep, 1), EMUL_RESTART);
	if (!breakpoints.hits)
		assert_int_equal(run_string_io(in | rep, 1), EMUL_RESTART);
	assert_int_equal(breakpoints.hits, BIT(0));
	assert_int_equal(regs.gpr[RCX], 1);
	assert_int_equal(memory.bytes[base + last], (PORT_VALUE + 2) & 0xff);
	breakpoints.hits = 0;
	assert_int_equal(run_string_io(in | rep, 1), RAISES(VECTOR_GP));
	assert_int_equal(ports.reads, 2);
	assert_int_equal(regs.gpr[RDI], last - 1);
	assert_int_equal(breakpoints.hits, 0);
}

/* The port is not accessed if memory may not be: there is no way back. */
static void expect_refusal(int status, u64 flags, unsigned int size)
{
	const struct cpu_regs before = regs;

	assert_int_equal(run_string_io(flags, size), status);
	assert_int_equal(ports.reads + ports.writes, 0);
	assert_int_equal(memory.reads + memory.writes, 0);
	assert_memory_equal(&regs, &before, sizeof(regs));
}

static void test_segments(void **state)
{
	segments[SEG_ES].limit = segments[SEG_DS].limit = LIMIT;
	regs.gpr[RDI] = regs.gpr[RSI] = LIMIT;
	expect_refusal(RAISES(VECTOR_GP), in, 2);
	expect_refusal(RAISES(VECTOR_GP), 0, 2);
	regs.gpr[RDI] = regs.gpr[RSI] = 0;
	segments[SEG_ES].rights = AR_P | AR_S;
	expect_refusal(RAISES(VECTOR_GP), in, 1);
	segments[SEG_ES].rights = segments[SEG_DS].rights = AR_UNUSABLE;
	expect_refusal(RAISES(VECTOR_GP), in, 1);
	expect_refusal(RAISES(VECTOR_GP), 0, 1);
	segment = SEG_CS;
	segments[SEG_CS].rights = AR_P | AR_S | AR_CODE;
	expect_refusal(RAISES(VECTOR_GP), 0, 1);
	segment = SEG_SS;
	segments[SEG_SS].rights = AR_UNUSABLE;
	expect_refusal(RAISES(VECTOR_SS), 0, 1);
	/* In 64-bit mode the canonical form counts. */
	mode = INSN_MODE_64;
	address = ADDRESS_64;
	segment = SEG_DS;
	regs.gpr[RDI] = regs.gpr[RSI] = BIT(47) - 1;
	expect_refusal(RAISES(VECTOR_GP), in, 2);
	expect_refusal(RAISES(VECTOR_GP), 0, 2);
}

/* #AC, which the exit precedes, too: of the linear address, SDM 3A, 6.15. */
static void test_alignment(void **state)
{
	memory.checks_alignment = true;
	segments[SEG_ES].base = segments[SEG_DS].base = 1;
	expect_refusal(RAISES(VECTOR_AC), in, 4);
	expect_refusal(RAISES(VECTOR_AC), 0, 2);
	/* The limit comes first, the page after. */
	segments[SEG_ES].limit = 2;
	expect_refusal(RAISES(VECTOR_GP), in, 4);
	memory.unmapped_at = 0;
	expect_refusal(RAISES(VECTOR_AC), 0, 2);
	memory.unmapped_at = MEMORY_SIZE;
	assert_int_equal(run_string_io(in, 1), EMUL_OK);
	regs.gpr[RSI] = 3;
	assert_int_equal(run_string_io(0, 4), EMUL_OK);
	memory.checks_alignment = false;
	assert_int_equal(run_string_io(0, 2), EMUL_OK);
	assert_int_equal(run_string_io(0, 4), EMUL_OK);
}

static void test_pages(void **state)
{
	memory.unmapped_at = PAGE_SIZE;
	regs.gpr[RDI] = regs.gpr[RSI] = PAGE_SIZE - 2;
	expect_refusal(EMUL_FAULT, in, 4);
	expect_refusal(EMUL_FAULT, 0, 4);
	/* The elements before the fault have been done. */
	regs.gpr[RCX] = 4;
	assert_int_equal(run_string_io(in | rep, 1), EMUL_FAULT);
	assert_int_equal(ports.reads, 2);
	assert_int_equal(regs.gpr[RCX], 2);
	assert_int_equal(regs.gpr[RDI], PAGE_SIZE);
	assert_int_equal(regs.rip, RIP);
	/* An element is one access; a page is walked once, if it is kept. */
	memory.translations[false] = 0;
	regs.gpr[RSI] = 0;
	assert_int_equal(run_string_io(rep, 1), EMUL_OK);
	assert_int_equal(memory.translations[false], 2);
	memory.keep_pages = true;
	memory.translations[false] = 0;
	regs.gpr[RCX] = 4;
	assert_int_equal(run_string_io(rep, 1), EMUL_OK);
	assert_int_equal(memory.translations[false], 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_ins, begin_test),
		cmocka_unit_test_setup(test_outs, begin_test),
		cmocka_unit_test_setup(test_backwards, begin_test),
		cmocka_unit_test_setup(test_address_sizes, begin_test),
		cmocka_unit_test_setup(test_portions, begin_test),
		cmocka_unit_test_setup(test_breakpoints, begin_test),
		cmocka_unit_test_setup(test_down_to_the_limit, begin_test),
		cmocka_unit_test_setup(test_segments, begin_test),
		cmocka_unit_test_setup(test_alignment, begin_test),
		cmocka_unit_test_setup(test_pages, begin_test),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
