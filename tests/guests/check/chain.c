/* SPDX-License-Identifier: MIT */
/* The building of the tables for the checks. */
#include "tests/guests/check/check.h"

u64 *frame_alloc(void)
{
	u64 *frame = page_alloc();

	memset(frame, INSN_RET, PAGE_SIZE);
	frame[0] = (u64)frame;
	return frame;
}

u64 *chain_entry(const struct chain *chain, gva_t gva, u32 level)
{
	return table_entry(chain->table[level], gva, level);
}

u64 chain_link(const struct chain *chain, u32 level)
{
	return (level == 1 ? (u64)chain->frame : (u64)chain->table[level - 1]) |
	       PTE_ALL;
}

void chain_build(struct chain *chain, gva_t gva)
{
	u32 level;

	chain->table[LEVELS] = boot_pml4;
	for (level = LEVELS - 1; level >= 1; level--)
		chain->table[level] = page_alloc();
	chain->frame = frame_alloc();
	for (level = 1; level <= LEVELS; level++)
		*chain_entry(chain, gva, level) = chain_link(chain, level);
}
