/* SPDX-License-Identifier: MIT */
/* The devices in memory, as a table: see devices.h. */
#include "guest/devices/devices.h"
#include "lib/string.h"

#define DWORD 4U

static gpa_t lapic_base(const struct machine_devices *d)
{
	return lapic_page(&d->lapic);
}

static u32 read_lapic(struct machine_devices *d, u32 offset, u64 now)
{
	return lapic_read(&d->lapic, offset, now);
}

static void write_lapic(struct machine_devices *d, u32 offset, u32 value,
			unsigned int size, u64 now)
{
	lapic_write(&d->lapic, offset, value, size, now);
}

static gpa_t ioapic_base(const struct machine_devices *d)
{
	return GUEST_IOAPIC_GPA;
}

static u32 read_ioapic(struct machine_devices *d, u32 offset, u64 now)
{
	return ioapic_read(&d->ioapic, offset);
}

/* The index has but eight bits, and some write no more (82093AA, 3.1.1). */
static void write_ioapic(struct machine_devices *d, u32 offset, u32 value,
			 unsigned int size, u64 now)
{
	if (offset == IOAPIC_INDEX || size == DWORD)
		ioapic_write(&d->ioapic, offset, value);
}

/*
 * A page of registers. `read` gives the 32 bits at an @offset that is a
 * multiple of 4; `write` is told how many bytes at which offset.
 */
struct mmio_range {
	gpa_t (*base)(const struct machine_devices *d);
	u32 (*read)(struct machine_devices *d, u32 offset, u64 now);
	void (*write)(struct machine_devices *d, u32 offset, u32 value,
		      unsigned int size, u64 now);
};

/* The processor's own comes first: no other sees what it answers itself. */
static const struct mmio_range ranges[] = {
	{ lapic_base, read_lapic, write_lapic },
	{ ioapic_base, read_ioapic, write_ioapic },
};

static const struct mmio_range *find(struct machine_devices *d, gpa_t gpa)
{
	for (size_t i = 0; i < ARRAY_SIZE(ranges); i++)
		if (ranges[i].base(d) == (gpa & PAGE_MASK))
			return &ranges[i];
	d->open_bus++;
	return NULL;
}

/*
 * The registers are 32 bits wide and aligned, and so is the bus: an access that
 * is wider, or across, becomes several. A narrow read gives its part of the
 * register; what a narrow write does is the device's affair, since writing the
 * whole register would make up the rest.
 */
static size_t piece(gpa_t gpa, size_t size)
{
	return MIN(size, DWORD - gpa % DWORD);
}

void devices_mmio_read(struct machine_devices *devices, gpa_t gpa, void *buf,
		       size_t size, u64 now)
{
	/* To read what is no register of the APIC may interrupt. */
	devices->quiet = false;
	while (size) {
		const struct mmio_range *range = find(devices, gpa);
		size_t part = piece(gpa, size);
		u32 shift = gpa % DWORD, value = ~0U;

		if (range)
			value = range->read(devices, (gpa & ~PAGE_MASK) - shift,
					    now);
		memcpy(buf, (u8 *)&value + shift, part);
		buf = (u8 *)buf + part;
		gpa += part;
		size -= part;
	}
}

void devices_mmio_write(struct machine_devices *devices, gpa_t gpa,
			const void *buf, size_t size, u64 now)
{
	while (size) {
		const struct mmio_range *range = find(devices, gpa);
		size_t part = piece(gpa, size);
		u32 value = 0;

		memcpy(&value, buf, part);
		if (range)
			range->write(devices, gpa & ~PAGE_MASK, value, part,
				     now);
		buf = (const u8 *)buf + part;
		gpa += part;
		size -= part;
	}
	devices_update_lines(devices);
}
