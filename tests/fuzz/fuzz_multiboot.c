/* SPDX-License-Identifier: MIT */
/* Guest kernels of multiboot 1: whatever is in the file, no byte beyond it. */
#include <stdlib.h>
#include <string.h>

#include "guest/multiboot.h"

#define RAM (4 * MIB)

static u8 ram[RAM];
static u64 table[RAM / PAGE_SIZE];

static bool claim(hfn_t hfn)
{
	return hfn < RAM >> PAGE_SHIFT;
}

static hfn_t claim_any(void)
{
	return P2M_NONE;
}

static void *alloc(size_t pages)
{
	return table;
}

static void *map(hfn_t hfn)
{
	return ram + (hfn << PAGE_SHIFT);
}

static const struct guest_memory_ops ops = { claim, claim_any, alloc, map };

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	struct multiboot_entry entry;
	struct guest_memory gm;
	enum multiboot_status status;
	u8 *file = malloc(size ? size : 1);

	memcpy(file, data, size);
	if (guest_memory_init(&gm, &ops, RAM) != GUEST_MEMORY_OK)
		abort();
	status = multiboot_load(&gm, file, size, NULL, 0, "x", &entry);
	if (!multiboot_status_text(status) ||
	    (status == MULTIBOOT_OK && !multiboot_is_kernel(file, size)))
		abort();
	free(file);
	return 0;
}
