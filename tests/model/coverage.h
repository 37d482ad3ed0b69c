/* SPDX-License-Identifier: MIT */
/* The events that the model has met, by the guest's mode and the MMU's policy. */
#ifndef TESTS_MODEL_COVERAGE_H
#define TESTS_MODEL_COVERAGE_H

#include "lib/types.h"
#include "mmu/policy.h"

enum model_event {
	EVENT_TRANSLATED, /* an access, by the processor alone */
	EVENT_LARGE, /* ... in a large page */
	EVENT_BYPASSED, /* P=0, and no exit */
	EVENT_DENIED, /* P=1, and no exit */
	EVENT_FILLED,
	EVENT_PREFETCHED, /* entries beside it were filled, too */
	EVENT_NOT_PRESENT, /* injected */
	EVENT_FAULT, /* injected, P=1 */
	EVENT_TABLE_WRITE,
	EVENT_UPDATED, /* a write has filled an entry */
	EVENT_MMIO,
	EVENT_MMIO_UNWALKED, /* ... by an MMIO entry */
	EVENT_HELD, /* a table write that the shadow answered, unwalked */
	EVENT_PDPTE_GP, /* a load of the PDPTEs was refused */
	EVENT_LOGGED, /* the dirty log that was read is not empty */
	EVENT_SPLIT, /* a large leaf gave way to a table */
	EVENT_PREFILLED, /* entries of a table that was shadowed */
	EVENT_OPENED, /* a table, for a burst of writes */
	EVENT_CLOSED, /* ... and closed at its use */
	EVENT_MENDED, /* ... with entries that had changed */
	EVENT_PGE_OWNED, /* CR4.PGE was changed without an exit */
	EVENT_TARGET, /* CR3 was loaded without an exit */
	EVENT_INVVPID_ADDRESS, /* one address was flushed at an entry */
	EVENT_KEY, /* an exit by a TRAP that its protection key denies */
	MODEL_EVENTS
};

/* The reference's modes, and 32-bit paging twice. */
enum coverage_mode {
	COVERAGE_UNPAGED,
	COVERAGE_32BIT,
	COVERAGE_32BIT_PSE,
	COVERAGE_PAE,
	COVERAGE_4LEVEL,
	COVERAGE_MODES
};

/* The last is any other combination of switches. */
#define COVERAGE_RUNGS (MMU_RUNGS + 1)
/* WP + 2 * NXE + 4 * SMEP + 8 * SMAP, of a paged guest. */
#define COVERAGE_RIGHTS 16

struct coverage {
	u64 count[COVERAGE_MODES][COVERAGE_RUNGS][MODEL_EVENTS];
	u64 rights[COVERAGE_RIGHTS][MODEL_EVENTS];
};

/* Returns the rung that the policy is, or MMU_RUNGS. */
u32 coverage_rung(const struct mmu_policy *policy);
void coverage_add(struct coverage *to, const struct coverage *from);
/* Prints the tables; returns true if no cell is empty. */
bool coverage_print(const struct coverage *c);

#endif
