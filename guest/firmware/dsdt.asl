// SPDX-License-Identifier: MIT
//
// The guest's devices that can't be enumerated, and the value that switches the
// machine off, in ACPI's own language.

DefinitionBlock ("dsdt.aml", "DSDT", 2, "UMBRA ", "UMBRAPC ", 1)
{
	// SLP_TYP of soft-off: PM_SLEEP_TYPE_S5 in guest/devices/pm.h
	Name (_S5, Package () { 0, 0, 0, 0 })

	Scope (\_SB)
	{
		// All ranges between the devices below are PCI's.
		Device (PCI0)
		{
			Name (_HID, EisaId ("PNP0A03"))
			Name (_UID, 0)
			Name (_BBN, 0)
			Name (_CRS, ResourceTemplate () {
				WordBusNumber (ResourceProducer, MinFixed,
					MaxFixed, PosDecode,
					0, 0x00, 0xff, 0, 0x100)
				IO (Decode16, 0xcf8, 0xcf8, 1, 8)
				WordIO (ResourceProducer, MinFixed, MaxFixed,
					PosDecode, EntireRange,
					0, 0x0000, 0x0cf7, 0, 0x0cf8)
				WordIO (ResourceProducer, MinFixed, MaxFixed,
					PosDecode, EntireRange,
					0, 0x0d00, 0xffff, 0, 0xf300)
				// the VGA's memory
				DWordMemory (ResourceProducer, PosDecode,
					MinFixed, MaxFixed, Cacheable,
					ReadWrite,
					0, 0x000a0000, 0x000bffff, 0, 0x20000)
				// from the end of RAM (GUEST_LOW_RAM_LIMIT in
				// guest/memory.h) to the I/O APIC
				DWordMemory (ResourceProducer, PosDecode,
					MinFixed, MaxFixed, NonCacheable,
					ReadWrite,
					0, 0xc0000000, 0xfebfffff, 0,
					0x3ec00000)
			})
		}

		Device (COM1)
		{
			Name (_HID, EisaId ("PNP0501"))
			Name (_UID, 1)
			Name (_CRS, ResourceTemplate () {
				IO (Decode16, 0x3f8, 0x3f8, 1, 8)
				IRQNoFlags () { 4 }
			})
		}

		Device (RTC)
		{
			Name (_HID, EisaId ("PNP0B00"))
			Name (_CRS, ResourceTemplate () {
				IO (Decode16, 0x70, 0x70, 1, 2)
				IRQNoFlags () { 8 }
			})
		}

		Device (KBD)
		{
			Name (_HID, EisaId ("PNP0303"))
			Name (_CRS, ResourceTemplate () {
				IO (Decode16, 0x60, 0x60, 1, 1)
				IO (Decode16, 0x64, 0x64, 1, 1)
				IRQNoFlags () { 1 }
			})
		}

		// The port of a mouse: a driver asks the controller for one.
		Device (MOU)
		{
			Name (_HID, EisaId ("PNP0F13"))
			Name (_CRS, ResourceTemplate () {
				IRQNoFlags () { 12 }
			})
		}
	}
}
