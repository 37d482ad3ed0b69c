/* SPDX-License-Identifier: MIT */
/* The checks of control registers' effects, and of memory's edges. */
#include "tests/guests/check/check.h"

#define HOLE_GPA 0xa0000
#define ONES_32 0xffffffffULL

/*
 * CR2 is in the page that faults, even if the access begins in the one before.
 */
void check_straddle(void)
{
	gva_t second = WINDOW_GVA + PAGE_SIZE;
	struct chain chain;

	chain_build(&chain, WINDOW_GVA);
	chain.table[1][1] = 0;
	flush_all();
	traps.catch = true;
	require(run_kernel(access_read_kernel, second - 4), "no fault");
	require(traps.cr2 == second, "CR2 is not in the second page");
	require(traps.error_code == 0, "a wrong error code");
	require(run_user(access_write_user, second - 4), "no fault");
	require(traps.cr2 == second, "CR2 is not in the second page");
	require(traps.error_code == (PFEC_W | PFEC_U), "a wrong error code");
	chain.table[1][0] &= ~PTE_W;
	chain.table[1][1] = chain_link(&chain, 1);
	flush_all();
	require(run_user(access_write_user, second - 4), "no fault");
	require(traps.cr2 == second - 4, "CR2 is not in the first page");
	require(traps.error_code == (PFEC_P | PFEC_W | PFEC_U),
		"a wrong error code");
	require(!run_user(access_read_user, second - 4), "a fault");
	traps.catch = false;
}

void check_address_spaces(void)
{
	struct chain first, second;
	u64 *pml4 = page_alloc();
	u32 i;

	chain_build(&second, WINDOW_GVA);
	chain_build(&first, WINDOW_GVA);
	memcpy(pml4, boot_pml4, PAGE_SIZE);
	second.table[LEVELS] = pml4;
	*chain_entry(&second, WINDOW_GVA, LEVELS) = chain_link(&second, LEVELS);

	for (i = 0; i < 8; i++) {
		write_cr3((u64)boot_pml4);
		verify(WINDOW_GVA);
		/* Change the tables that are not in use. */
		*chain_entry(&second, WINDOW_GVA, 1 + i % 2) ^= PTE_W;
		*chain_entry(&second, WINDOW_GVA, 1 + i / 2) ^= PTE_NX;
		write_cr3((u64)pml4);
		verify(WINDOW_GVA);
		*chain_entry(&first, WINDOW_GVA, 1) ^= i & 2 ? PTE_P : PTE_U;
	}
	/* One table is a part of the other space, below the top. */
	*chain_entry(&second, WINDOW_GVA, 3) = chain_link(&first, 3);
	write_cr3((u64)pml4);
	verify(WINDOW_GVA);
	*chain_entry(&first, WINDOW_GVA, 1) ^= PTE_W;
	invlpg(WINDOW_GVA);
	verify(WINDOW_GVA);
}

/* While paging is off, tables are plain memory, and so is a hole. */
void check_unpaged(void)
{
	struct unpaged_visit visit;
	struct chain chain;
	u32 i;

	chain_build(&chain, WINDOW_GVA);
	visit.write_gpa = (u64)chain_entry(&chain, WINDOW_GVA, 1);
	for (i = 0; i < 8; i++) {
		flush_all();
		verify(WINDOW_GVA);
		visit.read_gpa = i & 1 ? HOLE_GPA : (u64)chain.frame;
		visit.value_read = 0;
		visit.value_written = chain_link(&chain, 1) ^
				      (i & 2 ? PTE_P : PTE_W) ^ PTE_A;
		unpaged_visit(&visit);
		require(*(u64 *)visit.write_gpa == visit.value_written,
			"the unpaged write got lost");
		if (!(i & 1))
			require(visit.value_read == (u32)chain.frame[0],
				"an unpaged read gave something else");
		else if (on_umbra)
			require(visit.value_read == ONES_32,
				"an unpaged read of a hole gave no ones");
		verify(WINDOW_GVA);
	}
}

