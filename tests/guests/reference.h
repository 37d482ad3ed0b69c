/* SPDX-License-Identifier: MIT */
/*
 * The reference of all test guests: the right result of an access, by the
 * tables in memory, the control registers and the manual, in every paging mode
 * (SDM vol. 3A, 4.3 to 4.8). It is compiled for 32-bit and for 64-bit guests;
 * memory that holds tables is identity-mapped in both.
 */
#ifndef TESTS_GUESTS_REFERENCE_H
#define TESTS_GUESTS_REFERENCE_H

#include "arch/x86/regs.h"
#include "lib/types.h"

#define LEVELS_MAX 4
/*
 * The guest loads CR2 with this before an access; no access uses the address.
 */
#define CR2_MARK 0x5a5a5a5a

enum mode {
	MODE_UNPAGED,
	MODE_2LEVEL, /* 32-bit paging, CR4.PSE=0 */
	MODE_PSE, /* 32-bit paging, CR4.PSE=1 */
	MODE_PAE,
	MODE_LONG, /* 4-level paging */
	MODES
};

/*
 * The state on which the reference depends. The guest keeps it up to date,
 * since reading the registers at each access would be slow.
 */
struct controls {
	bool wp, nxe, smep, smap, pge;
};
extern struct controls controls;
extern enum mode mode; /* the present one */
/* The top-level table of the present mode; PAE's is the four PDPTEs. */
extern void *mode_root;
extern u32 maxphyaddr;
extern bool gigabyte_pages;

enum access_kind { ACCESS_READ, ACCESS_WRITE, ACCESS_FETCH, ACCESS_KINDS };

struct access {
	u64 gva;
	enum access_kind kind;
	bool user; /* from user mode */
	bool ac; /* with RFLAGS.AC set */
};

struct prediction {
	bool fault;
	u32 error_code;
	u64 gpa;
	u32 count; /* entries read, from the top; the PAE PDPTE is not one */
	u32 level[LEVELS_MAX];
	void *entry[LEVELS_MAX];
	u64 before[LEVELS_MAX];
};

/* The result of the access on the machine. */
struct access_result {
	bool trapped;
	u32 vector;
	u32 error_code;
	u64 cr2; /* after the access */
};

/* The present mode's levels, the size of an entry, and large pages. */
u32 top_level(void);
bool has_wide_entries(void); /* returns true if an entry has 64 bits */
u64 entry_read(const void *entry);
bool has_large_pages(void);
u64 large_page_size(void);
u32 level_shift(u32 level);
/* Returns the entry for @gva in @table, of @level 1 (a PTE) to 4. */
void *table_entry(void *table, u64 gva, u32 level);

void predict(const struct access *a, struct prediction *p);
/*
 * Returns NULL, or in words the difference between the prediction and the
 * result or the tables' A and D flags.
 */
const char *compare(const struct access *a, const struct prediction *p,
		    const struct access_result *r);

#endif
