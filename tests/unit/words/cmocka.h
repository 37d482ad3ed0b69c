/* SPDX-License-Identifier: MIT */
/*
 * Debian's cmocka, whose commonest assertions say here what was compared, in
 * the words of the source: "0x20 != 0x60" tells a reader nothing. Each test
 * includes this file in its place (the Makefile's -I).
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

#endif
