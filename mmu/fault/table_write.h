/* SPDX-License-Identifier: MIT */
/* Writes of guest tables; see table_write.c. */
#ifndef MMU_TABLE_WRITE_H
#define MMU_TABLE_WRITE_H

#include "mmu/shadow.h"

/*
 * Updates the shadows of the guest table in which @len bytes at @gpa have been
 * written, all in one frame. Returns true if the frame had shadows and has none
 * any more.
 */
bool mmu_written(struct mmu *mmu, gpa_t gpa, size_t len);
/* The same for 8 bytes at @gpa, a multiple of 8, whose value is @gpte now. */
bool mmu_entry_written(struct mmu *mmu, gpa_t gpa, u64 gpte);

#endif
