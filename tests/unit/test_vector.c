/* SPDX-License-Identifier: MIT */
/* XMM and YMM registers by their number: each its own. */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

#include "arch/x86/vector.h"

#define REGISTERS 16

static void fill_pattern(u8 *bytes, size_t size, unsigned int number)
{
	for (size_t i = 0; i < size; i++)
		bytes[i] = (u8)(i + 37 * number + 1);
}

/* The compiler does not use this register between the two calls. */
static void xmm(void **state)
{
	for (unsigned int n = 0; n < REGISTERS; n++) {
		u8 in[16], out[16] = { 0 };

		fill_pattern(in, sizeof(in), n);
		vector_write16(n, in);
		vector_read16(n, out);
		assert_memory_equal(in, out, sizeof(in));
	}
}

static void ymm(void **state)
{
	if (!__builtin_cpu_supports("avx"))
		skip();
	for (unsigned int n = 0; n < REGISTERS; n++) {
		u8 in[32], out[32] = { 0 }, low[16] = { 0 };

		fill_pattern(in, sizeof(in), n);
		vector_write32(n, in);
		vector_read16(n, low);
		assert_memory_equal(in, low, sizeof(low));
		vector_write32(n, in);
		vector_read32(n, out);
		assert_memory_equal(in, out, sizeof(in));
		/* With VEX the upper half is cleared. */
		vector_write32(n, in);
		vector_write16_vex(n, in + 16);
		vector_read32(n, out);
		assert_memory_equal(in + 16, out, 16);
		memset(in, 0, sizeof(in));
		assert_memory_equal(in, out + 16, 16);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(xmm),
		cmocka_unit_test(ymm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
