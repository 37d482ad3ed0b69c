/* SPDX-License-Identifier: MIT */
#include "lib/printf.h"
#include "lib/string.h"

void snappend(char *buf, size_t size, const char *fmt, ...)
{
	size_t length = strlen(buf);
	va_list args;

	va_start(args, fmt);
	vsnprintf(buf + length, size - length, fmt, args);
	va_end(args);
}
