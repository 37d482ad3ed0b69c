/* SPDX-License-Identifier: MIT */
/*
 * Devices that the firmware or the boot loader has left as bus masters: they
 * may still write to buffers in memory that has other owners now.
 */
#ifndef ARCH_X86_BUS_MASTER_H
#define ARCH_X86_BUS_MASTER_H

#include "lib/types.h"

/* The identity and state of a PCI function, from its configuration space. */
struct pci_function {
	u16 command;
	u8 class_code; /* the base class */
	u8 subclass;
	u8 header_type; /* without the bit for "multi-function" */
};

/*
 * Returns true if the function is a bus master without a driver. @efi: the
 * firmware is UEFI, which leaves all devices to the operating system; a BIOS
 * goes on serving USB keyboards.
 */
bool bus_master_is_stray(const struct pci_function *f, bool efi);

/*
 * Switches off the bus mastering of all stray functions of PCI segment 0. All
 * their earlier writes are in memory by then. Returns the number of functions.
 */
unsigned int bus_masters_stop(bool efi);

#endif
