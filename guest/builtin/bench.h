/* SPDX-License-Identifier: MIT */
/* The benchmark's operations, and who measures them. */
#ifndef GUEST_BUILTIN_BENCH_H
#define GUEST_BUILTIN_BENCH_H

#include "guest/builtin/kernel.h"

#define LINK (PTE_P | PTE_W | PTE_U | PTE_A)
#define LEAF (LINK | PTE_D)
#define TABLES 8

struct bench_op {
	const char *name;
	u32 ops; /* operations that one run() does */
	u32 argument; /* of these: */
	/* Build what it needs, and have it used once: Umbra's shadow is warm. */
	void (*prepare)(u32 argument);
	void (*run)(u32 argument);
	void (*verify)(u32 argument); /* or NULL */
};
/* The pages, and the address spaces; the last one has no name. */
extern const struct bench_op bench_ops[], bench_space_ops[];

/* The benchmark measures nonsense: @what went wrong. */
void bench_fails(const char *what);

/* The two large programs; each returns the guest's exit status. */
u32 demo_main(void);
u32 bench_main(void);
/* The demo of single operations on one rung: "RUNG" or "RUNG,FAULTS". */
u32 single_main(const char *arguments);

/* Page tables for the window, and the PML4 that they hang in. */
struct space {
	u64 *pml4;
	u64 *pd;
	u64 *table[TABLES];
};

/* Page tables in @pml4 for the window; @tables of them, empty. */
void space_build(struct space *s, u64 *pml4, u32 tables);
/* The same in boot_pml4, and frames for leaf(). */
void build(u32 tables);
/* Where the PTE of the window's page of that number is, after build(). */
volatile u64 *pte(u64 page);
/* A PTE for the window's page of that number, with A and D set. */
u64 leaf(u64 page);
/* In user mode, the window's pages of a range(). */
u64 read_pages(u64 range);
u64 write_pages(u64 range);
u64 range(u64 first, u64 end);

#endif
