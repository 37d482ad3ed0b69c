/* SPDX-License-Identifier: MIT */
/* PCI Local Bus Specification 3.0: 3.2.2.3.2, chapter 6 and appendix D. */
#include "arch/x86/bus_master.h"
#include "arch/x86/cpu.h"

#define CONFIG_ADDRESS 0xcf8
#define CONFIG_DATA 0xcfc
#define CONFIG_ENABLE BIT(31)

/* Bus, device and function are a number of 16 bits, the function's the last. */
#define ALL_FUNCTIONS BIT(16)
#define DEVICE_FUNCTIONS 8

/* Offsets in the configuration space. */
enum { VENDOR = 0x00, COMMAND = 0x04, CLASS = 0x08, HEADER = 0x0c };

#define NO_VENDOR 0xffff
#define COMMAND_BUS_MASTER BIT(2)
#define HEADER_MULTI_FUNCTION BIT(7)
#define HEADER_DEVICE 0 /* bridges have others */

enum { CLASS_DISPLAY = 0x03, CLASS_BRIDGE = 0x06, CLASS_SERIAL_BUS = 0x0c };

#define SUBCLASS_USB 0x03 /* of CLASS_SERIAL_BUS */

bool bus_master_is_stray(const struct pci_function *f, bool efi)
{
	if (!(f->command & COMMAND_BUS_MASTER) ||
	    f->header_type != HEADER_DEVICE || f->class_code == CLASS_BRIDGE ||
	    f->class_code == CLASS_DISPLAY)
		return false;
	return efi || f->class_code != CLASS_SERIAL_BUS ||
	       f->subclass != SUBCLASS_USB;
}

static void config_select(u32 function, u32 offset)
{
	outl(CONFIG_ADDRESS, (u32)CONFIG_ENABLE | function << 8 | offset);
}

static u32 config_read(u32 function, u32 offset)
{
	config_select(function, offset);
	return inl(CONFIG_DATA);
}

/* Number of functions to look at of the device whose first one is given. */
static u32 function_count(u32 function)
{
	if ((u16)config_read(function, VENDOR) == NO_VENDOR)
		return 0;
	return config_read(function, HEADER) >> 16 & HEADER_MULTI_FUNCTION
		       ? DEVICE_FUNCTIONS
		       : 1;
}

static bool stop(u32 function, bool efi)
{
	u32 class_codes = config_read(function, CLASS);
	struct pci_function f = {
		.command = (u16)config_read(function, COMMAND),
		.class_code = (u8)(class_codes >> 24),
		.subclass = (u8)(class_codes >> 16),
		.header_type = config_read(function, HEADER) >> 16 &
			       (HEADER_MULTI_FUNCTION - 1),
	};

	if ((u16)config_read(function, VENDOR) == NO_VENDOR ||
	    !bus_master_is_stray(&f, efi))
		return false;
	config_select(function, COMMAND);
	/* Alone: a 1 in the status, beside it, would clear what is there. */
	outw(CONFIG_DATA, f.command & ~COMMAND_BUS_MASTER);
	/* The answer comes after all that the device has written (3.2.5). */
	config_read(function, COMMAND);
	return true;
}

/* Looks at all buses, since there may be several that no bridge leads to. */
unsigned int bus_masters_stop(bool efi)
{
	unsigned int stopped = 0;

	for (u32 device = 0; device < ALL_FUNCTIONS; device += DEVICE_FUNCTIONS)
		for (u32 i = function_count(device); i-- > 0;)
			stopped += stop(device + i, efi);
	return stopped;
}
