/* SPDX-License-Identifier: MIT */
/*
 * Debian's cmocka. Its most common assertions here name the compared
 * expressions in the words of the source: "0x20 != 0x60" alone tells a reader
 * nothing. Each test includes this file instead (the Makefile's -I).
 */
#ifndef TESTS_UNIT_WORDS_CMOCKA_H
#define TESTS_UNIT_WORDS_CMOCKA_H

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include_next <cmocka.h>

#undef assert_int_equal
#define assert_int_equal(a, b)                                                 \
	must_equal(cast_to_largest_integral_type(a),                           \
		   cast_to_largest_integral_type(b), #a, #b, __FILE__,         \
		   __LINE__)
#undef assert_true
#define assert_true(c) must_be(!!(c), "true", #c, __FILE__, __LINE__)
#undef assert_false
#define assert_false(c) must_be(!(c), "false", #c, __FILE__, __LINE__)
#undef assert_string_equal
#define assert_string_equal(a, b) must_read(a, b, #a, __FILE__, __LINE__)
#undef assert_memory_equal
#define assert_memory_equal(a, b, size)                                        \
	must_have_bytes(a, b, size, #a, #b, __FILE__, __LINE__)

static inline void must_equal(LargestIntegralType found,
			      LargestIntegralType right, const char *what,
			      const char *right_text, const char *file,
			      int line)
{
	char number[24];

	if (found == right)
		return;
	snprintf(number, sizeof(number), "%#llx", (unsigned long long)right);
	print_error("ERROR: %s is %#llx; must be %s%s%s\n", what,
		    (unsigned long long)found, right_text,
		    strcmp(number, right_text) == 0 ? "" : ", ",
		    strcmp(number, right_text) == 0 ? "" : number);
	_fail(file, line);
}

static inline void must_be(int holds, const char *wanted, const char *what,
			   const char *file, int line)
{
	if (holds)
		return;
	print_error("ERROR: %s must be %s\n", what, wanted);
	_fail(file, line);
}

static inline void must_read(const char *found, const char *right,
			     const char *what, const char *file, int line)
{
	if (strcmp(found, right) == 0)
		return;
	print_error("ERROR: %s reads \"%s\"; must read \"%s\"\n", what, found,
		    right);
	_fail(file, line);
}

static inline void must_have_bytes(const void *found, const void *right,
				   size_t size, const char *what,
				   const char *right_text, const char *file,
				   int line)
{
	const unsigned char *a = found, *b = right;
	size_t at = 0;

	while (at < size && a[at] == b[at])
		at++;
	if (at == size)
		return;
	print_error("ERROR: byte %zu of %s is %#x; must be %#x, as in %s\n", at,
		    what, a[at], b[at], right_text);
	_fail(file, line);
}

#endif
