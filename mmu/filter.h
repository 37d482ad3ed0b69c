/* SPDX-License-Identifier: MIT */
/* The choice of the filter of page-fault exits; see filter.c. */
#ifndef MMU_FILTER_H
#define MMU_FILTER_H

#include "mmu/shadow.h"

/*
 * Returns a value whose bit PTE_W is 1 if the LEAF @spte withholds W from the
 * user, to whom the guest's entry @gpte of 64 bits gives it. The other bits say
 * nothing.
 */
static inline u64 leaf_withholds(u64 gpte, u64 spte)
{
	return gpte & ~spte & (spte / (PTE_U / PTE_W));
}

/* An entry of the page withholds W from the user. */
void filter_withhold(struct mmu *mmu, struct shadow_page *sp);
/* The page is given up. */
void filter_forget(struct mmu *mmu, struct shadow_page *sp);
/* A fault has exited, and is injected. @error_code: the hardware's. */
void filter_injected(struct mmu_cpu *cpu, u32 error_code);

#endif
