/* SPDX-License-Identifier: MIT */
/* The guests' console: COM1, polled, and just enough of printf. */
#include "guest/builtin/console.h"

#include "guest/builtin/cpu.h"

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

/*
 * Divides *@value by @base and returns the remainder. It takes two steps, since
 * a 32-bit guest has no library that divides 64 bits.
 */
static u32 divide(u64 *value, u32 base)
{
	u32 high = (u32)(*value >> 32), low = (u32)*value;
	u32 remainder = high % base;

	__asm__("divl %2" : "+a"(low), "+d"(remainder) : "rm"(base));
	*value = (u64)(high / base) << 32 | low;
	return remainder;
}

static void put_number(u64 value, u32 base, int width, bool zeros)
{
	char digits[DIGITS_MAX];
	int first = DIGITS_MAX;

	do {
		digits[--first] = "0123456789abcdef"[divide(&value, base)];
	} while (value);
	while (zeros && first > DIGITS_MAX - width)
		digits[--first] = '0';
	put_padded(digits + first, (size_t)(DIGITS_MAX - first), width, false);
}

/*
 * Returns the next argument, a number of 64 bits with "l" or "ll", else of 32.
 */
static u64 next_number(va_list *args, u32 longs)
{
	if (longs == 0)
		return va_arg(*args, u32);
	return longs == 1 ? va_arg(*args, unsigned long)
			  : va_arg(*args, unsigned long long);
}

static const char *put_conversion(const char *fmt, va_list *args)
{
	bool left = *fmt == '-';
	bool zeros = *fmt == '0';
	int width = 0;
	u32 longs = 0;
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
	for (; *fmt == 'l'; fmt++)
		longs++;
	put_number(next_number(args, longs), *fmt == 'x' ? 16 : 10, width,
		   zeros);
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
