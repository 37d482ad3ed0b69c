/* SPDX-License-Identifier: MIT */
/*
 * What the host's processor can't be asked about the emulator: segments,
 * stacks, branches, and the order of faults.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/emulate_memory.h"

/* The processor has checked the operand that faulted, not the other one. */
static void test_segment_limits(void **state)
{
	const u8 movsb[] = { 0xa4 }, push_mem[] = { 0xff, 0x30 };

	segments[SEG_ES].limit = 0x1ff;
	regs.gpr[RDI] = 0x200;
	assert_int_equal(run_in_mode(movsb, 1, INSN_MODE_32),
			 RAISES(VECTOR_GP));
	regs.gpr[RDI] = 0x1ff;
	assert_int_equal(run_in_mode(movsb, 1, INSN_MODE_32), EMUL_OK);
	/* Expand-down: below the limit there is nothing. */
	segments[SEG_ES].rights |= AR_EXPAND_DOWN;
	regs.gpr[RDI] = 0x1ff;
	assert_int_equal(run_in_mode(movsb, 1, INSN_MODE_32),
			 RAISES(VECTOR_GP));
	regs.gpr[RDI] = 0x200;
	assert_int_equal(run_in_mode(movsb, 1, INSN_MODE_32), EMUL_OK);
	/* Read-only data, and an unusable segment. */
	segments[SEG_ES].rights = AR_P | AR_S;
	segments[SEG_ES].limit = BITS(31, 0);
	assert_int_equal(run_in_mode(movsb, 1, INSN_MODE_32),
			 RAISES(VECTOR_GP));
	segments[SEG_ES].rights = AR_UNUSABLE;
	assert_int_equal(run_in_mode(movsb, 1, INSN_MODE_32),
			 RAISES(VECTOR_GP));

	segments[SEG_SS].limit = 0xff;
	regs.gpr[RSP] = 0x102;
	regs.gpr[RAX] = 0x10;
	assert_int_equal(run_in_mode(push_mem, 2, INSN_MODE_32),
			 RAISES(VECTOR_SS));
	assert_int_equal(regs.gpr[RSP], 0x102);
	regs.gpr[RSP] = 0x100;
	assert_int_equal(run_in_mode(push_mem, 2, INSN_MODE_32), EMUL_OK);
	assert_int_equal(regs.gpr[RSP], 0xfc);
}

static void test_canonical(void **state)
{
	regs.gpr[RBX] = BIT(47) - 1;
	assert_int_equal(RUN(0x48, 0x89, 0x03), RAISES(VECTOR_GP));
	regs.gpr[RSP] = BIT(47) + 4;
	assert_int_equal(RUN(0x50), RAISES(VECTOR_SS));
	assert_int_equal(memory.writes, 0);
}

static void test_pushes(void **state)
{
	/* pushal: EAX highest, ESP as it was */
	regs.gpr[RSP] = 0x120;
	regs.gpr[RAX] = 0x11223344;
	regs.gpr[RDI] = 0x55;
	assert_int_equal(run_in_mode((const u8[]){ 0x60 }, 1, INSN_MODE_32),
			 EMUL_OK);
	assert_int_equal(regs.gpr[RSP], 0x100);
	assert_int_equal(memory.bytes[0x11c], 0x44);
	assert_int_equal(memory.bytes[0x100], 0x55);
	assert_int_equal(memory.bytes[0x10c], 0x20);
	assert_int_equal(memory.bytes[0x10d], 0x01);
	/* push %gs in 32-bit code: two bytes of four */
	segments[SEG_GS].selector = 0x1234;
	memset(&memory.bytes[0xfc], 0xff, 4);
	assert_int_equal(
		run_in_mode((const u8[]){ 0x0f, 0xa8 }, 2, INSN_MODE_32),
		EMUL_OK);
	assert_int_equal(memory.bytes[0xfd], 0x12);
	assert_int_equal(memory.bytes[0xfe], 0xff);
	/* The stack's size is SS.B, not the code's. */
	segments[SEG_SS].rights &= ~AR_DB;
	regs.gpr[RSP] = 0x10000;
	segments[SEG_SS].base = 0;
	memory.unmapped_at = ~0ULL;
	assert_int_equal(run_in_mode((const u8[]){ 0x50 }, 1, INSN_MODE_32),
			 EMUL_OK);
	assert_int_equal(regs.gpr[RSP], 0x1fffc);
}

