/* SPDX-License-Identifier: MIT */
/*
 * The reference: the paging modes of the SDM (vol. 3A, chapter 4), with nothing
 * of mmu/ in it. Its answer to an access is what the guest must see.
 */
#ifndef TESTS_MODEL_REFERENCE_H
#define TESTS_MODEL_REFERENCE_H

#include "arch/x86/regs.h"
#include "lib/types.h"

/*
 * The kind of an access: W, U and I/D as in a page-fault error code, and this
 * bit for a supervisor's explicit access to data with EFLAGS.AC=1 (4.6.1).
 */
#define KIND_AC BIT(31)

enum reference_mode { MODE_UNPAGED, MODE_32BIT, MODE_PAE, MODE_4LEVEL };

struct reference {
	u64 cr0, cr3, cr4, efer;
	u64 pdpte[4]; /* the registers of PAE paging */
	u8 maxphyaddr;
	bool gigabyte_pages;
	/* The memory at a guest-physical address; NULL: not RAM, all ones. */
	u8 *(*memory)(void *ctx, gpa_t gpa);
	void *ctx;
};

struct reference_walk {
	bool fault;
	u32 error_code; /* if fault is true */
	int level; /* of the last entry used: 4 a PML4E, ... 1 a PTE */
	/* The entries used that are in memory, the uppermost first. */
	unsigned int depth;
	gpa_t entry[4];
	/* The rest is valid if there is a translation, permitted or not. */
	bool mapped;
	gpa_t gpa;
	bool w, u, x; /* the rights of all levels combined */
	bool accessed; /* A is set at every level */
	bool dirty; /* D is set in the entry that maps the page */
	u8 shift; /* the page has 1 << shift bytes */
};

enum reference_mode reference_mode(const struct reference *r);
/* Returns the size of a table's entries, in bytes. */
unsigned int reference_entry_size(const struct reference *r);
/* Returns the entry at the address, of that size. */
u64 reference_entry(const struct reference *r, gpa_t gpa);
/* Returns true if the entry maps a page; @level: 4 (PML4E) to 1 (PTE). */
bool reference_maps(const struct reference *r, u64 entry, int level);
/* Returns true if the entry, which is present, has a reserved bit set. */
bool reference_is_reserved(const struct reference *r, u64 entry, int level);
/* Returns the address of the page, or else of the table, that it refers to. */
gpa_t reference_address(const struct reference *r, u64 entry, int level);
/* Reads the PDPTEs that CR3 refers to. Returns false if their load is a #GP. */
bool reference_read_pdptes(const struct reference *r, u64 pdpte[4]);
/* Returns the result of an access of this kind. */
struct reference_walk reference_walk(const struct reference *r, gva_t gva,
				     u32 kind);
/* Returns true if the walk's rights permit the access. */
bool reference_permits(const struct reference *r,
		       const struct reference_walk *walk, u32 kind);
/* Makes the walk one that ends in a fault, since the rights do not permit it. */
void reference_deny(const struct reference *r, struct reference_walk *walk,
		    u32 kind);
/*
 * Sets the flags that a permitted access sets. Returns the changed entries as
 * bits, by their index in @walk.
 */
unsigned int reference_set_flags(const struct reference *r,
				 const struct reference_walk *walk, u32 kind);

#endif
