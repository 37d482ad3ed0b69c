/* SPDX-License-Identifier: MIT */
/* The facts that follow from the state of the processor; see role.c. */
#ifndef MMU_ROLE_H
#define MMU_ROLE_H

#include "mmu/shadow.h"

/* Returns true if not-present faults in this role go to the guest without an
   exit. */
bool mmu_bypasses(const struct mmu *mmu, union shadow_role role);
/* Returns true if a TRAP with P=1 faults in the entries of a page in this role.
 */
bool spte_trap_is_present(const struct mmu *mmu, union shadow_role role);
/* Returns the format of the guest table that a page in this role shadows. */
struct gpt_format role_format(const struct mmu *mmu, union shadow_role role);
/* Gives the page its role, and the fields that follow from the role. */
void shadow_page_set_role(const struct mmu *mmu, struct shadow_page *sp,
			  union shadow_role role);

/*
 * Returns true if no shadow entry can allow the write that @walk permits: it
 * must be emulated.
 */
bool no_entry_allows(const struct mmu_cpu *cpu, const struct guest_walk *walk);

#endif
