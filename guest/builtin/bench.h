/* SPDX-License-Identifier: MIT */
/* The benchmark's operations, and the functions that measure them. */
#ifndef GUEST_BUILTIN_BENCH_H
#define GUEST_BUILTIN_BENCH_H

#include "guest/builtin/kernel.h"

#define LINK (PTE_P | PTE_W | PTE_U | PTE_A)
#define LEAF (LINK | PTE_D)
#define TABLES 8

struct bench_op {
	const char *name;
	u32 ops; /* operations that one run() does */
	u32 argument; /* for prepare() and run() */
	/* Builds the pages and uses them once, so that the shadow has them. */
	void (*prepare)(u32 argument);
	void (*run)(u32 argument);
	u32 faults; /* page faults that run() must take; 0: any number */
};
/* The operations on pages, and on spaces; the last one has no name. */
extern const struct bench_op bench_ops[], bench_space_ops[];

/* Notes a failure, which makes the figures worthless. The first one is kept. */
void note_failure(const char *what);
/* Prints the failure, if there is one; returns the guest's exit status. */
u32 conclude(const char *program);

#define RUNGS_MAX 16
#define RUNG_NAME_SIZE 16

/*
 * Puts Umbra on the rung of that number, and the rung's name into @name; on the
 * bare machine, number 0 is "bare". Returns false if there is no such rung.
 */
bool use_rung(u32 number, char name[RUNG_NAME_SIZE]);

/*
 * Returns the counters' growth from *before to *after; .exits has no timer's.
 */
struct hypercall_counters
counters_between(const struct hypercall_counters *before,
		 const struct hypercall_counters *after);

/* The two large programs; each returns the guest's exit status. */
u32 demo_main(void);
u32 bench_main(void);
/* The demo of single operations on one rung: "RUNG" or "RUNG,FAULTS". */
u32 single_main(const char *arguments);

#define FRAMES 32 /* leaf() maps them in turn */

/* Page tables for the window, and the PML4 that leads to them. */
struct space {
	u64 *pml4;
	u64 *pdpt;
	u64 *pd;
	u64 *table[TABLES];
};

/* Puts page tables for the window into @pml4: @tables of them, empty. */
void space_build(struct space *s, u64 *pml4, u32 tables);
/* The same in boot_pml4, and frames for leaf(). */
void build(u32 tables);
void prepare_window(u32 unused); /* with one table */
/*
 * Returns the PTE's place for the window's page of that number, after build().
 */
volatile u64 *pte(u64 page);
/* Returns a PTE for the window's page of that number, with A and D set. */
u64 leaf(u64 page);
/*
 * Clears @bits of that PTE atomically, as a kernel for several processors does.
 */
static inline __attribute__((always_inline)) void pte_clear(u64 page, u64 bits)
{
	__asm__ volatile("lock andq %1, %0"
			 : "+m"(*pte(page))
			 : "er"(~bits)
			 : "memory");
}
/* In user mode, read or write the window's pages of a range(). */
u64 read_pages(u64 range);
u64 write_pages(u64 range);
/* Packs the pages from @first to below @end into one argument. */
u64 range(u64 first, u64 end);

#endif
