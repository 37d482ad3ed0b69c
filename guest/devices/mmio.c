/* SPDX-License-Identifier: MIT */
/* The devices in memory: see devices.h. */
#include "guest/devices/devices.h"
#include "lib/string.h"

#define DWORD 4U

/*
 * The registers are 32 bits wide and aligned, and so is the bus: a wider
 * access, or one across two registers, becomes several. A narrow read gives its
 * part of the register. A narrow write goes to the device as such, since a
 * write of the whole register would invent the rest.
 */
static size_t piece(gpa_t gpa, size_t size)
{
	return MIN(size, DWORD - gpa % DWORD);
}

static bool is_lapic(const struct machine_devices *d, gpa_t gpa)
{
	return (gpa & PAGE_MASK) == lapic_page(&d->lapic);
}

/* Returns true if a write is an EOI of the local APIC, and no more. */
static bool is_eoi(const struct machine_devices *d, gpa_t gpa, size_t size)
{
	return is_lapic(d, gpa) && (gpa & ~PAGE_MASK) == LAPIC_EOI &&
	       size == DWORD;
}

/* Reads the 32-bit register that contains @gpa. */
static u32 read_register(struct machine_devices *d, gpa_t gpa, u64 now)
{
	u32 offset = ALIGN_DOWN(gpa & ~PAGE_MASK, DWORD);

	/*
	 * The processor's own APIC comes first: no other device sees an access
	 * that it answers.
	 */
	if (is_lapic(d, gpa))
		return lapic_read(&d->lapic, offset, now);
	if ((gpa & PAGE_MASK) == GUEST_IOAPIC_GPA)
		return ioapic_read(&d->ioapic, offset);
	d->open_bus++;
	return ~0U;
}

static void write_register(struct machine_devices *d, gpa_t gpa, u32 value,
			   size_t size, u64 now)
{
	u32 offset = gpa & ~PAGE_MASK;

	if (is_lapic(d, gpa))
		lapic_write(&d->lapic, offset, value, size, now);
	else if ((gpa & PAGE_MASK) != GUEST_IOAPIC_GPA)
		d->open_bus++;
	/* The index has 8 bits, and some kernels write only them (3.1.1). */
	else if (offset == IOAPIC_INDEX || size == DWORD)
		ioapic_write(&d->ioapic, offset, value);
}

void devices_mmio_read(struct machine_devices *devices, gpa_t gpa, void *buf,
		       size_t size, u64 now)
{
	u8 *to = buf;

	/* A read of an address of the APIC without a register may interrupt. */
	devices->quiet = false;
	while (size) {
		size_t part = piece(gpa, size);
		u32 value = read_register(devices, gpa, now);

		memcpy(to, (u8 *)&value + gpa % DWORD, part);
		to += part;
		gpa += part;
		size -= part;
	}
}

void devices_mmio_write(struct machine_devices *devices, gpa_t gpa,
			const void *buf, size_t size, u64 now)
{
	const u8 *from = buf;
	bool eoi = is_eoi(devices, gpa, size);

	while (size) {
		size_t part = piece(gpa, size);
		u32 value = 0;

		memcpy(&value, from, part);
		write_register(devices, gpa, value, part, now);
		from += part;
		gpa += part;
		size -= part;
	}
	if (eoi)
		devices_timer_served(devices);
	else
		devices_update_lines(devices);
}
