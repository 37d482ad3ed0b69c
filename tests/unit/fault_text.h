/* SPDX-License-Identifier: MIT */
/* Faults that are texts, or NULL for none. */
#ifndef TESTS_FAULT_TEXT_H
#define TESTS_FAULT_TEXT_H

static inline const char *fault_text(const char *fault)
{
	return fault ? fault : "none";
}

#define assert_fault(fault, expected)                                          \
	assert_string_equal(fault_text(fault), fault_text(expected))

#endif
