/* SPDX-License-Identifier: MIT */
/* The checks of tables that are used for more than one purpose. */
#include "tests/guests/check/check.h"

#define SELF_INDEX 510
#define CANONICAL (~0ULL << 48)

/* The address at which the self-mapping entry shows the PTE for @gva. */
static u64 *self_pte(gva_t gva)
{
	return (u64 *)(CANONICAL | (u64)SELF_INDEX * 512 * GIB |
		       (gva & BITS(47, 12)) >> 9);
}

void check_self_map(void)
{
	u64 *self_entry = &boot_pml4[SELF_INDEX];
	volatile u64 *pte = self_pte(WINDOW_GVA);
	struct chain chain;
	u64 other;
	u32 i;

	chain_build(&chain, WINDOW_GVA);
	*self_entry = (u64)boot_pml4 | PTE_P | PTE_W;
	flush_all();
	other = (u64)frame_alloc() | PTE_P | PTE_W | PTE_U;
	for (i = 0; i < 4; i++) {
		require(*pte == *chain.table[1], "another PTE is shown");
		*pte = i % 2 ? chain_link(&chain, 1) : other;
		invlpg(WINDOW_GVA);
		verify(WINDOW_GVA);
		*pte = 0;
		invlpg(WINDOW_GVA);
		verify(WINDOW_GVA);
	}

	/* The PD, the PDPT and the PML4, as the self-mapping shows them. */
	pte = self_pte((gva_t)self_pte(WINDOW_GVA));
	require(*pte == chain.table[2][0], "another PDE is shown");
	*pte = 0;
	invlpg(WINDOW_GVA);
	verify(WINDOW_GVA);
	pte = self_pte((gva_t)self_pte((gva_t)self_pte(WINDOW_GVA)));
	require(*pte == chain.table[3][0], "another PDPTE is shown");

	/* The entry, written through itself, becomes absent. */
	pte = self_pte((gva_t)self_pte((gva_t)self_pte(
		(gva_t)self_pte(CANONICAL | (u64)SELF_INDEX * 512 * GIB))));
	pte = (u64 *)(((gva_t)pte & PAGE_MASK) | SELF_INDEX * sizeof(u64));
	*pte = 0;
	flush_all();
	require(*self_entry == 0, "the entry is still there");
	verify((gva_t)pte);
	verify(WINDOW_GVA);
}

void check_own_mapping(void)
{
	struct chain chain;
	u64 *table;
	u64 index, op, self;
	volatile u64 *entry;

	chain_build(&chain, WINDOW_GVA);
	table = chain.table[1];
	self = (u64)table | PTE_ALL;
	index = 2;
	entry = (volatile u64 *)(WINDOW_GVA + index * PAGE_SIZE) + index;
	for (op = 0; op < write_op_count; op++) {
		if (!write_ops[op].single || write_ops[op].gives_up)
			continue;
		table[index] = self;
		invlpg((gva_t)entry);
		write_ops[op].run(entry, self, (u64)chain.frame | PTE_ALL);
		require(table[index] == ((u64)chain.frame | PTE_ALL),
			write_ops[op].name);
		invlpg((gva_t)entry);
		verify((gva_t)entry & PAGE_MASK);

		/* Writes another entry of the table that makes the mapping,
		 * too. */
		table[index] = self;
		table[index + 2] = 0;
		invlpg((gva_t)entry);
		invlpg(WINDOW_GVA + (index + 2) * PAGE_SIZE);
		write_ops[op].run(entry + 2, 0, (u64)chain.frame | PTE_ALL);
		verify(WINDOW_GVA + (index + 2) * PAGE_SIZE);
	}
}

/* The frame is PDPT, PD, PT and page at once, by the indices of the address. */
void check_shared_frame(void)
{
	u64 *shared = frame_alloc(), *frame = frame_alloc();
	u32 i, step;

	boot_pml4[WINDOW_PML4_INDEX] = (u64)shared | PTE_P | PTE_W | PTE_U;
	shared[0] = (u64)shared | PTE_P | PTE_W | PTE_U;
	shared[1] = (u64)frame | PTE_P | PTE_W | PTE_U;
	for (step = 0; step < 4; step++) {
		flush_all();
		for (i = 0; i < 8; i++)
			verify(WINDOW_GVA + (i & 1 ? PAGE_SIZE : 0) +
			       (i & 2 ? LARGE_PAGE_SIZE : 0) +
			       (i & 4 ? GIB : 0));
		shared[1] ^= step % 2 ? PTE_P : PTE_W;
	}
}

