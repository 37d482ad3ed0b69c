/* SPDX-License-Identifier: MIT */
/* The step after the machine is set up: the guest. */
#ifndef BOOT_START_H
#define BOOT_START_H

#include "lib/types.h"

struct boot_info;
struct options;

/* Runs the guest that the boot information and the options describe. */
void run_guest(const struct boot_info *info,
	       const struct options *options) __noreturn;

#endif
