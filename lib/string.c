/* SPDX-License-Identifier: MIT */
/*
 * The memory functions are the processor's string instructions: on processors
 * with fast strings (SDM vol. 1, 7.3.9.3) longer code would not be faster. They
 * move eight bytes at once, since older processors and emulators need as long
 * for a single byte. The direction flag is clear, as the ABI promises.
 */
#include "lib/string.h"
#include "lib/types.h"

void *memcpy(void *restrict dst, const void *restrict src, size_t n)
{
	size_t words = n / sizeof(u64), rest = n % sizeof(u64);
	void *d = dst;

	asm volatile("rep movsq"
		     : "+D"(d), "+S"(src), "+c"(words)
		     :
		     : "memory");
	asm volatile("rep movsb" : "+D"(d), "+S"(src), "+c"(rest) : : "memory");
	return dst;
}

void *memmove(void *dst, const void *src, size_t n)
{
	u8 *d = dst;
	const u8 *s = src;

	if ((uintptr_t)dst - (uintptr_t)src >= n)
		return memcpy(dst, src, n);
	/* The destination starts inside the source: copy the end first. */
	while (n--)
		d[n] = s[n];
	return dst;
}

void *memset(void *dst, int byte, size_t n)
{
	u64 word = (u8)byte * 0x0101010101010101ULL;
	size_t words = n / sizeof(u64), rest = n % sizeof(u64);
	void *d = dst;

	asm volatile("rep stosq" : "+D"(d), "+c"(words) : "a"(word) : "memory");
	asm volatile("rep stosb" : "+D"(d), "+c"(rest) : "a"(word) : "memory");
	return dst;
}

int memcmp(const void *a, const void *b, size_t n)
{
	const u8 *x = a, *y = b;

	for (; n; n--, x++, y++)
		if (*x != *y)
			return *x - *y;
	return 0;
}

size_t strlen(const char *s)
{
	size_t n = 0;

	while (s[n])
		n++;
	return n;
}

int strcmp(const char *a, const char *b)
{
	for (; *a && *a == *b; a++, b++)
		;
	return (u8)*a - (u8)*b;
}

int strncmp(const char *a, const char *b, size_t n)
{
	for (; n && *a && *a == *b; n--, a++, b++)
		;
	return n ? (u8)*a - (u8)*b : 0;
}

char *strchr(const char *s, int c)
{
	for (;; s++) {
		if (*s == (char)c)
			return (char *)s;
		if (!*s)
			return NULL;
	}
}
