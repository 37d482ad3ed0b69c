/* SPDX-License-Identifier: MIT */
/* The machine's memory as a list of regions; the list's length is limited. */
#ifndef BOOT_REGIONS_H
#define BOOT_REGIONS_H

#include "arch/x86/boot_info.h"

/*
 * Adds a region to the list of @info. If it touches a region of its own type,
 * both become one. If the list is full, the smallest region of RAM is dropped,
 * and is counted as lost. All RAM must be added before other types: a region of
 * another type is kept in a full list only if it lies on RAM.
 */
void region_add(struct boot_info *info, const struct boot_region *added);

#endif
