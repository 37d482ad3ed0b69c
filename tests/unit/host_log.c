/* SPDX-License-Identifier: MIT */
/*
 * Umbra's console, for the tests on the host: log lines go to stderr, and a
 * panic aborts the test.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "lib/log.h"

static void print(const char *kind, const char *fmt, va_list args)
{
	log_take_mark(&fmt);
	fprintf(stderr, "umbra: %s", kind);
	vfprintf(stderr, fmt, args);
	fputc('\n', stderr);
}

void log_info(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	print("", fmt, args);
	va_end(args);
}

void panic(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	print("panic: ", fmt, args);
	va_end(args);
	abort();
}
