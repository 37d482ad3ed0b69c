/* SPDX-License-Identifier: MIT */
/*
 * The guest's page tables as data: the number of levels of a paging mode, the
 * entry that an address selects in a table, and the meaning of the entry's
 * bits. SDM vol. 3A, 4.3 (32-bit), 4.4 (PAE), 4.5 (4-level).
 */
#ifndef MMU_PAGING_H
#define MMU_PAGING_H

#include "arch/x86/regs.h"
#include "lib/types.h"

/* SDM vol. 3A, 4.1.1. */
enum paging_mode { PAGING_NONE, PAGING_32BIT, PAGING_PAE, PAGING_4LEVEL };

#define PAE_PDPTES 4
/* Reserved bits of a PAE PDPTE, besides bits 63:MAXPHYADDR (table 4-8). */
#define PDPTE_RESERVED (BITS(8, 5) | BITS(2, 1))

/* The state of the processor that gives a guest's entry its meaning. */
struct gpt_format {
	enum paging_mode mode;
	bool nxe; /* bit 63 is XD, else it is reserved */
	bool large_2; /* PS in a PDE maps a page; else it is ignored */
	bool large_3; /* PS in a PDPTE maps a page; else it is reserved */
	u8 maxphyaddr;
	u64 reserved; /* bits reserved in each entry; none of bits 31:0 */
};

/* Returns the mode that CR0, CR4 and EFER select. */
static inline enum paging_mode paging_mode(u64 cr0, u64 cr4, u64 efer)
{
	if (!(cr0 & CR0_PG))
		return PAGING_NONE;
	if (efer & EFER_LMA)
		return PAGING_4LEVEL;
	return cr4 & CR4_PAE ? PAGING_PAE : PAGING_32BIT;
}

static inline struct gpt_format gpt_format(enum paging_mode mode, bool nxe,
					   bool pse, bool gigabyte_pages,
					   u8 maxphyaddr)
{
	return (struct gpt_format){
		/* 62:52 if PAE, XD without NXE, the address above MAXPHYADDR. */
		.reserved = (BIT(52) - BIT(maxphyaddr)) |
			    (mode == PAGING_PAE ? BITS(62, 52) : 0) |
			    (nxe ? 0 : PTE_NX),
		.mode = mode,
		.nxe = nxe,
		.large_2 = mode != PAGING_32BIT || pse,
		.large_3 = mode == PAGING_4LEVEL && gigabyte_pages,
		.maxphyaddr = maxphyaddr,
	};
}

/* Returns the level at which a walk begins; PAE's PDPTEs count as level 3. */
static inline u8 paging_top_level(enum paging_mode mode)
{
	static const u8 levels[] = { 0, 2, 3, 4 };

	return levels[mode];
}

/* Returns the number of the entry that has byte @offset of a table. */
static inline u32 gpte_number(enum paging_mode mode, u32 offset)
{
	return offset >> (mode == PAGING_32BIT ? 2 : 3);
}

/* Returns the number of address bits that select an entry. */
static inline u8 gpte_index_bits(enum paging_mode mode)
{
	return mode == PAGING_32BIT ? 10 : 9;
}

/* Returns the lowest address bit that selects an entry at @level. */
static inline u8 gpte_shift(enum paging_mode mode, u8 level)
{
	return PAGE_SHIFT + gpte_index_bits(mode) * (level - 1);
}

/* Returns the number of the entry for @gva in a guest's table at @level. */
static inline u32 gpte_index(enum paging_mode mode, gva_t gva, u8 level)
{
	u32 entries = 1U << gpte_index_bits(mode);

	return gva >> gpte_shift(mode, level) & (entries - 1);
}

/* Reads entry @index, in one piece, of the table that Umbra sees at @table. */
static inline u64 gpte_read(enum paging_mode mode, const void *table, u32 index)
{
	if (mode == PAGING_32BIT)
		return __atomic_load_n((const u32 *)table + index,
				       __ATOMIC_RELAXED);
	return __atomic_load_n((const u64 *)table + index, __ATOMIC_RELAXED);
}

/* Returns true if the entry, at @level > 1, maps a page. */
static inline bool gpte_is_large(const struct gpt_format *format, u64 gpte,
				 u8 level)
{
	return (gpte & PTE_PS) && ((level == 2 && format->large_2) ||
				   (level == 3 && format->large_3));
}

/* gpte_reserved() and gpte_gfn() for an entry of a level above 1. */
bool gpte_reserved_above(const struct gpt_format *format, u64 gpte, u8 level);
gfn_t gpte_gfn_above(const struct gpt_format *format, u64 gpte, u8 level);

/* Returns true if the entry, which is present, has a reserved bit set. */
static inline bool gpte_reserved(const struct gpt_format *format, u64 gpte,
				 u8 level)
{
	if (level > 1)
		return gpte_reserved_above(format, gpte, level);
	/* No bit of these is among the 32 bits of an entry of 32-bit paging. */
	return gpte & format->reserved;
}

/*
 * Returns the frame that the entry names: that of the next table, or the first
 * one of the page that the entry maps.
 */
static inline gfn_t gpte_gfn(const struct gpt_format *format, u64 gpte,
			     u8 level)
{
	if (level > 1)
		return gpte_gfn_above(format, gpte, level);
	return (gpte & PTE_ADDR_MASK) >> PAGE_SHIFT;
}

/* Returns the rights (enum access) that this entry alone gives. */
u8 gpte_rights(const struct gpt_format *format, u64 gpte);

#endif
