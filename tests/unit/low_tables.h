/* SPDX-License-Identifier: MIT */
/*
 * Guest tables in frames 0 to 3 of the world of mmu_world.h, root first, for
 * the lowest 2 MiB, and accesses whose outcome the test demands, with the
 * reason in words.
 */
#ifndef TESTS_UNIT_LOW_TABLES_H
#define TESTS_UNIT_LOW_TABLES_H

#include "mmu_world.h"

#define LOW_PD 2
#define LOW_PT 3

/* A new MMU on the rung, with the tables linked. */
static inline void low_tables(enum mmu_rung rung)
{
	world_create(&mmu_rung_policies[rung], 64, true);
	for (gfn_t level = 0; level < LOW_PT; level++)
		*world_gpte(level, 0) = (level + 1) << 12 | LINKED;
}

/* The guest writes an entry of its table: emulated, if it is shadowed. */
static inline void write_gpte(gfn_t table, u32 index, u64 value)
{
	mmu_write(&world_cpu, table * PAGE_SIZE + index * 8ULL, &value, 8);
}

/* A read must lead to frame @gfn. */
static inline void access_leads_to(gva_t gva, gfn_t gfn, const char *why)
{
	struct hardware h;

	world_access(gva, 0, &h);
	world_require(h.result == HW_OK && h.hpa >> 12 == gfn + WORLD_HFN_BASE,
		      gva, "%s", why);
}

/* The access must fault, and the fault is the guest's. */
static inline void access_faults(gva_t gva, u32 access, const char *why)
{
	struct hardware h;

	world_access(gva, access, &h);
	world_require(h.result == HW_FAULT_TO_GUEST, gva, "%s", why);
}

#endif
