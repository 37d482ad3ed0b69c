/* SPDX-License-Identifier: MIT */
/*
 * The reference: 4-level paging written straight from the SDM, with nothing of
 * mmu/ in it. What it says about an access is what the guest must see.
 */
#ifndef TESTS_MODEL_REFERENCE_H
#define TESTS_MODEL_REFERENCE_H

#include "arch/x86/regs.h"
#include "lib/types.h"

struct reference {
	u64 cr0, cr3, cr4, efer;
	u8 maxphyaddr;
	bool gigabyte_pages;
	/* The 8 bytes at a guest-physical address; NULL: not RAM, all ones. */
	u64 *(*entry)(void *ctx, gpa_t gpa);
	void *ctx;
};

struct reference_walk {
	bool fault;
	u32 error_code; /* where fault */
	/* The rest is valid where there is a translation, permitted or not. */
	bool mapped;
	gpa_t gpa;
	bool w, u, x; /* the rights of all levels combined */
	bool accessed; /* A is set at every level */
	bool dirty; /* D is set in the entry that maps the page */
	u8 shift; /* the page has 1 << shift bytes */
	/* The entries used, the PML4E first. */
	unsigned int depth;
	gpa_t entry[4];
};

/* Is the entry, present, one with a reserved bit set? level: 4 PML4E ... 1 */
bool reference_reserved(const struct reference *r, u64 entry, int level);
/* What an access of a page-fault error code's kind (W, U, I/D) meets. */
struct reference_walk reference_walk(const struct reference *r, gva_t gva,
				     u32 access);
/* Would the walk's rights permit the access? */
bool reference_permits(const struct reference *r,
		       const struct reference_walk *walk, u32 access);
/* Set the flags that the access, permitted, sets; returns if any changed. */
bool reference_set_flags(const struct reference *r,
			 const struct reference_walk *walk, u32 access);

#endif
