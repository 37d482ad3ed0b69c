/* SPDX-License-Identifier: MIT */
/*
 * The guest's tables and the shadow side by side, for a person who reads them.
 * A view changes nothing: it sets no A flag, fills no entry and counts no walk.
 */
#ifndef MMU_VIEW_H
#define MMU_VIEW_H

#include "mmu/mmu.h"
#include "mmu/spte.h"

struct mmu_view {
	/* The guest's entries are pte[guest_top] down to pte[guest.level]. */
	struct guest_walk guest;
	u8 guest_top; /* 0: the guest has paging off */
	/*
	 * The shadow's entries, from level shadow_top down to shadow_level: all
	 * but the last one are TABLE. shadow_top is 0 if there is no root.
	 */
	u8 shadow_top;
	u8 shadow_level;
	u64 spte[PT_LEVELS + 1];
	enum spte_kind kind[PT_LEVELS + 1];
};

/* Walks both tables for @gva. */
void mmu_view(const struct mmu_cpu *cpu, gva_t gva, struct mmu_view *view);

enum mmu_outcome {
	OUTCOME_HIT, /* the processor translates by the shadow */
	OUTCOME_BYPASS, /* the guest's own fault, delivered without an exit */
	/* These exit: */
	OUTCOME_INJECT, /* the guest's own fault, injected */
	OUTCOME_FILL, /* Umbra makes the entry, and the guest tries again */
	OUTCOME_DEVICE, /* there is no RAM: a device's register */
	OUTCOME_TABLE_WRITE /* Umbra does the write, or opens the table */
};

/*
 * Returns the outcome of an access (W, U, I/D of a page-fault error code) at
 * the address of @view, which must show the present state and have a root.
 * @error_code becomes that of the guest's own fault, or 0.
 */
enum mmu_outcome mmu_view_access(const struct mmu_cpu *cpu,
				 const struct mmu_view *view, u32 access,
				 u32 *error_code);

/* Returns true if an access can have this address: canonical, or of 32 bits. */
bool mmu_has_address(const struct mmu_cpu *cpu, gva_t gva);

/*
 * Reads up to @len bytes at @gva by the guest's tables, without a check of
 * rights. Returns the number of bytes read. It stops where no page is mapped,
 * where there is no RAM, and at the end of the addresses.
 */
size_t mmu_peek(const struct mmu_cpu *cpu, gva_t gva, void *buf, size_t len);

#endif
