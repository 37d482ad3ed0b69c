/* SPDX-License-Identifier: MIT */
/*
 * Our vsnprintf and string functions against the C library's. Ours are
 * included under other names, so that both are in one program.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "lib/log.h"

#define vsnprintf umbra_vsnprintf
#define snprintf umbra_snprintf
#include "lib/printf.c"
#undef vsnprintf
#undef snprintf

/* Both must agree on the text and on the length, for every size of buffer. */
#define CHECK(...)                                                             \
	do {                                                                   \
		for (size_t size = 0; size < 48; size++) {                     \
			char ours[48], theirs[48];                             \
			int n, m;                                              \
                                                                               \
			memset(ours, '#', sizeof(ours));                       \
			memset(theirs, '#', sizeof(theirs));                   \
			n = umbra_snprintf(ours, size, __VA_ARGS__);           \
			m = snprintf(theirs, size, __VA_ARGS__);               \
			assert_int_equal(n, m);                                \
			assert_memory_equal(ours, theirs, sizeof(ours));       \
		}                                                              \
	} while (0)

#pragma GCC diagnostic ignored "-Wformat-truncation"

/* The mark of a log line's format is removed; a text without one is whole. */
static void test_log_marks(void **state)
{
	const char *text = LOG_WARNING "a %u", *plain = "b", *empty = "";

	assert_int_equal(log_take_mark(&text), 2);
	assert_string_equal(text, "a %u");
	assert_int_equal(log_take_mark(&plain), 0);
	assert_string_equal(plain, "b");
	assert_int_equal(log_take_mark(&empty), 0);
	assert_string_equal(empty, "");
}

static void test_numbers(void **state)
{
	CHECK("%d", 0);
	CHECK("%d %i", 2147483647, -2147483647 - 1);
	CHECK("%ld", (long)INT64_MIN);
	CHECK("%lld|%llu", (long long)INT64_MAX,
	      (unsigned long long)UINT64_MAX);
	CHECK("%u", 4294967295U);
	CHECK("%x %X", 0xdeadbeefU, 0xdeadbeefU);
	CHECK("%lx %llx", 0xfedcba9876543210UL, 0x123456789ULL);
	CHECK("%zu %zx", (size_t)42, SIZE_MAX);
	CHECK("%hhx %hhu %hhd", 0x1ff, 256, 255);
	CHECK("%hx %hu %hd", 0x1ffff, 65536, 65535);
}

static void test_widths(void **state)
{
	CHECK("[%8d] [%-8d] [%08d]", -42, -42, -42);
	CHECK("[%016lx]", 0x1234UL);
	CHECK("[%3d]", 12345);
	CHECK("[%*d] [%-*d] [%*d]", 6, 1, 6, 2, -6, 3);
	CHECK("[%5c] [%-5c]", 'x', 'y');
}

static void test_strings(void **state)
{
	char unterminated[3] = { 'a', 'b', 'c' };

	CHECK("%s", "");
	CHECK("[%10s] [%-10s] [%2s]", "right", "left", "longer");
	CHECK("%.3s|%.0s|%.9s", "abcdef", "gone", "short");
	CHECK("%.3s", unterminated);
	CHECK("[%8.2s] %.*s", "abc", 2, "xyz");
	CHECK("100%%");
	CHECK("%p", (void *)0x1234);
}

static void test_null_string(void **state)
{
	char buf[16];
	const char *volatile none = NULL;

	assert_int_equal(umbra_snprintf(buf, sizeof(buf), "%s", none), 6);
	assert_string_equal(buf, "(null)");
}

/* An unknown conversion is printed unchanged, and reads no argument. */
static void test_unknown(void **state)
{
	char buf[32];
	const char *volatile fmt = "a %q b %";

	assert_int_equal(umbra_snprintf(buf, sizeof(buf), fmt), 8);
	assert_string_equal(buf, fmt);
	fmt = "%#lx"; /* an unknown flag: no argument is used */
	assert_int_equal(umbra_snprintf(buf, sizeof(buf), fmt, 1UL), 4);
	assert_string_equal(buf, fmt);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_log_marks),
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_widths),
		cmocka_unit_test(test_strings),
		cmocka_unit_test(test_null_string),
		cmocka_unit_test(test_unknown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
