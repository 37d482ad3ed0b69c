/* SPDX-License-Identifier: MIT */
#ifndef BOOT_FACTS_H
#define BOOT_FACTS_H

#include "arch/x86/boot_info.h"

/*
 * Prints the processor, the way that Umbra was booted, the memory, and the
 * firmware's omissions, in a row of the screen each. frames_init() and
 * time_init() come first. @is_probe: the number of processors replaces that of
 * modules.
 */
void facts_print(const struct boot_info *info, bool is_probe);

#endif
