/* SPDX-License-Identifier: MIT */
/* Writes of guest tables; see table_write.c. */
#ifndef MMU_TABLE_WRITE_H
#define MMU_TABLE_WRITE_H

#include "mmu/shadow.h"

/*
 * [gpa, gpa+len), in one frame, has been written: sync its shadows. Returns
 * true if it had some and has none any more.
 */
bool mmu_written(struct mmu *mmu, gpa_t gpa, size_t len);
/* The same of the 8 bytes at @gpa, a multiple of 8, which are @gpte by now. */
bool mmu_entry_written(struct mmu *mmu, gpa_t gpa, u64 gpte);

#endif