/* A table in a large page, written through that page. */
void check_large_page_alias(void)
{
	gva_t alias_gva = WINDOW_GVA + GIB;
	struct chain chain, alias;
	volatile u64 *pte;
	u64 frame;
	u32 i;

	chain_build(&chain, WINDOW_GVA);
	alias = chain;
	alias.table[2] = page_alloc();
	*chain_entry(&chain, alias_gva, 3) = chain_link(&alias, 3);
	*chain_entry(&alias, alias_gva, 2) = PAGES_GPA | PTE_ALL | PTE_PS;
	pte = (volatile u64 *)(alias_gva + ((u64)chain.table[1] - PAGES_GPA));
	frame = (u64)frame_alloc();
	flush_all();
	*pte = *pte; /* the large page is writable before the table is one */
	for (i = 0; i < 4; i++) {
		verify(WINDOW_GVA);
		*pte = i % 2 ? chain_link(&chain, 1)
			     : frame | PTE_P | PTE_W | PTE_U;
		invlpg(WINDOW_GVA);
		verify(WINDOW_GVA);
		verify((gva_t)pte);
	}
}

void check_reuse(void)
{
	struct chain chain;
	u64 *pde, *table;
	u64 link;
	u32 i;

	chain_build(&chain, WINDOW_GVA);
	pde = chain_entry(&chain, WINDOW_GVA, 2);
	link = *pde;
	table = chain.table[1];
	for (i = 0; i < 8; i++) {
		*pde = link;
		flush_all();
		verify(WINDOW_GVA);
		verify(WINDOW_GVA + PAGE_SIZE);
		*pde = 0;
		flush_all();
		verify(WINDOW_GVA);
		memset(table, INSN_RET, PAGE_SIZE);
		/* Entries that were present are absent when the frame is a
		 * table again. */
		table[i % 2] = chain_link(&chain, 1);
		table[(i + 1) % 2] = i & 2 ? 0 : PTE_ADDR_MASK & ~PTE_P;
	}
}

void check_split(void)
{
	gva_t middle = WINDOW_GVA + LARGE_PAGE_SIZE / 2;
	u64 *a = (u64 *)LARGE_A_GPA, *b = (u64 *)LARGE_B_GPA;
	struct chain chain;
	u64 *pde;
	u32 i, page;

	for (i = 0; i < PT_ENTRIES * PT_ENTRIES; i += PT_ENTRIES) {
		a[i] = (u64)&a[i];
		b[i] = (u64)&b[i];
	}
	chain_build(&chain, WINDOW_GVA);
	pde = chain_entry(&chain, WINDOW_GVA, 2);
	for (i = 0; i < 4; i++) {
		*pde = (i % 2 ? LARGE_A_GPA : LARGE_B_GPA) | PTE_P | PTE_W |
		       PTE_U | PTE_PS;
		invlpg(middle);
		verify(middle);
		for (page = 0; page < PT_ENTRIES; page++)
			chain.table[1][page] =
				(LARGE_A_GPA + (page ^ i) * PAGE_SIZE) | PTE_P |
				PTE_U;
		*pde = chain_link(&chain, 2);
		flush_all();
		verify(middle);
		verify(WINDOW_GVA);
	}
	/* INVLPG of any address in a 2 MiB page flushes it. */
	*pde = LARGE_A_GPA | PTE_ALL | PTE_PS;
	flush_all();
	verify(WINDOW_GVA);
	verify(middle);
	*pde &= ~PTE_W;
	invlpg(middle + PAGE_SIZE);
	verify(WINDOW_GVA);
	verify(middle);
}

void check_gigabyte(void)
{
	struct chain chain;

	if (!gigabyte_pages)
		return;
	chain_build(&chain, WINDOW_GVA);
	*chain_entry(&chain, WINDOW_GVA, 3) = PTE_P | PTE_W | PTE_U | PTE_PS;
	flush_all();
	verify(WINDOW_GVA + (u64)chain.frame);
	verify(WINDOW_GVA + LARGE_A_GPA);
	*chain_entry(&chain, WINDOW_GVA, 3) = PTE_P | PTE_U | PTE_PS | PTE_NX;
	invlpg(WINDOW_GVA + LARGE_A_GPA);
	verify(WINDOW_GVA + LARGE_A_GPA);
}
