/* SPDX-License-Identifier: MIT */
/* What the user can choose on Umbra's command line. */
#ifndef BOOT_OPTIONS_H
#define BOOT_OPTIONS_H

#include "arch/x86/power.h"
#include "lib/types.h"
#include "mmu/policy.h"

#define OPTION_GUEST_SIZE 64

struct options {
	unsigned int exit; /* enum end_method */
	char guest[OPTION_GUEST_SIZE]; /* "": what there is a module for */
	u64 guest_memory; /* in bytes; 0: all that can be spared */
	struct mmu_policy policy; /* the rung, with the switches overridden */
	u64 shadow_pages; /* 0: by the guest's memory */
	u64 audit; /* audit the shadow at every so-many-th exit; 0: never */
	u64 canaries; /* one frame in so many is kept from the guest; 0: none */
	bool probe; /* report what this machine has, and run no guest */
	bool dump; /* show the whole VMCS before the first entry */
	bool doctor_test; /* compare the entry doctor with the processor */
	u64 trace; /* exits to print at every stop */
};

/*
 * Reads the command line into *options, which gets the defaults first. False:
 * it has a fault; this and what would be right has been logged.
 */
bool options_parse(const char *cmdline, struct options *options);

#endif
