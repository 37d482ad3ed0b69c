/* SPDX-License-Identifier: MIT */
/* A fault that one entry of the guest's decides; see entry_fault.c. */
#ifndef MMU_ENTRY_FAULT_H
#define MMU_ENTRY_FAULT_H

#include "mmu/shadow.h"

/*
 * Answers the fault of @access at @gva, for the rung `nowalk`; @end is the end
 * of the shadow's way. Returns true if it has an answer: @action and @walk are
 * those of mmu_page_fault(). Returns false if other things decide: tables
 * above, 32-bit entries, CR0.WP=0, the dirty log, a device, a write to a table.
 */
bool entry_fault(struct mmu_cpu *cpu, const struct shadow_path *end, gva_t gva,
		 u32 access, struct guest_walk *walk, enum mmu_action *action);

#endif
