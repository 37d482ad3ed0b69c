/* SPDX-License-Identifier: MIT */
/* The test guests' console: COM1, polled, and just enough of printf. */
#include "tests/guests/runtime.h"

#include <stdarg.h>

#define COM1 0x3f8
#define COM1_LCR (COM1 + 3)
#define LCR_8N1 3
#define COM1_LSR (COM1 + 5)
#define LSR_THR_EMPTY BIT(5)
#define DIGITS_MAX 20

void console_init(void)
{
	port_write(COM1_LCR, LCR_8N1);
}

static void put(char c)
{
	while (!(port_read(COM1_LSR) & LSR_THR_EMPTY))
		;
	port_write(COM1, (u8)c);
}

/* Decimal numbers have 32 bits: there is no division of 64 without a library. */
static void put_number(u64 value, bool hex, u32 width, char fill)
{
	char digits[DIGITS_MAX];
	u32 low, first = DIGITS_MAX;

	do {
		low = (u32)value;
		digits[--first] = "0123456789abcdef"[hex ? low % 16 : low % 10];
		value = hex ? value >> 4 : low / 10;
	} while (value);
	for (; width > DIGITS_MAX - first; width--)
		put(fill);
	while (first < DIGITS_MAX)
		put(digits[first++]);
}

static const char *put_conversion(const char *fmt, va_list *args)
{
	char fill = *fmt == '0' ? '0' : ' ';
	bool is_long = false;
	u32 width = 0;
	const char *s;

	for (; *fmt >= '0' && *fmt <= '9'; fmt++)
		width = width * 10 + (u32)(*fmt - '0');
	if (*fmt == 's') {
		for (s = va_arg(*args, const char *); *s; s++)
			put(*s);
		return fmt + 1;
	}
	for (; *fmt == 'l'; fmt++)
		is_long = true;
	put_number(is_long ? va_arg(*args, u64) : va_arg(*args, u32),
		   *fmt == 'x', width, fill);
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
