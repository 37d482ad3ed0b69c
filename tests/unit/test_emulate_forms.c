/* SPDX-License-Identifier: MIT */
/*
 * Tests of the emulator that the host's processor can't run: segments, and the
 * order of faults.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/emulate_memory.h"

/* The processor has checked the operand that faulted, not the other one. */
static void test_segment_limits(void **state)
{
	/* movsb; mov %eax, (%ebp), by SS */
	const u8 movsb[] = { 0xa4 }, store[] = { 0x89, 0x45, 0 };

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
	regs.gpr[RBP] = 0xfd;
	assert_int_equal(run_in_mode(store, 3, INSN_MODE_32),
			 RAISES(VECTOR_SS));
	regs.gpr[RBP] = 0xfc;
	assert_int_equal(run_in_mode(store, 3, INSN_MODE_32), EMUL_OK);
}

static void test_canonical(void **state)
{
	regs.gpr[RBX] = BIT(47) - 1;
	assert_int_equal(RUN(0x48, 0x89, 0x03), RAISES(VECTOR_GP));
	regs.gpr[RBP] = BIT(47) + 4;
	assert_int_equal(RUN(0x48, 0x89, 0x45, 0), RAISES(VECTOR_SS));
	assert_int_equal(memory.writes, 0);
}

/* Comparisons end a REP by ZF, and the last element counts. */
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_segment_limits, set_up),
		cmocka_unit_test_setup(test_canonical, set_up),
		cmocka_unit_test_setup(test_rep_compares, set_up),
		cmocka_unit_test_setup(test_misaligned_vector, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
