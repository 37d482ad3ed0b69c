/* SPDX-License-Identifier: MIT */
/*
 * vsnprintf, for the console and the panic screen: integers, strings and
 * pointers only. It allocates and locks nothing, so it works in a panic
 * anywhere.
 */
#include "lib/printf.h"
#include "lib/string.h"
#include "lib/types.h"

struct out {
	char *buf;
	size_t size;
	size_t length; /* of the whole text, with the part that does not fit */
	va_list args;
};

/* One conversion: "%-08.3lx" taken apart. */
struct spec {
	bool left;
	bool zero;
	int width;
	int precision; /* -1: none */
	int size; /* of the argument in bytes */
};

#define DIGITS_MAX 20 /* of a 64-bit number in decimal */
#define NUMBER_MAX 10000 /* later digits of a larger width are ignored */

static void put(struct out *out, char c)
{
	if (out->length + 1 < out->size)
		out->buf[out->length] = c;
	out->length++;
}

static void pad(struct out *out, char c, int count)
{
	while (count-- > 0)
		put(out, c);
}

static void put_string(struct out *out, const struct spec *spec, const char *s)
{
	int length = 0;

	if (!s)
		s = "(null)";
	while ((spec->precision < 0 || length < spec->precision) && s[length])
		length++;
	if (!spec->left)
		pad(out, ' ', spec->width - length);
	for (int i = 0; i < length; i++)
		put(out, s[i]);
	if (spec->left)
		pad(out, ' ', spec->width - length);
}

/* `prefix` stands before the digits and before zeros that pad. */
static void put_number(struct out *out, const struct spec *spec, u64 value,
		       unsigned int base, const char *prefix, bool capitals)
{
	const char *digits = capitals ? "0123456789ABCDEF" : "0123456789abcdef";
	char text[DIGITS_MAX];
	int n = 0, room;

	do {
		text[n++] = digits[value % base];
		value /= base;
	} while (value);
	room = spec->width - n - (int)strlen(prefix);
	if (!spec->left && !spec->zero)
		pad(out, ' ', room);
	while (*prefix)
		put(out, *prefix++);
	if (!spec->left && spec->zero)
		pad(out, '0', room);
	while (n)
		put(out, text[--n]);
	if (spec->left)
		pad(out, ' ', room);
}

static void put_signed(struct out *out, const struct spec *spec, s64 value)
{
	u64 magnitude = value < 0 ? -(u64)value : (u64)value;

	put_number(out, spec, magnitude, 10, value < 0 ? "-" : "", false);
}

/* Reads a decimal number, or takes an argument for a '*'. */
static int number(struct out *out, const char **fmt)
{
	int n = 0;

	if (**fmt == '*') {
		++*fmt;
		return va_arg(out->args, int);
	}
	for (; **fmt >= '0' && **fmt <= '9'; ++*fmt)
		if (n < NUMBER_MAX)
			n = n * 10 + (**fmt - '0');
	return n;
}

static int size_of_argument(const char **fmt)
{
	switch (**fmt) {
	case 'z':
		++*fmt;
		return sizeof(size_t);
	case 'l':
		if (*++*fmt == 'l')
			++*fmt;
		return sizeof(long);
	case 'h':
		if (*++*fmt != 'h')
			return sizeof(short);
		++*fmt;
		return sizeof(char);
	default:
		return sizeof(int);
	}
}

static u64 narrow(u64 value, int size)
{
	return value & (~0ULL >> (64 - 8 * size));
}

static s64 sign_extend(u64 value, int size)
{
	int shift = 64 - 8 * size;

	return (s64)(value << shift) >> shift;
}

/* Reads a conversion up to its letter; *fmt then points to the letter. */
static struct spec parse_spec(struct out *out, const char **fmt)
{
	struct spec spec = { .precision = -1 };

	for (; **fmt == '-' || **fmt == '0'; ++*fmt) {
		if (**fmt == '-')
			spec.left = true;
		else
			spec.zero = true;
	}
	spec.width = number(out, fmt);
	if (spec.width < 0) {
		spec.left = true;
		spec.width = -spec.width;
	}
	if (**fmt == '.') {
		++*fmt;
		spec.precision = number(out, fmt);
	}
	spec.size = size_of_argument(fmt);
	return spec;
}

static void put_char(struct out *out, const struct spec *spec, char c)
{
	pad(out, ' ', spec->left ? 0 : spec->width - 1);
	put(out, c);
	pad(out, ' ', spec->left ? spec->width - 1 : 0);
}

/* Writes the argument for `letter`. Returns false if it is no conversion. */
static bool convert(struct out *out, const struct spec *spec, char letter)
{
	bool wide = spec->size > (int)sizeof(int);
	u64 value;

	switch (letter) {
	case 'd':
	case 'i':
		value = wide ? va_arg(out->args, u64)
			     : (u64)va_arg(out->args, int);
		put_signed(out, spec, sign_extend(value, spec->size));
		return true;
	case 'u':
	case 'x':
	case 'X':
		value = wide ? va_arg(out->args, u64)
			     : va_arg(out->args, unsigned int);
		put_number(out, spec, narrow(value, spec->size),
			   letter == 'u' ? 10 : 16, "", letter == 'X');
		return true;
	case 'p':
		value = (uintptr_t)va_arg(out->args, void *);
		put_number(out, spec, value, 16, "0x", false);
		return true;
	case 's':
		put_string(out, spec, va_arg(out->args, const char *));
		return true;
	case 'c':
		put_char(out, spec, (char)va_arg(out->args, int));
		return true;
	case '%':
		put(out, '%');
		return true;
	default:
		return false;
	}
}

int vsnprintf(char *buf, size_t size, const char *fmt, va_list args)
{
	struct out out = { .buf = buf, .size = size };

	va_copy(out.args, args);
	while (*fmt) {
		const char *start = fmt++;
		struct spec spec;

		if (*start != '%') {
			put(&out, *start);
			continue;
		}
		spec = parse_spec(&out, &fmt);
		if (convert(&out, &spec, *fmt))
			fmt++;
		else /* copy it, so that the mistake is seen */
			while (start < fmt)
				put(&out, *start++);
	}
	va_end(out.args);
	if (size)
		buf[MIN(out.length, size - 1)] = '\0';
	return (int)out.length;
}

int snprintf(char *buf, size_t size, const char *fmt, ...)
{
	va_list args;
	int length;

	va_start(args, fmt);
	length = vsnprintf(buf, size, fmt, args);
	va_end(args);
	return length;
}
