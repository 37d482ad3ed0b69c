/* SPDX-License-Identifier: MIT */
/*
 * PCI's configuration mechanism #1 (PCI Local Bus Specification 3.0,
 * 3.2.2.3.2), on a bus with nothing but a host bridge: a function that is read
 * as the 82441FX, which every kernel knows, and has no registers to write.
 */
#ifndef GUEST_DEVICES_PCI_H
#define GUEST_DEVICES_PCI_H

#include "lib/types.h"

struct pci {
	u32 address; /* CONFIG_ADDRESS, port CF8h */
};

/* Writes CONFIG_ADDRESS; narrow accesses to CF8h are for other devices. */
void pci_write_address(struct pci *pci, u32 value);

/* Returns byte @lane (0 to 3) of CONFIG_DATA, port CFCh; ones: no function. */
u8 pci_read_data(const struct pci *pci, unsigned int lane);

#endif
