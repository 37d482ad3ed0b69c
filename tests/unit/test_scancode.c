/* SPDX-License-Identifier: MIT */
/* Scan codes, and the bytes that a terminal would send. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "arch/x86/console/scancode.h"

#define TYPED_MAX 256

/* The bytes that the hexadecimal codes give, from a fresh state. */
static void expect_typed(const char *codes, const char *typed)
{
	struct scancode_state state = { 0 };
	char all[TYPED_MAX] = "", text[SCANCODE_TEXT_MAX];
	char *end;

	while (*codes) {
		unsigned long code = strtoul(codes, &end, 16);

		assert_true(end != codes && code <= 0xff);
		codes = end;
		scancode_translate(&state, (u8)code, text);
		assert_true(strlen(text) < SCANCODE_TEXT_MAX);
		strcat(all, text);
	}
	assert_string_equal(all, typed);
}

static void test_plain(void **state)
{
	expect_typed("02 82 0b 8b 0c 0d 0e", "10-=\x7f");
	expect_typed("0f 10 19 1a 1b 1c 9c", "\tqp[]\r");
	expect_typed("1e 9e 26 27 28 29", "al;'`");
	expect_typed("2b 2c 32 33 34 35 37 39 b9 01", "\\zm,./* \x1b");
	expect_typed("1e 30 b0 9e", "ab"); /* the second during the first */
	expect_typed("1e 1e 1e 9e", "aaa"); /* held down */
}

static void test_shift(void **state)
{
	expect_typed("2a 1e 9e aa 1e", "Aa");
	expect_typed("36 02 03 b6 02", "!@1");
	expect_typed("2a 36 aa 1e b6 1e", "Aa"); /* either will do */
	expect_typed("2a 1a 28 29 2b 35", "{\"~|?");
	expect_typed("3a ba 1e 02 2a 1e 02 aa 3a ba 1e",
		     "A1a!a"); /* caps lock */
}

static void test_ctrl(void **state)
{
	expect_typed("1d 2e ae 9d 2e", "\x03"
				       "c");
	expect_typed("e0 1d 20 a0 e0 9d 20", "\x04"
					     "d");
	expect_typed("1d 1a 2b 1b", "\x1b\x1c\x1d");
	expect_typed("1d 2a 07 0c", "\x1e\x1f");
	expect_typed("3a 1d 2e", "\x03");
	expect_typed("1d 02 0e 1c", "1\x7f\r"); /* those have no other */
	expect_typed("38 21 a1 b8 21", "\x1b"
				       "ff");
}

static void test_extended(void **state)
{
	expect_typed("e0 48 e0 c8 e0 50 e0 4b e0 4d",
		     "\x1b[A\x1b[B\x1b[D\x1b[C");
	expect_typed("e0 47 e0 4f e0 53 e0 49 e0 51 e0 52",
		     "\x1b[H\x1b[F\x1b[3~\x1b[5~\x1b[6~\x1b[2~");
	expect_typed("e0 35 e0 1c", "/\r");
	expect_typed("48", "\x1b[A"); /* of a keypad */
	/* With Num Lock on, a cursor key comes in a Shift of its own. */
	expect_typed("2a 1e e0 aa e0 48 e0 c8 e0 2a 1e", "A\x1b[AA");
	expect_typed("e0 2a e0 37 e0 b7 e0 aa 1e", "a"); /* Print Screen */
	expect_typed("e0 5b e0 db e0 10 1e",
		     "a"); /* the logo, and media keys */
}

static void test_pause(void **state)
{
	expect_typed("e1 1d 45 e1 9d c5 2e", "c");
}

/* For any bytes nothing is read or written out of bounds. */
static void test_all(void **state)
{
	struct scancode_state s = { 0 };
	char text[SCANCODE_TEXT_MAX];
	u32 random = 1;

	for (int i = 0; i < 1000000; i++) {
		random = random * 1664525 + 1013904223;
		scancode_translate(&s, random >> 24, text);
		assert_true(strnlen(text, sizeof(text)) < sizeof(text));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_plain), cmocka_unit_test(test_shift),
		cmocka_unit_test(test_ctrl),  cmocka_unit_test(test_extended),
		cmocka_unit_test(test_pause), cmocka_unit_test(test_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
