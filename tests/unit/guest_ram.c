/* SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "tests/unit/guest_ram.h"

u8 *guest_ram;
static u64 *table;
static u64 frames;

static bool claim(hfn_t hfn)
{
	return hfn < frames;
}

static hfn_t claim_any(void)
{
	return HFN_NONE;
}

static void *alloc(size_t pages)
{
	table = calloc(pages, PAGE_SIZE);
	return table;
}

static void *map(hfn_t hfn)
{
	return guest_ram + (hfn << PAGE_SHIFT);
}

static const struct guest_memory_ops ops = { claim, claim_any, alloc, map };

void guest_ram_free(void)
{
	free(guest_ram);
	free(table);
	guest_ram = NULL;
	table = NULL;
}

void guest_ram_make(struct guest_memory *gm, u64 bytes)
{
	guest_ram_free();
	frames = bytes >> PAGE_SHIFT;
	guest_ram = calloc(1, bytes);
	if (!guest_ram || guest_memory_init(gm, &ops, bytes) != GUEST_MEMORY_OK)
		abort();
}
