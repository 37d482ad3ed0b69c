/* SPDX-License-Identifier: MIT */
/* The facts that follow from the state of the processor; see role.c. */
#ifndef MMU_ROLE_H
#define MMU_ROLE_H

#include "mmu/shadow.h"

/* Returns true if a guest's not-present faults in this role go straight to it. */
bool mmu_bypasses(const struct mmu *mmu, union shadow_role role);
/* Returns true if TRAP has P=1, and faults, in the entries of such a page. */
bool spte_trap_is_present(const struct mmu *mmu, union shadow_role role);
/* The format of the guest table that a shadow page in this role is for. */
struct gpt_format role_format(const struct mmu *mmu, union shadow_role role);
/* Give the page its role, and keep in it what follows from the role. */
void shadow_page_set_role(const struct mmu *mmu, struct shadow_page *sp,
			  union shadow_role role);

/*
 * Returns true if a write that @walk permits must be emulated, whatever the
 * shadow's entry is.
 */
bool no_entry_allows(const struct mmu_cpu *cpu, const struct guest_walk *walk);

#endif
