/* SPDX-License-Identifier: MIT */
/* The guest's page-table entries: see paging.h. */
#include "mmu/guest_walk.h"
#include "mmu/paging.h"

/*
 * PSE-36 (SDM vol. 3A, table 4-4): a PDE that maps 4 MiB has bits 31:22 of the
 * address in place, and bits 39:32 in its bits 20:13.
 */
#define PSE36_SHIFT 13
#define PSE36_ADDRESS_BITS 40
#define PSE36_LOW BITS(31, 22)
#define PSE36_HIGH BITS(20, PSE36_SHIFT)
#define PSE36_RESERVED BIT(21)

/* In 32-bit paging only an entry that maps 4 MiB has reserved bits. */
static u64 reserved_32bit(const struct gpt_format *format, u64 gpte, u8 level)
{
	u8 high = MIN(format->maxphyaddr, PSE36_ADDRESS_BITS) - 32;

	if (!gpte_is_large(format, gpte, level))
		return 0;
	return PSE36_RESERVED | (PSE36_HIGH & ~(BIT(PSE36_SHIFT + high) - 1));
}

/*
 * Returns the reserved bits in PAE and 4-level paging (tables 4-9 to 4-11 and
 * 4-15 to 4-20). At every level: the address bits above MAXPHYADDR, bits 62:52
 * in PAE paging, and XD without NXE. PS in a PML4E, and in a PDPTE where there
 * are no pages of 1 GiB. In an entry that maps a large page: the address bits
 * below the page's size, but for bit 12, which is PAT.
 */
static u64 reserved_64bit(const struct gpt_format *format, u64 gpte, u8 level)
{
	u64 reserved = format->reserved;

	if (level == 4 || (level == 3 && !format->large_3))
		reserved |= PTE_PS;
	else if (gpte_is_large(format, gpte, level))
		reserved |= (1ULL << gpte_shift(format->mode, level)) -
			    PAGE_SIZE - PTE_PAT_LARGE;
	return reserved;
}

bool gpte_reserved_above(const struct gpt_format *format, u64 gpte, u8 level)
{
	if (format->mode == PAGING_32BIT)
		return gpte & reserved_32bit(format, gpte, level);
	return gpte & reserved_64bit(format, gpte, level);
}

gfn_t gpte_gfn_above(const struct gpt_format *format, u64 gpte, u8 level)
{
	bool large = gpte_is_large(format, gpte, level);
	u64 size = large ? 1ULL << gpte_shift(format->mode, level) : PAGE_SIZE;

	if (large && format->mode == PAGING_32BIT)
		gpte = (gpte & PSE36_LOW) | (gpte & PSE36_HIGH)
						    << (32 - PSE36_SHIFT);
	return (gpte & PTE_ADDR_MASK & ~(size - 1)) >> PAGE_SHIFT;
}

u8 gpte_rights(const struct gpt_format *format, u64 gpte)
{
	bool nx = format->mode != PAGING_32BIT && (gpte & PTE_NX);

	return (gpte & PTE_W ? ACCESS_W : 0) | (gpte & PTE_U ? ACCESS_U : 0) |
	       (nx ? 0 : ACCESS_X);
}
