/* SPDX-License-Identifier: MIT */
/* Whole pages. */
#ifndef LIB_PAGE_H
#define LIB_PAGE_H

#include "lib/types.h"

/*
 * Clears @count pages from @first on. The barrier keeps the compiler from
 * making the loop a REP STOS: an emulator runs each of its iterations as a slow
 * instruction of its own, and a guest's memory takes many iterations.
 */
static inline void clear_pages(void *first, size_t count)
{
	u64 *word = first, *end = word + count * (PAGE_SIZE / sizeof(u64));

	for (; word < end; word += 4) {
		word[0] = 0;
		word[1] = 0;
		word[2] = 0;
		word[3] = 0;
		asm volatile("" : : : "memory");
	}
}

#endif
