/* SPDX-License-Identifier: MIT */
/*
 * Writes formatted text into a buffer: a subset of C11 7.21.6 under the same
 * names, so that a test on the host can use the C library's functions.
 */
#ifndef LIB_PRINTF_H
#define LIB_PRINTF_H

#include <stdarg.h>
#include <stddef.h>

#include "lib/types.h"

/*
 * Conversions: d i u x X p s c %, flags '-' and '0', a width (a number or '*'),
 * a precision for s (a number or '*'), the sizes hh h l ll z. Writes at most
 * `size` bytes including the closing NUL (nothing when size is 0). Returns the
 * length of the whole text without the NUL, also if it did not fit. Any other
 * conversion is copied as it stands.
 */
__cold int vsnprintf(char *buf, size_t size, const char *fmt, va_list args)
	__attribute__((format(printf, 3, 0)));
int snprintf(char *buf, size_t size, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/*
 * Appends to the string in @buf, of @size bytes; text that doesn't fit is lost.
 */
void snappend(char *buf, size_t size, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

#endif
