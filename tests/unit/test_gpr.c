/* SPDX-License-Identifier: MIT */
/* General registers, as IN, RDMSR, WRMSR and the emulator read and write them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "arch/x86/gpr.h"

#define BEFORE 0x1122334455667788ULL
#define VALUE 0xaabbccddeeff0011ULL

static void written_by_size(void **state)
{
	static const struct {
		unsigned int size;
		u64 after;
	} cases[] = {
		{ 1, 0x1122334455667711 },
		{ 2, 0x1122334455660011 },
		{ 4, 0x00000000eeff0011 },
		{ 8, VALUE },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct cpu_regs regs = {
			.gpr = { [RAX] = BEFORE, [RCX] = BEFORE }
		};

		write_gpr(&regs, RAX, VALUE, cases[i].size);
		assert_int_equal(regs.gpr[RAX], cases[i].after);
		assert_int_equal(regs.gpr[RCX], BEFORE);
	}
}

static void truncated(void **state)
{
	assert_int_equal(truncate(VALUE, 1), 0x11);
	assert_int_equal(truncate(VALUE, 2), 0x0011);
	assert_int_equal(truncate(VALUE, 4), 0xeeff0011);
	assert_int_equal(truncate(VALUE, 8), VALUE);
}

/* In both directions the upper halves of RAX and RDX are ignored. */
static void edx_eax(void **state)
{
	struct cpu_regs regs = {
		.gpr = { [RAX] = 0xffffffff00000001, [RDX] = 0xffffffff00000002 }
	};

	assert_int_equal(read_edx_eax(&regs), 0x0000000200000001);
	write_edx_eax(&regs, 0x8000000390000004);
	assert_int_equal(regs.gpr[RAX], 0x90000004);
	assert_int_equal(regs.gpr[RDX], 0x80000003);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(written_by_size),
		cmocka_unit_test(truncated),
		cmocka_unit_test(edx_eax),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
