/* SPDX-License-Identifier: MIT */
/* Open tables; see open.c. */
#ifndef MMU_OPEN_H
#define MMU_OPEN_H

#include "mmu/shadow.h"

/*
 * The guest is about to write the table at @gpa, and its tables permit the
 * write. Returns true if the guest may do the write itself now: the table has
 * been opened, or its shadow has been given up since its address space does not
 * run.
 */
bool table_open_for(struct mmu *mmu, gpa_t gpa);
/* Write-protects the open table of @sp, flushes, and makes the shadow of each
   entry that has changed true again. */
void table_close(struct mmu *mmu, struct shadow_page *sp);

#endif
