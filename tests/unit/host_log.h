/* SPDX-License-Identifier: MIT */
/*
 * Log lines as a text, for a test that includes the source under test with
 * log_info defined as log_to_text.
 */
#ifndef TESTS_UNIT_HOST_LOG_H
#define TESTS_UNIT_HOST_LOG_H

#include <stdarg.h>

/* The lines since the test has emptied it, each with a newline. */
extern char log_text[16384];

void log_to_text(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* The same with arguments; returns the length of the line. */
int log_to_text_args(const char *fmt, va_list args);

#endif
