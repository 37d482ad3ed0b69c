/* SPDX-License-Identifier: MIT */
/* The machine's memory as a list of regions, whose length is limited. */
#ifndef BOOT_REGIONS_H
#define BOOT_REGIONS_H

#include "arch/x86/boot_info.h"

/*
 * Adds a region to the list of @info. It becomes a part of a region that it
 * touches, if both have one type. If the list is full, the smallest region of
 * RAM goes, and is counted as lost. All RAM must be added before other types,
 * so that it is known then which of those lie on RAM.
 */
void region_add(struct boot_info *info, const struct boot_region *added);

#endif
