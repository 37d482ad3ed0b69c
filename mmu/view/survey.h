/* SPDX-License-Identifier: MIT */
/*
 * The shadow pages, the entries that map a frame, and the guest's address space
 * in ranges, for a reader. Like a look (view.h) a survey changes nothing.
 */
#ifndef MMU_SURVEY_H
#define MMU_SURVEY_H

#include "mmu/mmu.h"
#include "mmu/spte.h"

/* A cursor that is at nothing yet. */
#define SURVEY_START 0xffffffffU

struct mmu_page_survey {
	u32 number; /* in the pool */
	gfn_t gfn; /* as in struct shadow_page */
	union shadow_role role;
	bool root; /* the processor's root of now */
	bool open; /* the guest writes its table itself */
	bool placed; /* a root that the guest loads without an exit */
	u32 parents; /* number of entries that name it */
	u32 entries[SPTE_LEAF + 1]; /* by kind */
};

/*
 * The shadow page after @cursor, from the one that was last asked for to the
 * oldest one. Returns false if there is none.
 */
bool mmu_survey_page(const struct mmu_cpu *cpu, u32 *cursor,
		     struct mmu_page_survey *page);

/* Does a LEAF allow the processor to write, and if not, why? */
enum mmu_write {
	WRITE_GIVEN,
	WRITE_HELD, /* the frame is a guest table */
	WRITE_LOGGED, /* the dirty log waits for the first write */
	WRITE_CLEAN, /* D is clear in the guest's entry */
	WRITE_DENIED /* the guest's tables give no W */
};

struct mmu_mapping {
	u32 page, slot; /* number of the shadow page, and the slot in it */
	gfn_t gfn; /* of the shadow page */
	u8 level;
	u64 spte;
	enum mmu_write write;
};

/* The LEAF after @cursor that maps @gfn. Returns false if there is none. */
bool mmu_survey_mapping(const struct mmu *mmu, gfn_t gfn, u32 *cursor,
			struct mmu_mapping *mapping);

/* Returns true if there is RAM at @gfn. */
bool mmu_survey_is_ram(const struct mmu *mmu, gfn_t gfn);

/* Addresses that the guest's tables map, without a gap, with the same rights. */
struct mmu_range {
	gva_t start;
	u64 bytes;
	u64 shadowed; /* bytes of them that a LEAF maps */
	u8 access; /* enum access: of all the guest's levels together */
};

/*
 * The first range at or behind @gva, which must be an address of the mode. @gva
 * becomes the first address that was not looked at; 0: the address space is at
 * its end. A guest can map more than anyone can wait for: each page or gap
 * takes one of @looks, and at 0 the range is cut off. Returns false if there is
 * no range so far.
 */
bool mmu_survey_range(const struct mmu_cpu *cpu, gva_t *gva, u32 *looks,
		      struct mmu_range *range);

#endif
