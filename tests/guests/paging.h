/* SPDX-License-Identifier: MIT */
/*
 * The reference of the test guests: what the tables in memory and the control
 * registers demand of an access, by the letter of the manual, in every mode;
 * and an address of its own for the guest to play with.
 */
#ifndef TESTS_GUESTS_PAGING_H
#define TESTS_GUESTS_PAGING_H

#include "tests/guests/runtime.h"

#define LEVELS_MAX 4

/* What the guest has set; reading it back each time would be slow. */
struct controls {
	bool wp, nxe, smep, smap, pge;
};
extern struct controls controls;
void controls_load(const struct controls *next);

struct prediction {
	bool fault;
	u32 error_code;
	u64 gpa;
	u32 count; /* entries read, from the top; the PAE PDPTE is not one */
	u32 level[LEVELS_MAX];
	void *entry[LEVELS_MAX];
	u64 before[LEVELS_MAX];
};

/* Of the present mode: levels, the size of an entry, large pages. */
u32 top_level(void);
u64 entry_read(const void *entry);
void entry_write(void *entry, u64 value);
bool large_pages(void);
u64 large_page_size(void);
/* The entry for @gva in @table, of @level 1 (a PTE) to 4. */
void *table_entry(void *table, u64 gva, u32 level);
/* Is one of the entry's bits reserved? SDM vol. 3A, 4.3 to 4.5. */
bool has_reserved_bit(u64 entry, u32 level);

/* For the access in `tried`. */
void predict(struct prediction *p);
/* NULL, or what `tried` shows that the prediction doesn't allow. */
const char *compare(const struct prediction *p);
/* try(), and count it as a check against what the tables demand. */
void verify(u64 gva, u32 user, enum try_kind kind, u32 ac);

/*
 * A chain of tables for one address, in page frames from FREE_GPA on.
 * chain_build() links it with all rights, and makes `large` a large page.
 */
struct chain {
	u64 gva;
	void *entry[LEVELS_MAX + 1]; /* by level; [1] is the PTE */
	u64 link[LEVELS_MAX + 1]; /* what leads to the next table or frame */
	u64 large; /* what maps a large page at level 2, without rights */
};
void chain_build(struct chain *chain);

/* Each frame has code that returns its own number in EAX, and a mark. */
#define FETCH_OFFSET 0x100

#endif
