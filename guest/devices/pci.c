/* SPDX-License-Identifier: MIT */
/* PCI's configuration space: see pci.h. */
#include "guest/devices/pci.h"

/* CONFIG_ADDRESS: enable; bus, device and function; register. */
#define ADDRESS_ENABLE BIT(31)
#define ADDRESS_FUNCTION BITS(23, 8)
#define ADDRESS_REGISTER BITS(7, 2)

/* The header of the host bridge, type 0 (6.1); its other bytes are zeros. */
enum {
	VENDOR_ID = 0x00,
	DEVICE_ID = 0x02,
	COMMAND = 0x04,
	STATUS = 0x06,
	REVISION_ID = 0x08,
	CLASS_BASE = 0x0b, /* interface and subclass, 0: host bridge */
	HEADER_SIZE = 0x0c
};

static const u8 host_bridge[HEADER_SIZE] = {
	[VENDOR_ID] = 0x86,   [VENDOR_ID + 1] = 0x80, /* Intel */
	[DEVICE_ID] = 0x37,   [DEVICE_ID + 1] = 0x12, /* 82441FX */
	[COMMAND] = 0x06, /* memory accesses, bus master */
	[STATUS] = 0x00,      [STATUS + 1] = 0x02, /* DEVSEL# timing: medium */
	[REVISION_ID] = 0x02, [CLASS_BASE] = 0x06, /* a bridge */
};

void pci_write_address(struct pci *pci, u32 value)
{
	pci->address = value &
		       (ADDRESS_ENABLE | ADDRESS_FUNCTION | ADDRESS_REGISTER);
}

u8 pci_read_data(const struct pci *pci, unsigned int lane)
{
	size_t at = (pci->address & ADDRESS_REGISTER) + lane;

	if (!(pci->address & ADDRESS_ENABLE) ||
	    pci->address & ADDRESS_FUNCTION) /* 00:00.0 is the only one */
		return 0xff;
	return at < sizeof(host_bridge) ? host_bridge[at] : 0;
}
