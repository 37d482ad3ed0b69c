/* SPDX-License-Identifier: MIT */
/*
 * The machine's memory, as an array, for the files that allocate frames. A test
 * includes this header before them. If it defines FAKE_RAM_ALONE,
 * arch/x86/frames.c allocates the frames.
 */
#ifndef TESTS_UNIT_FAKE_MEMORY_H
#define TESTS_UNIT_FAKE_MEMORY_H

/* This header replaces arch/x86/paging.h. */
#define ARCH_X86_PAGING_H

#include <string.h>

#include "arch/x86/frames.h"

#ifndef FAKE_PAGES
#define FAKE_PAGES 64
#endif
/* Physical addresses differ from Umbra's own, so that a mix-up shows. */
#ifndef FAKE_RAM_HPA
#define FAKE_RAM_HPA 0x40000000ULL
#endif

static u8 fake_ram[FAKE_PAGES][PAGE_SIZE] __attribute__((aligned(PAGE_SIZE)));

/* Memory outside RAM: it reads as 0, and can't be written. */
static const u8 fake_nothing[PAGE_SIZE] __attribute__((aligned(PAGE_SIZE)));

static inline void *phys_to_virt(hpa_t hpa)
{
	if (hpa - FAKE_RAM_HPA >= sizeof(fake_ram))
		return (void *)&fake_nothing[hpa % PAGE_SIZE];
	return &fake_ram[0][0] + (hpa - FAKE_RAM_HPA);
}

static inline hpa_t virt_to_phys(const volatile void *virt)
{
	return (const u8 *)virt - &fake_ram[0][0] + FAKE_RAM_HPA;
}

#ifndef FAKE_RAM_ALONE
static size_t fake_pages; /* number of pages that are allocated */

void *frames_alloc(size_t pages)
{
	u8 *first = fake_ram[fake_pages];

	if (pages > FAKE_PAGES - fake_pages)
		return NULL;
	fake_pages += pages;
	memset(first, 0, pages * PAGE_SIZE);
	return first;
}

u64 frames_top(void)
{
	return FAKE_RAM_HPA + sizeof(fake_ram);
}
#endif

#endif
