/* SPDX-License-Identifier: MIT */
/* The pages from which the programs build their tables. */
#include "guest/builtin/kernel.h"

static gpa_t next_page = PAGES_GPA;

void pages_reset(void)
{
	write_cr3((u64)boot_pml4);
	boot_pml4[WINDOW_PML4_INDEX] = 0;
	flush_all();
	next_page = PAGES_GPA;
}

u64 *page_alloc(void)
{
	u64 *page = (u64 *)next_page;

	if (next_page == PAGES_END) {
		print("guest: out of pages\n");
		guest_exit(1);
	}
	next_page += PAGE_SIZE;
	return memset(page, 0, PAGE_SIZE);
}
