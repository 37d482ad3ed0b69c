/* SPDX-License-Identifier: MIT */
/* What follows when the machine is set up: the guest. */
#include "arch/x86/power.h"
#include "boot/start.h"

void start(const struct boot_info *info, const struct options *options)
{
	machine_end(END_REFUSED, 0);
}
