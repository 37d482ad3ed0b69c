/* SPDX-License-Identifier: MIT */
/* The user's choices on Umbra's command line. */
#ifndef BOOT_OPTIONS_H
#define BOOT_OPTIONS_H

#include "arch/x86/power.h"
#include "lib/types.h"
#include "vmx/vm_config.h"

#define OPTION_GUEST_SIZE 64

/* How Umbra treats the devices that may write to memory. */
enum bus_masters { BUS_MASTERS_STOP, BUS_MASTERS_KEEP };

struct options {
	unsigned int exit; /* enum end_method */
	unsigned int console; /* enum port_choice */
	unsigned int gdb; /* enum port_choice */
	u64 exit_seconds; /* to read the screen, before a reset or power-off */
	/* "": the kernel's module, or the demo */
	char guest[OPTION_GUEST_SIZE];
	struct vm_config vm;
	unsigned int bus_masters; /* enum bus_masters */
	bool probe; /* report what this machine has, and run no guest */
	bool compare; /* run the guest without the bypass, and with it */
};

/*
 * Reads the command line into *options, which gets the defaults first. Returns
 * false if the line has a fault, and logs it with the right form.
 */
bool options_parse(const char *cmdline, struct options *options);

#endif
