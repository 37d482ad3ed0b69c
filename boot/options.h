/* SPDX-License-Identifier: MIT */
/* What the user can choose on Umbra's command line. */
#ifndef BOOT_OPTIONS_H
#define BOOT_OPTIONS_H

#include "arch/x86/power.h"
#include "lib/types.h"

struct options {
	unsigned int exit; /* enum end_method */
};

/*
 * Reads the command line into *options, which gets the defaults first. False:
 * it has a fault; this and what would be right has been logged.
 */
bool options_parse(const char *cmdline, struct options *options);

#endif
