/* SPDX-License-Identifier: MIT */
/*
 * The machine's PCI functions of segment 0, by configuration mechanism 1. A
 * function's number has 16 bits: bus, device, function.
 */
#ifndef ARCH_X86_PCI_H
#define ARCH_X86_PCI_H

#include "lib/types.h"

/* Offsets in the configuration space. */
enum {
	PCI_VENDOR = 0x00,
	PCI_COMMAND = 0x04,
	PCI_CLASS = 0x08,
	PCI_HEADER = 0x0c,
	PCI_BAR_0 = 0x10
};

#define PCI_COMMAND_IO BIT(0)
#define PCI_COMMAND_MEMORY BIT(1)
#define PCI_COMMAND_BUS_MASTER BIT(2)

/* Returns the 32 bits at @offset, a multiple of 4. */
u32 pci_read(u32 function, u32 offset);

/* Writes the command register, and leaves the status beside it as it is. */
void pci_write_command(u32 function, u16 value);

/*
 * Calls @visit for all functions, in the order of their numbers. Returns the
 * number of calls that returned true.
 */
unsigned int pci_count(bool (*visit)(u32 function, void *context),
		       void *context);

#endif
