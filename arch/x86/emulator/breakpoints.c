/* SPDX-License-Identifier: MIT */
#include "arch/x86/emulator/breakpoints.h"

/* If an enabled breakpoint is hit, all others that match are reported, too. */
void breakpoints_compare(struct breakpoints *b, u32 access, u64 address,
			 size_t len)
{
	static const u8 lengths[] = { 1, 2, 8, 4 };
	u32 matching = 0, enabled = 0;

	for (unsigned int n = 0; n < BREAKPOINTS; n++) {
		u64 condition = b->dr7 >> (16 + 4 * n);
		u64 size = lengths[condition >> 2 & 3];
		u64 start = b->address[n] & ~(size - 1);

		if (!(access & BIT(condition & 3)) ||
		    (address - start >= size && start - address >= len))
			continue;
		matching |= BIT(n);
		enabled |= b->dr7 >> 2 * n & 3;
	}
	if (enabled && (b->io || access != BREAK_PORT))
		b->hits |= matching;
}