static void test_pushf_in_v86(void **state)
{
	regs.gpr[RSP] = 0x100;
	regs.rflags |= RFLAGS_VM | RFLAGS_RF;
	assert_int_equal(
		run_in_mode((const u8[]){ 0x66, 0x9c }, 2, INSN_MODE_16),
		EMUL_UNSUPPORTED);
	regs.rflags |= RFLAGS_IOPL;
	assert_int_equal(
		run_in_mode((const u8[]){ 0x66, 0x9c }, 2, INSN_MODE_16),
		EMUL_OK);
	assert_int_equal(memory.bytes[0xfe], 0);
	assert_int_equal(memory.bytes[0xfd], RFLAGS_IOPL >> 8);
}

static void test_calls(void **state)
{
	const u64 rip = regs.rip;

	regs.gpr[RSP] = 0x100;
	/* call .+5+0x10 */
	assert_int_equal(RUN(0xe8, 0x10, 0, 0, 0), EMUL_OK);
	assert_true(regs.rip == rip + 0x15);
	assert_int_equal(regs.gpr[RSP], 0xf8);
	assert_int_equal(memory.bytes[0xf8], (rip + 5) & 0xff);
	/* call *(%rbx), to where nothing can be */
	regs.gpr[RBX] = 0x200;
	memset(&memory.bytes[0x200], 0x77, 8);
	assert_int_equal(RUN(0xff, 0x13), RAISES(VECTOR_GP));
	assert_int_equal(regs.gpr[RSP], 0xf8);
	/* call *%eax beyond CS */
	segments[SEG_CS].limit = 0xffff;
	regs.gpr[RAX] = 0x10000;
	assert_int_equal(
		run_in_mode((const u8[]){ 0xff, 0xd0 }, 2, INSN_MODE_32),
		RAISES(VECTOR_GP));
	/* A refused push leaves RIP. */
	regs.rip = rip;
	memory.unmapped_at = 0;
	assert_int_equal(RUN(0xe8, 0x10, 0, 0, 0), EMUL_FAULT);
	assert_true(regs.rip == rip);
}

static void test_enter(void **state)
{
	regs.gpr[RSP] = 0x108;
	regs.gpr[RBP] = 0x99;
	assert_int_equal(RUN(0xc8, 0x20, 0, 0), EMUL_OK);
	assert_int_equal(memory.bytes[0x100], 0x99);
	assert_int_equal(regs.gpr[RBP], 0x100);
	assert_int_equal(regs.gpr[RSP], 0xe0);
	/* It faults if the new top can't be written. */
	assert_int_equal(memory.translations[true], 2);
	assert_int_equal(memory.writes, 1);
	assert_int_equal(memory.reads, 0);
	memory.unmapped_at = 0xc0;
	assert_int_equal(RUN(0xc8, 0x20, 0, 0), EMUL_FAULT);
	assert_int_equal(regs.gpr[RSP], 0xe0);
}

