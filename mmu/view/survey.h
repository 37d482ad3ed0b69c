/* SPDX-License-Identifier: MIT */
/*
 * The shadow pages, the entries that map a frame, and the guest's address space
 * in ranges, for a person who reads them. A survey changes nothing, like a view
 * (view.h).
 */
#ifndef MMU_SURVEY_H
#define MMU_SURVEY_H

#include "mmu/mmu.h"
#include "mmu/spte.h"

/* The value of a cursor before its first use. */
#define SURVEY_START 0xffffffffU

struct mmu_page_survey {
	u32 number; /* in the pool */
	gfn_t gfn; /* as in struct shadow_page */
	union shadow_role role;
	bool root; /* the processor uses it as its root now */
	bool open; /* the guest writes its table itself */
	bool placed; /* a root that the guest loads without an exit */
	u32 parents; /* number of entries that name it */
	u32 entries[SPTE_LEAF + 1]; /* by kind */
};

/*
 * Finds the shadow page after @cursor: they come by their last use, the most
 * recent one first. Returns false if there is none.
 */
bool mmu_survey_page(const struct mmu_cpu *cpu, u32 *cursor,
		     struct mmu_page_survey *page);

/* Whether a LEAF allows the processor to write, or the reason why it does not. */
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

/* Finds the LEAF after @cursor that maps @gfn. Returns false if there is none. */
bool mmu_survey_mapping(const struct mmu *mmu, gfn_t gfn, u32 *cursor,
			struct mmu_mapping *mapping);

/* Returns true if there is RAM at @gfn. */
bool mmu_survey_is_ram(const struct mmu *mmu, gfn_t gfn);

/* A range of addresses that the guest's tables map with the same rights. */
struct mmu_range {
	gva_t start;
	u64 bytes;
	u64 shadowed; /* bytes of them that a LEAF maps */
	u8 access; /* enum access: by all levels of the guest's tables */
};

/*
 * Finds the first range at or after @gva, which must be an address of the mode.
 * @gva becomes the first address that was not looked at; 0: the address space
 * is at its end. Each page or gap takes one of @looks, since a guest can map
 * more than a person can wait for; if none is left, the range is cut off.
 * Returns false if no range was found.
 */
bool mmu_survey_range(const struct mmu_cpu *cpu, gva_t *gva, u32 *looks,
		      struct mmu_range *range);

#endif
