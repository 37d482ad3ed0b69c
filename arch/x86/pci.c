/* SPDX-License-Identifier: MIT */
/* PCI Local Bus Specification 3.0: 3.2.2.3.2 and chapter 6. */
#include "arch/x86/cpu.h"
#include "arch/x86/pci.h"

#define CONFIG_ADDRESS 0xcf8
#define CONFIG_DATA 0xcfc
#define CONFIG_ENABLE BIT(31)

#define ALL_FUNCTIONS BIT(16)
#define DEVICE_FUNCTIONS 8

#define NO_VENDOR 0xffff
#define HEADER_MULTI_FUNCTION BIT(7)

static void select_register(u32 function, u32 offset)
{
	outl(CONFIG_ADDRESS, (u32)CONFIG_ENABLE | function << 8 | offset);
}

u32 pci_read(u32 function, u32 offset)
{
	select_register(function, offset);
	return inl(CONFIG_DATA);
}

void pci_write_command(u32 function, u16 value)
{
	select_register(function, PCI_COMMAND);
	/*
	 * A 32-bit write of a 1 to the status beside it would clear a bit
	 * there.
	 */
	outw(CONFIG_DATA, value);
}

static bool exists(u32 function)
{
	return (u16)pci_read(function, PCI_VENDOR) != NO_VENDOR;
}

/*
 * Returns the number of functions to look at, in the device whose first one is
 * @function.
 */
static u32 function_count(u32 function)
{
	if (!exists(function))
		return 0;
	return pci_read(function, PCI_HEADER) >> 16 & HEADER_MULTI_FUNCTION
		       ? DEVICE_FUNCTIONS
		       : 1;
}

/* Looks at all buses, since there may be several that no bridge leads to. */
unsigned int pci_count(bool (*visit)(u32 function, void *context),
		       void *context)
{
	unsigned int count = 0;

	for (u32 device = 0; device < ALL_FUNCTIONS; device += DEVICE_FUNCTIONS)
		for (u32 i = 0, n = function_count(device); i < n; i++)
			if (exists(device + i))
				count += visit(device + i, context);
	return count;
}