void check_write_protect(void)
{
	struct chain chain;
	u32 i;

	chain_build(&chain, WINDOW_GVA);
	for (i = 0; i < 8; i++) {
		*chain.table[1] = (u64)chain.frame | PTE_P |
				  (i & 1 ? PTE_U : 0) | (i & 2 ? PTE_NX : 0) |
				  (i & 4 ? PTE_A : 0);
		flush_all();
		verify(WINDOW_GVA);
		write_cr0(read_cr0() & ~CR0_WP);
		verify(WINDOW_GVA);
		/* The kernel's write must not let the user write. */
		verify_access(WINDOW_GVA, false, ACCESS_WRITE);
		verify_access(WINDOW_GVA, true, ACCESS_WRITE);
		verify_access(WINDOW_GVA, true, ACCESS_READ);
		verify_access(WINDOW_GVA, false, ACCESS_WRITE);
		write_cr0(read_cr0() | CR0_WP);
		verify(WINDOW_GVA);
	}
}

void check_no_execute(void)
{
	struct chain chain;
	u32 level, i;

	chain_build(&chain, WINDOW_GVA);
	for (level = 1; level <= LEVELS; level++) {
		for (i = 0; i < 4; i++) {
			*chain_entry(&chain, WINDOW_GVA, level) ^= PTE_NX;
			invlpg(WINDOW_GVA);
			verify(WINDOW_GVA);
			set_nxe(i & 1);
			flush_all();
			verify(WINDOW_GVA);
		}
		*chain_entry(&chain, WINDOW_GVA, level) &= ~PTE_NX;
	}
	set_nxe(true);
}

/* A global translation survives a CR3 load, not a change of CR4.PGE. */
void check_global(void)
{
	struct chain chain;
	u64 *pte;
	u64 other;
	u32 i;

	chain_build(&chain, WINDOW_GVA);
	pte = chain_entry(&chain, WINDOW_GVA, 1);
	other = (u64)frame_alloc() | PTE_ALL | PTE_G;
	for (i = 0; i < 4; i++) {
		write_cr4(read_cr4() | CR4_PGE);
		*pte = i & 1 ? other : chain_link(&chain, 1) | PTE_G;
		invlpg(WINDOW_GVA);
		verify(WINDOW_GVA);
		flush_all();
		verify(WINDOW_GVA);
		*pte = i & 1 ? other & ~PTE_W : 0;
		write_cr4(read_cr4() & ~CR4_PGE);
		verify(WINDOW_GVA);
	}
}

/* Rights come first; then the bus answers, with ones where no device is. */
void check_hole(void)
{
	u64 holes[] = { HOLE_GPA, BIT(maxphyaddr) - PAGE_SIZE };
	struct chain chain;
	volatile u64 *hole = (volatile u64 *)WINDOW_GVA;
	u64 *pte;
	u32 i;

	if (!on_umbra)
		return; /* a graphics card may sit there */
	chain_build(&chain, WINDOW_GVA);
	pte = chain_entry(&chain, WINDOW_GVA, 1);
	for (i = 0; i < ARRAY_SIZE(holes); i++) {
		*pte = holes[i] | PTE_P | PTE_W | PTE_U;
		invlpg(WINDOW_GVA);
		require(*hole == ~0ULL, "a hole gave no ones");
		require(*pte == (holes[i] | PTE_P | PTE_W | PTE_U | PTE_A),
			"a read left no A");
		*hole = 0;
		require(*pte == (holes[i] | PTE_ALL), "a write left no D");
		require(*(volatile u16 *)(WINDOW_GVA + 2) == 0xffff,
			"a hole kept what was written");

		*pte = holes[i] | PTE_P;
		invlpg(WINDOW_GVA);
		require(*hole == ~0ULL, "a hole gave no ones");
		verify_access(WINDOW_GVA, false, ACCESS_WRITE);
		verify_access(WINDOW_GVA, true, ACCESS_READ);
		verify_access(WINDOW_GVA, true, ACCESS_WRITE);
		*pte = 0;
		invlpg(WINDOW_GVA);
		verify_access(WINDOW_GVA, false, ACCESS_READ);
		*pte = chain_link(&chain, 1);
		invlpg(WINDOW_GVA);
		verify(WINDOW_GVA);
	}
}
