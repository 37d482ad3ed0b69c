/* SPDX-License-Identifier: MIT */
/*
 * The accesses of the 32-bit test guests, compared with the reference; and an
 * address for the guest's experiments.
 */
#ifndef TESTS_GUESTS_PAGING_H
#define TESTS_GUESTS_PAGING_H

#include "tests/guests/runtime.h"

/* Loads the controls, and keeps them for the reference. */
void controls_load(const struct controls *next);
/* Writes the halves that change, the one with P last. */
void entry_write(void *entry, u64 value);
/* Calls try(), and counts it as a check against the tables. */
void verify(u64 gva, u32 user, enum try_kind kind, u32 ac);

/*
 * A chain of tables for one address, in page frames from FREE_GPA on.
 * chain_build() links it with all rights, and makes `large` a large page.
 */
struct chain {
	u64 gva;
	void *entry[LEVELS_MAX + 1]; /* by level; [1] is the PTE */
	u64 link[LEVELS_MAX + 1]; /* entry to the next table or frame */
	u64 large; /* an entry for a large page at level 2, without rights */
};
void chain_build(struct chain *chain);

/* Each frame has code that returns its own number in EAX, and a mark. */
#define FETCH_OFFSET 0x100

#endif
