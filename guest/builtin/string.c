/* SPDX-License-Identifier: MIT */
/* The guests' own memory functions, declared in lib/string.h. */
#include "lib/string.h"

#include "lib/types.h"

/* Writes words: most calls clear tables, where each write may be an exit. */
void *memset(void *dst, int byte, size_t n)
{
	size_t words = n / sizeof(u32), bytes = n % sizeof(u32);
	void *d = dst;

	__asm__ volatile("rep stosl\n"
			 "mov %2, %1\n"
			 "rep stosb"
			 : "+D"(d), "+c"(words)
			 : "r"(bytes), "a"((u8)byte * 0x01010101U)
			 : "memory");
	return dst;
}

void *memcpy(void *restrict dst, const void *restrict src, size_t n)
{
	void *d = dst;

	__asm__ volatile("rep movsb"
			 : "+D"(d), "+S"(src), "+c"(n)
			 :
			 : "memory");
	return dst;
}
