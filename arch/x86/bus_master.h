/* SPDX-License-Identifier: MIT */
/*
 * Devices that the firmware or the boot loader has left as bus masters: they
 * may still write to buffers in memory that has other owners now.
 */
#ifndef ARCH_X86_BUS_MASTER_H
#define ARCH_X86_BUS_MASTER_H

#include "lib/types.h"

/*
 * Switches off the bus mastering of all functions of PCI segment 0 that have no
 * driver. All their earlier writes are in memory by then. @efi: the firmware is
 * UEFI. Returns the number of functions.
 */
unsigned int bus_masters_stop(bool efi);

#endif