/* Comparisons end a REP by ZF, and the element that did counts. */
static void test_rep_compares(void **state)
{
	memory.bytes[0x103] = 0x42;
	regs.gpr[RDI] = 0x100;
	regs.gpr[RCX] = 10;
	regs.gpr[RAX] = 0x42;
	/* repne scasb */
	assert_int_equal(RUN(0xf2, 0xae), EMUL_OK);
	assert_int_equal(regs.gpr[RDI], 0x104);
	assert_int_equal(regs.gpr[RCX], 6);
	assert_true(regs.rflags & RFLAGS_ZF);
	/* repe cmpsb */
	regs.gpr[RSI] = 0x200;
	regs.gpr[RDI] = 0x100;
	regs.gpr[RCX] = 10;
	assert_int_equal(RUN(0xf3, 0xa6), EMUL_OK);
	assert_int_equal(regs.gpr[RSI], 0x204);
	assert_false(regs.rflags & RFLAGS_ZF);
}

static void test_misaligned_vector(void **state)
{
	vector[8] = 0x5a;
	regs.gpr[RBX] = 8;
	/* movaps %xmm1, (%rbx); movups; movhps */
	assert_int_equal(RUN(0x0f, 0x29, 0x0b), EMUL_UNSUPPORTED);
	assert_int_equal(RUN(0x0f, 0x11, 0x0b), EMUL_OK);
	assert_int_equal(memory.bytes[16], 0x5a);
	assert_int_equal(RUN(0x0f, 0x17, 0x0b), EMUL_OK);
	assert_int_equal(memory.bytes[8], 0x5a);
}

/* Only what is selected is written; and nothing if it can't be all. */
static void test_masked_move(void **state)
{
	static const u8 expected[] = { 0x80, 0, 0x82, 0x83 };
	unsigned int i;

	for (i = 0; i < 16; i++)
		vector[i] = (u8)(i == 1 || i > 3 ? i : 0x80 + i);
	regs.gpr[RDI] = 0x100;
	/* maskmovdqu %xmm1, %xmm0: data and mask are one in this test */
	assert_int_equal(RUN(0x66, 0x0f, 0xf7, 0xc1), EMUL_OK);
	assert_memory_equal(&memory.bytes[0x100], expected, sizeof(expected));
	assert_int_equal(memory.bytes[0x104], 0);
	assert_int_equal(memory.writes, 2);
	assert_int_equal(regs.gpr[RDI], 0x100);
	/* Bytes 2 and 3 are in two pages, of which one is not there. */
	regs.gpr[RDI] = PAGE_SIZE - 3;
	memory.unmapped_at = PAGE_SIZE;
	assert_int_equal(RUN(0x66, 0x0f, 0xf7, 0xc1), EMUL_FAULT);
	assert_int_equal(memory.writes, 2);
	memory.unmapped_at = 2 * PAGE_SIZE;
	assert_int_equal(RUN(0x66, 0x0f, 0xf7, 0xc1), EMUL_OK);
	/* Without a segment that may be written it is #GP. */
	segments[SEG_DS].rights &= ~AR_WRITABLE;
	assert_int_equal(run_in_mode((const u8[]){ 0x66, 0x0f, 0xf7, 0xc1 }, 4,
				     INSN_MODE_32),
			 RAISES(VECTOR_GP));
}

static void test_vector_logic(void **state)
{
	vector[0] = 0x0f;
	vector[15] = 0xf0;
	memset(&memory.bytes[0x100], 0x3c, 16);
	regs.gpr[RBX] = 0x100;
	/* pandn (%rbx), %xmm1; por; pxor; pand */
	assert_int_equal(RUN(0x66, 0x0f, 0xdf, 0x0b), EMUL_OK);
	assert_int_equal(vector[0], 0x30);
	assert_int_equal(vector[15], 0x0c);
	assert_int_equal(RUN(0x66, 0x0f, 0xeb, 0x0b), EMUL_OK);
	assert_int_equal(vector[0], 0x3c);
	assert_int_equal(RUN(0x66, 0x0f, 0xef, 0x0b), EMUL_OK);
	assert_int_equal(vector[0], 0);
	vector[15] = 0xaa;
	assert_int_equal(RUN(0x66, 0x0f, 0xdb, 0x0b), EMUL_OK);
	assert_int_equal(vector[15], 0x28);
	assert_int_equal(memory.writes, 0);
	regs.gpr[RBX] = 0x108;
	assert_int_equal(RUN(0x66, 0x0f, 0xdb, 0x0b), EMUL_UNSUPPORTED);
}

