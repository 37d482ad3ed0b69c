/* SPDX-License-Identifier: MIT */
/* Arithmetic that random cases seldom try: searches for a bit in zero. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "arch/x86/emulator/emulate_internal.h"

/* Searches @value; returns the destination, which was 1234H. */
static u64 scan_for(enum insn_op op, u64 value, struct cpu_regs *regs)
{
	return emul_combine(op, 0x1234, value, 0, 8, regs);
}

static void scan(void **state)
{
	struct cpu_regs regs = { .rflags = RFLAGS_DF | RFLAGS_ZF };

	assert_int_equal(scan_for(OP_BSF, 0x50, &regs), 4);
	assert_false(regs.rflags & RFLAGS_ZF);
	assert_int_equal(scan_for(OP_BSR, 0x50, &regs), 6);
	assert_false(regs.rflags & RFLAGS_ZF);
	/* The destination stays as it is. */
	assert_int_equal(scan_for(OP_BSF, 0, &regs), 0x1234);
	assert_true(regs.rflags & RFLAGS_ZF);
	assert_int_equal(scan_for(OP_BSR, 0, &regs), 0x1234);
	assert_true(regs.rflags & RFLAGS_ZF);
	/* No flag but the arithmetic ones is touched. */
	assert_int_equal(regs.rflags & ~RFLAGS_ARITH, RFLAGS_DF);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(scan),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
