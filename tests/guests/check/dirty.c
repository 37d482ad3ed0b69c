/* SPDX-License-Identifier: MIT */
/*
 * Umbra's dirty log, by its hypercalls: of five frames, a page's and its
 * tables', exactly those that were written are in it.
 */
#include "tests/guests/check/check.h"

#define FRAMES 5
#define PAGE BIT(0) /* in a set of the five: the page itself, ... */
#define TABLE(level) BIT(level) /* ... and its tables */
#define SERIAL_SCRATCH 0x3ff /* a register that only keeps its value */

static struct chain chain;

static u64 gfn_of(u32 i)
{
	return (i ? (u64)chain.table[i] : (u64)chain.frame) >> PAGE_SHIFT;
}

/*
 * Returns those of the five that are in the log, as a set, and empties the log.
 */
static u32 take_logged(void)
{
	static u64 bits;
	u32 set = 0;

	for (u32 i = 0; i < FRAMES; i++) {
		u64 first = gfn_of(i) & ~63ULL;

		require(!hypercall(HYPERCALL_DIRTY_LOG_TAKE, first, &bits),
			"the log can't be read");
		for (u32 j = 0; j < FRAMES; j++)
			if ((gfn_of(j) & ~63ULL) == first &&
			    bits >> (gfn_of(j) & 63) & 1)
				set |= BIT(j);
	}
	return set;
}

static void write_page(void)
{
	*(volatile u64 *)WINDOW_GVA = 1;
}

static void read_page(void)
{
	(void)*(volatile u64 *)WINDOW_GVA;
}

/* By a device: Umbra carries out the whole instruction. */
static void string_io(void)
{
	gva_t to = WINDOW_GVA;
	u64 count = 8;

	__asm__ volatile("rep insb"
			 : "+D"(to), "+c"(count)
			 : "d"(SERIAL_SCRATCH)
			 : "memory");
}

static void require_logged(u32 set, const char *what)
{
	require(take_logged() == set, what);
}

static void check_pages(void)
{
	require_logged(0, "frames are dirty that nobody has written");
	read_page();
	require_logged(0, "a read");
	write_page();
	write_page();
	require_logged(PAGE, "a write");
	write_page();
	require_logged(PAGE, "a write after the log was read");
	string_io();
	require_logged(PAGE, "string I/O");
}

/* The kernel's own writes, and the processor's, of the A and D flags. */
static void check_log_of_tables(void)
{
	volatile u64 *pte = chain_entry(&chain, WINDOW_GVA, 1);
	volatile u64 *pde = chain_entry(&chain, WINDOW_GVA, 2);

	*pte &= ~PTE_D;
	invlpg(WINDOW_GVA);
	require_logged(TABLE(1), "a write of a PTE");
	read_page();
	require_logged(0, "a read by a clean PTE");
	write_page();
	require_logged(TABLE(1) | PAGE, "the D flag");
	*pde &= ~PTE_A;
	invlpg(WINDOW_GVA);
	require_logged(TABLE(2), "a write of a PDE");
	read_page();
	require_logged(TABLE(2), "the A flag");
}

void check_dirty_log(void)
{
	static u64 bits;

	if (!on_umbra)
		return;
	chain_build(&chain, WINDOW_GVA);
	flush_all();
	read_page();
	require(hypercall(HYPERCALL_DIRTY_LOG_TAKE, 0, &bits),
		"there is a log before it was switched on");
	for (u32 round = 0; round < 2; round++) {
		require(!hypercall(HYPERCALL_DIRTY_LOG, 1, NULL),
			"the log can't be switched on");
		check_pages();
		check_log_of_tables();
		write_page();
		hypercall(HYPERCALL_DIRTY_LOG, 0, NULL);
		write_page();
	}
}
