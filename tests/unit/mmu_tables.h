/* SPDX-License-Identifier: MIT */
/*
 * A guest in the world for the shadow MMU that maps its own page tables, and
 * its accesses, counted in exits.
 */
#ifndef TESTS_UNIT_MMU_TABLES_H
#define TESTS_UNIT_MMU_TABLES_H

#include "mmu_world.h"

/* Maximum number of exits until an access is through. */
#define ACCESS_MAX_EXITS 4

/* Frames 0 to 3 are the tables of the lowest 2 MiB. */
enum { PML4, PDPT, PD, PT };
/* The page table of the 2 MiB after them, and its data pages. */
#define TABLE 4
#define DATA 40
#define MAPPED (2 * MIB)
/* The address at which PT maps TABLE and the tables that follow it. */
#define WINDOW 0x8000ULL
/* The address at which PT maps itself. */
#define SELF 0x6000ULL

static inline u64 pte(gfn_t gfn)
{
	return gfn << PAGE_SHIFT | LINKED;
}

/* The result of an access. */
struct outcome {
	int exits;
	bool ok; /* it was done, by the processor or by emulation */
	gpa_t gpa; /* if @ok */
};

/* Makes an access with all its exits; a write writes @value. */
struct outcome access_page(gva_t gva, u32 access, u64 value);

/* Returns the number of exits of a write that has to be done. */
int write_page(gva_t gva, u64 value);

/* Returns the number of exits of a read that has to end at @gfn. */
int read_page(gva_t gva, gfn_t gfn);

bool is_mapped(gva_t gva);

/* Runs the world's own audit, and mmu_audit(). */
void tables_audit(void);

/* Returns the number of free copies of open tables. */
u32 free_copies(void);

struct shadow_page *shadow_of(gfn_t gfn);
bool is_open(gfn_t gfn);

/*
 * Makes a guest with @tables page tables from TABLE on. Each has a shadow, and
 * is mapped in the window by an entry in use.
 */
void world_with_tables(u32 shadow_pages, u32 tables);

/* For cmocka: 64 shadow pages, and one table. */
int tables_set_up(void **state);

/* Writes twice in a row to entries that are not in use. */
void open_by_writing(u32 table);

#endif
