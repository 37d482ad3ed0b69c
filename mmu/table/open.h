/* SPDX-License-Identifier: MIT */
/* Open tables; see open.c. */
#ifndef MMU_OPEN_H
#define MMU_OPEN_H

#include "mmu/shadow.h"

/*
 * The guest is about to write the table @gfn at @gpa, and the write is
 * permitted. Returns true if the table has been opened for it, or given up as
 * it is of a space that does not run: the guest may write it itself.
 */
bool table_open_for(struct mmu *mmu, gpa_t gpa);
/* Write-protect the open table, and mend the entries that have changed. */
void table_close(struct mmu *mmu, struct shadow_page *sp);

#endif
