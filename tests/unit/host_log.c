/* SPDX-License-Identifier: MIT */
/*
 * Umbra's console, for the tests on the host: log lines go to stderr, or to a
 * text, and a panic aborts the test.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host_log.h"
#include "lib/append.c" /* lib/printf.c itself would be in the way of the C library's */
#include "lib/log.h"

char log_text[16384];

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

int log_to_text_args(const char *fmt, va_list args)
{
	size_t length = strlen(log_text), room = sizeof(log_text) - length;
	int added;

	log_take_mark(&fmt);
	added = vsnprintf(log_text + length, room, fmt, args);

	/* The newline, too, needs its place. */
	if (added < 0 || (size_t)added + 1 >= room)
		abort();
	strcat(log_text, "\n");
	return added;
}

void log_to_text(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	log_to_text_args(fmt, args);
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
