/* SPDX-License-Identifier: MIT */
/* Our string functions against the C library's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define memcpy umbra_memcpy
#define memmove umbra_memmove
#define memset umbra_memset
#define memcmp umbra_memcmp
#define strlen umbra_strlen
#define strcmp umbra_strcmp
#define strncmp umbra_strncmp
#define strchr umbra_strchr
#undef LIB_STRING_H
#include "lib/string.c"
#undef memcpy
#undef memmove
#undef memset
#undef memcmp
#undef strlen
#undef strcmp
#undef strncmp
#undef strchr

static int sign(int x)
{
	return (x > 0) - (x < 0);
}

static void test_memory(void **state)
{
	u8 a[64], b[64];

	for (int from = 0; from < 24; from++) {
		for (int to = 0; to < 24; to++) {
			for (int i = 0; i < 64; i++)
				a[i] = b[i] = (u8)i;
			assert_ptr_equal(umbra_memmove(a + to, a + from, 20),
					 a + to);
			memmove(b + to, b + from, 20);
			assert_memory_equal(a, b, sizeof(a));
		}
	}
	assert_ptr_equal(umbra_memset(a + 3, 0x1aa, 7), a + 3);
	memset(b + 3, 0xaa, 7);
	assert_int_equal(umbra_memcmp(a + 3, b + 3, 7), 0);
	assert_ptr_equal(umbra_memcpy(a, b, sizeof(a)), a);
	assert_memory_equal(a, b, sizeof(a));
	a[63] = 0x80;
	b[63] = 0x7f;
	assert_true(umbra_memcmp(a, b, 64) > 0);
	assert_true(umbra_memcmp(a, b, 63) == 0);
}

/* For all lengths around a word's, and not one byte more. */
static void test_lengths(void **state)
{
	u8 a[64] = { 0 }, b[64] = { 0 }, from[64];

	for (size_t n = 0; n < sizeof(from); n++)
		from[n] = (u8)(n * 7);
	for (size_t n = 0; n < 40; n++) {
		size_t at = n % 11;

		assert_ptr_equal(umbra_memset(a + at, (int)n, n), a + at);
		memset(b + at, (int)n, n);
		assert_memory_equal(a, b, sizeof(a));
		assert_ptr_equal(umbra_memcpy(a + at, from + 3, n), a + at);
		memcpy(b + at, from + 3, n);
		assert_memory_equal(a, b, sizeof(a));
	}
}

static void test_strings(void **state)
{
	static const char *const s[] = { "",	"a",   "b",    "ab",
					 "abc", "abd", "\x80", "ab\xff" };

	for (size_t i = 0; i < ARRAY_SIZE(s); i++) {
		assert_int_equal(umbra_strlen(s[i]), strlen(s[i]));
		for (int c = 0; c < 256; c++)
			assert_ptr_equal(umbra_strchr(s[i], c),
					 strchr(s[i], c));
		for (size_t j = 0; j < ARRAY_SIZE(s); j++) {
			assert_int_equal(sign(umbra_strcmp(s[i], s[j])),
					 sign(strcmp(s[i], s[j])));
			for (size_t n = 0; n < 5; n++)
				assert_int_equal(
					sign(umbra_strncmp(s[i], s[j], n)),
					sign(strncmp(s[i], s[j], n)));
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_memory),
		cmocka_unit_test(test_lengths),
		cmocka_unit_test(test_strings),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
