/* SPDX-License-Identifier: MIT */
/* The guests' console: COM1, polled, and just enough of printf. */
#include "guest/builtin/kernel.h"

#include <stdarg.h>

#define COM1 0x3f8
#define COM1_LCR (COM1 + 3)
#define LCR_8N1 3
#define COM1_LSR (COM1 + 5)
#define LSR_THR_EMPTY BIT(5)

#define DIGITS_MAX 20

void console_init(void)
{
	__asm__ volatile("outb %b0, %w1" : : "a"(LCR_8N1), "Nd"(COM1_LCR));
}

static void put(char c)
{
	u8 status;

	do {
		__asm__ volatile("inb %w1, %0" : "=a"(status) : "Nd"(COM1_LSR));
	} while (!(status & LSR_THR_EMPTY));
	__asm__ volatile("outb %0, %w1" : : "a"(c), "Nd"(COM1));
}

static void put_padded(const char *s, size_t length, int width, bool left)
{
	int padding = width - (int)length;

	for (; !left && padding > 0; padding--)
		put(' ');
	while (length--)
		put(*s++);
	for (; padding > 0; padding--)
		put(' ');
}

static void put_number(u64 value, u32 base, int width, bool zeros)
{
	char digits[DIGITS_MAX];
	int first = DIGITS_MAX;

	do {
		digits[--first] = "0123456789abcdef"[value % base];
		value /= base;
	} while (value);
	while (zeros && first > DIGITS_MAX - width)
		digits[--first] = '0';
	put_padded(digits + first, (size_t)(DIGITS_MAX - first), width, false);
}

/* %s, %u, %x, %lu, %lx; with a width, and '-' for strings, '0' for numbers. */
static const char *put_conversion(const char *fmt, va_list *args)
{
	bool left = *fmt == '-';
	bool zeros = *fmt == '0';
	int width = 0;
	bool is_long;
	const char *s;
	size_t length = 0;

	if (left)
		fmt++;
	for (; *fmt >= '0' && *fmt <= '9'; fmt++)
		width = width * 10 + *fmt - '0';
	if (*fmt == 's') {
		for (s = va_arg(*args, const char *); s[length]; length++)
			;
		put_padded(s, length, width, left);
		return fmt + 1;
	}
	is_long = *fmt == 'l';
	if (is_long)
		fmt++;
	put_number(is_long ? va_arg(*args, u64) : va_arg(*args, u32),
		   *fmt == 'x' ? 16 : 10, width, zeros);
	return fmt + 1;
}

void print(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	while (*fmt) {
		if (*fmt == '\n')
			put('\r');
		if (*fmt == '%')
			fmt = put_conversion(fmt + 1, &args);
		else
			put(*fmt++);
	}
	va_end(args);
}
