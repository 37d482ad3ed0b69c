/* SPDX-License-Identifier: MIT */
/* Arithmetic that chance alone seldom tries: searches for a bit in zero. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "arch/x86/emulator/emulate_internal.h"

static void scan(void **state)
{
	struct cpu_regs regs = { .rflags = RFLAGS_CF };

	assert_int_equal(emul_scan(OP_BSF, 0x1234, 0x50, &regs), 4);
	assert_int_equal(regs.rflags, RFLAGS_CF);
	assert_int_equal(emul_scan(OP_BSR, 0x1234, 0x50, &regs), 6);
	assert_int_equal(regs.rflags, RFLAGS_CF);
	/* The destination stays as it is. */
	assert_int_equal(emul_scan(OP_BSF, 0x1234, 0, &regs), 0x1234);
	assert_int_equal(regs.rflags, RFLAGS_CF | RFLAGS_ZF);
	assert_int_equal(emul_scan(OP_BSR, 0x1234, 0, &regs), 0x1234);
	assert_int_equal(regs.rflags, RFLAGS_CF | RFLAGS_ZF);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(scan),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
