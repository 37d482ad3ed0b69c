/* SPDX-License-Identifier: MIT */
/*
 * The audit checks the invariants of docs/mmu.md in all shadow pages. It
 * examines each entry, which takes long: it is for tests, and for a developer
 * of mmu/ (audit=N on the command line).
 */
#ifndef MMU_AUDIT_AUDIT_H
#define MMU_AUDIT_AUDIT_H

#include "mmu/mmu.h"

struct mmu_audit {
	u32 invariant; /* the number of the broken one, or 0: all hold */
	const char *what; /* how it is broken, in words */
	/* The shadow entry concerned, and the guest's behind it. */
	u32 page, slot;
	u8 level;
	gfn_t gfn; /* of the shadow page: most often the guest table's */
	u64 spte;
	u64 gpte; /* 0 where there is none */
};

/*
 * Audits all shadow pages, between an exit and the next entry. Invariants 6 and
 * 8 are also about flushes and the hardware's registers; the audit sees only
 * the tables. Returns true if all invariants hold; else @audit tells the broken
 * one.
 */
bool mmu_audit(const struct mmu_cpu *cpu, struct mmu_audit *audit);

#endif
