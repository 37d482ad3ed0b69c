/* SPDX-License-Identifier: MIT */
/* The checks of rights, reserved bits, and accessed and dirty bits. */
#include "tests/guests/check/check.h"

#define CPUID_STRUCTURED 7
#define CPUID_7_EBX_SMEP BIT(7)
#define CPUID_7_EBX_SMAP BIT(20)

#define RIGHTS_BITS 3 /* W, U, NX of one level */
#define RIGHTS 8

static u64 rights_of(u32 rights)
{
	return (rights & 1 ? 0 : PTE_W) | (rights & 2 ? 0 : PTE_U) |
	       (rights & 4 ? PTE_NX : 0);
}

/* Writes an entry only if that changes it: each write may be an exit. */
static void set_entry(u64 *entry, u64 value)
{
	if (*entry != value)
		*entry = value;
}

static void set_rights(u64 *entry, u32 rights)
{
	set_entry(entry,
		  (*entry & ~(PTE_W | PTE_U | PTE_NX)) | rights_of(rights));
}

/* All rights at the levels from @lowest on; a Gray code: one change a step. */
static void sweep(const struct chain *chain, gva_t gva, u32 lowest)
{
	u32 bits = RIGHTS_BITS * (LEVELS - lowest + 1);
	u32 i, gray, level;

	for (i = 0; i < BIT(bits); i++) {
		if (!is_chosen())
			continue;
		gray = i ^ i >> 1;
		for (level = lowest; level <= LEVELS; level++, gray /= RIGHTS)
			set_rights(chain_entry(chain, gva, level),
				   gray % RIGHTS);
		invlpg(gva);
		verify(gva);
	}
}

static void sweep_wp(const struct chain *chain, gva_t gva, u32 lowest)
{
	sweep(chain, gva, lowest);
	write_cr0(read_cr0() & ~CR0_WP);
	sweep(chain, gva, lowest);
	write_cr0(read_cr0() | CR0_WP);
}

/* A chain that ends in a large page. */
static void build_large(struct chain *chain, gva_t gva)
{
	chain_build(chain, gva);
	memset((void *)LARGE_A_GPA, INSN_RET, PAGE_SIZE);
	*(u64 *)LARGE_A_GPA = LARGE_A_GPA;
	*chain_entry(chain, gva, 2) = LARGE_A_GPA | PTE_ALL | PTE_PS;
	flush_all();
}

void check_rights_4k(void)
{
	struct chain chain;

	chain_build(&chain, WINDOW_GVA);
	sweep_wp(&chain, WINDOW_GVA, 1);
}

void check_rights_2m(void)
{
	struct chain chain;

	build_large(&chain, WINDOW_GVA);
	sweep_wp(&chain, WINDOW_GVA, 2);
}

void check_rights_smep_smap(void)
{
	u32 features = cpuid(CPUID_STRUCTURED).ebx;
	struct chain chain;
	u64 cr4 = read_cr4();

	if (cpuid(0).eax < CPUID_STRUCTURED)
		return;
	build_large(&chain, WINDOW_GVA);
	if (features & CPUID_7_EBX_SMEP) {
		write_cr4(cr4 | CR4_SMEP);
		sweep_wp(&chain, WINDOW_GVA, 2);
		set_nxe(false);
		sweep(&chain, WINDOW_GVA, 2);
		set_nxe(true);
		write_cr4(cr4);
	}
	if (features & CPUID_7_EBX_SMAP) {
		write_cr4(cr4 | CR4_SMAP);
		sweep_wp(&chain, WINDOW_GVA, 2);
		write_cr4(cr4);
	}
}

