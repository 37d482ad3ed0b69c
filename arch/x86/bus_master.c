/* SPDX-License-Identifier: MIT */
/* PCI Local Bus Specification 3.0: chapter 6 and appendix D. */
#include "arch/x86/bus_master.h"
#include "arch/x86/pci.h"

#define HEADER_TYPE BITS(6, 0)
#define HEADER_DEVICE 0 /* bridges have others */

enum { CLASS_DISPLAY = 0x03, CLASS_BRIDGE = 0x06, CLASS_SERIAL_BUS = 0x0c };

#define SUBCLASS_USB 0x03 /* of CLASS_SERIAL_BUS */

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
static bool bus_master_is_stray(const struct pci_function *f, bool efi)
{
	if (!(f->command & PCI_COMMAND_BUS_MASTER) ||
	    f->header_type != HEADER_DEVICE || f->class_code == CLASS_BRIDGE ||
	    f->class_code == CLASS_DISPLAY)
		return false;
	return efi || f->class_code != CLASS_SERIAL_BUS ||
	       f->subclass != SUBCLASS_USB;
}

static bool stop(u32 function, void *context)
{
	const bool *efi = context;
	u32 class_codes = pci_read(function, PCI_CLASS);
	struct pci_function f = {
		.command = (u16)pci_read(function, PCI_COMMAND),
		.class_code = (u8)(class_codes >> 24),
		.subclass = (u8)(class_codes >> 16),
		.header_type = pci_read(function, PCI_HEADER) >> 16 &
			       HEADER_TYPE,
	};

	if (!bus_master_is_stray(&f, *efi))
		return false;
	pci_write_command(function, f.command & ~PCI_COMMAND_BUS_MASTER);
	/* The answer comes after all earlier writes of the device (3.2.5). */
	pci_read(function, PCI_COMMAND);
	return true;
}

unsigned int bus_masters_stop(bool efi)
{
	return pci_count(stop, &efi);
}