/* So many bytes of that register, and no more. */
static void assert_stored(enum insn_op op, size_t size)
{
	size_t i;

	for (i = 0; i < 16; i++)
		assert_int_equal(memory.bytes[0x100 + i], i < size ? op : 0);
	memset(&memory.bytes[0x100], 0, 16);
}

static void test_stored_state(void **state)
{
	regs.gpr[RBX] = 0x100;
	assert_int_equal(RUN(0x0f, 0x01, 0x03), EMUL_OK);
	assert_stored(OP_SGDT, 10);
	assert_int_equal(RUN(0x0f, 0x01, 0x0b), EMUL_OK);
	assert_stored(OP_SIDT, 10);
	/* In 32-bit code the base has 4 bytes, whatever the operand size. */
	assert_int_equal(run_in_mode((const u8[]){ 0x66, 0x0f, 0x01, 0x03 }, 4,
				     INSN_MODE_32),
			 EMUL_OK);
	assert_stored(OP_SGDT, 6);
	/* Always 2 bytes: sldt, str, smsw (%rbx), with REX.W too */
	assert_int_equal(RUN(0x0f, 0x00, 0x03), EMUL_OK);
	assert_stored(OP_SLDT, 2);
	assert_int_equal(RUN(0x48, 0x0f, 0x00, 0x0b), EMUL_OK);
	assert_stored(OP_STR, 2);
	assert_int_equal(RUN(0x48, 0x0f, 0x01, 0x23), EMUL_OK);
	assert_stored(OP_SMSW, 2);
	assert_int_equal(RUN(0xd9, 0x3b), EMUL_OK);
	assert_stored(OP_FNSTCW, 2);
	assert_int_equal(RUN(0xdd, 0x3b), EMUL_OK);
	assert_stored(OP_FNSTSW, 2);
	/* mov %gs, (%rbx) */
	segments[SEG_GS].selector = 0x4242;
	assert_int_equal(RUN(0x48, 0x8c, 0x2b), EMUL_OK);
	assert_stored(0x42, 2);
}

static void test_pop_register(void **state)
{
	memset(&memory.bytes[0x100], 0x5a, 8);
	regs.gpr[RSP] = 0x100;
	regs.gpr[R11] = ~0ULL;
	/* popw %r11w; pop %r11; pop %rsp */
	assert_int_equal(RUN(0x66, 0x41, 0x5b), EMUL_OK);
	assert_true(regs.gpr[R11] == 0xffffffffffff5a5a);
	assert_int_equal(regs.gpr[RSP], 0x102);
	regs.gpr[RSP] = 0x100;
	assert_int_equal(RUN(0x41, 0x5b), EMUL_OK);
	assert_true(regs.gpr[R11] == 0x5a5a5a5a5a5a5a5a);
	regs.gpr[RSP] = 0x100;
	assert_int_equal(RUN(0x5c), EMUL_OK);
	assert_true(regs.gpr[RSP] == 0x5a5a5a5a5a5a5a5a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_segment_limits, set_up),
		cmocka_unit_test_setup(test_canonical, set_up),
		cmocka_unit_test_setup(test_pushes, set_up),
		cmocka_unit_test_setup(test_pushf_in_v86, set_up),
		cmocka_unit_test_setup(test_calls, set_up),
		cmocka_unit_test_setup(test_enter, set_up),
		cmocka_unit_test_setup(test_rep_compares, set_up),
		cmocka_unit_test_setup(test_misaligned_vector, set_up),
		cmocka_unit_test_setup(test_masked_move, set_up),
		cmocka_unit_test_setup(test_vector_logic, set_up),
		cmocka_unit_test_setup(test_stored_state, set_up),
		cmocka_unit_test_setup(test_pop_register, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