/* A of each level, and D of the leaf, by the bits of @flags. */
static void set_flags(const struct chain *chain, gva_t gva, u32 lowest,
		      u32 flags, u32 denied)
{
	u64 value;
	u64 *entry;
	u32 level;

	for (level = lowest; level <= LEVELS; level++) {
		entry = chain_entry(chain, gva, level);
		value = *entry & ~(PTE_A | PTE_D | PTE_W | PTE_U | PTE_NX);
		if (flags & BIT(level))
			value |= PTE_A;
		if (level == lowest && flags & BIT(0))
			value |= PTE_D;
		/* One right of one level is denied, or none at all. */
		value |= rights_of(denied && (denied - 1) / RIGHTS_BITS ==
							   level - 1
					   ? 1U << (denied - 1) % RIGHTS_BITS
					   : 0);
		set_entry(entry, value);
	}
	invlpg(gva);
}

static void check_flags(const struct chain *chain, gva_t gva, u32 lowest)
{
	u32 flags, denied, access;

	for (denied = 0; denied <= RIGHTS_BITS * LEVELS; denied++)
		for (flags = 0; flags < BIT(LEVELS + 1); flags++)
			for (access = 0; access < 2 * ACCESS_KINDS; access++) {
				if (!is_chosen())
					continue;
				set_flags(chain, gva, lowest, flags, denied);
				verify_access(gva, access % 2, access / 2);
			}
}

void check_accessed_dirty(void)
{
	struct chain chain;

	chain_build(&chain, WINDOW_GVA);
	check_flags(&chain, WINDOW_GVA, 1);
	pages_reset();
	build_large(&chain, WINDOW_GVA);
	check_flags(&chain, WINDOW_GVA, 2);
}

/* Returns the bits that may be reserved at @level, and that do no harm. */
static u64 reserved_candidates(u32 level, bool large_leaf)
{
	u64 bits = PTE_NX;

	if (maxphyaddr < 52)
		bits |= BITS(51, maxphyaddr);
	if (level > 1)
		bits |= PTE_PS;
	if (large_leaf)
		bits |= BITS(20, 13);
	return bits;
}

/*
 * Checks one bit at @level, in cases where an entry is not present (then the
 * higher level decides) and where user mode has no right (reserved bits come
 * first): 0 stands for nowhere.
 */
static void check_reserved_bit(const struct chain *chain, gva_t gva, u32 lowest,
			       u32 level, u64 bit)
{
	u64 saved[LEVELS + 1];
	u32 absent, locked, l;

	for (l = lowest; l <= LEVELS; l++)
		saved[l] = *chain_entry(chain, gva, l);
	for (absent = 0; absent <= LEVELS; absent++)
		for (locked = 0; locked <= LEVELS; locked += LEVELS - 1) {
			if (!is_chosen())
				continue;
			for (l = lowest; l <= LEVELS; l++)
				set_entry(chain_entry(chain, gva, l),
					  (saved[l] | (l == level ? bit : 0)) &
						  ~(l == absent ? PTE_P : 0) &
						  ~(l == locked ? PTE_U : 0));
			invlpg(gva);
			verify(gva);
		}
	for (l = lowest; l <= LEVELS; l++)
		set_entry(chain_entry(chain, gva, l), saved[l]);
}

static void check_reserved_chain(const struct chain *chain, gva_t gva,
				 u32 lowest)
{
	u32 level, bit;
	u64 bits;

	for (level = lowest; level <= LEVELS; level++) {
		bits = reserved_candidates(level, level == 2 && lowest == 2);
		for (bit = 0; bit < 64; bit++)
			if (bits & BIT(bit))
				check_reserved_bit(chain, gva, lowest, level,
						   BIT(bit));
	}
}

void check_reserved(void)
{
	struct chain chain;

	/*
	 * No table is aligned to a large page, so that PS makes
	 * their address bits reserved.
	 */
	page_alloc();
	chain_build(&chain, WINDOW_GVA);
	check_reserved_chain(&chain, WINDOW_GVA, 1);
	set_nxe(false);
	check_reserved_chain(&chain, WINDOW_GVA, 1);
	set_nxe(true);

	pages_reset();
	page_alloc();
	build_large(&chain, WINDOW_GVA);
	check_reserved_chain(&chain, WINDOW_GVA, 2);
}
