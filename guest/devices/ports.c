/* SPDX-License-Identifier: MIT */
/* The I/O ports, as a table: see devices.h. */
#include "guest/devices/devices.h"

#define OPEN_BUS (~0U)

#define PORT92_RESET BIT(0)
#define PORT92_A20 BIT(1) /* always on: the guest starts beyond 1 MiB */
#define CF9_RESET BIT(2)
/* Input Status Register 1. */
#define VGA_DISPLAY_OFF BIT(0)
#define VGA_RETRACE BIT(3)

enum {
	PORT_PIT = 0x40,
	PORT_PIT_CONTROL = 0x43,
	PORT_61 = 0x61, /* the interval timer's gate */
	PORT_I8042 = 0x64, /* the keyboard's controller */
	PORT_RTC_INDEX = 0x70,
	PORT_92 = 0x92, /* the fast reset */
	PORT_CONSOLE = 0xe9,
	PORT_X87 = 0xf0, /* an x87 error's end */
	PORT_EXIT = 0xf4, /* with a status */
	PORT_CRTC_INDEX = 0x3d4,
	PORT_VGA_STATUS = 0x3da,
	PORT_UART = 0x3f8,
	PORT_PCI_ADDRESS = 0xcf8,
	PORT_RESET = 0xcf9,
	PORT_PCI_DATA = 0xcfc
};

static void end(struct machine_devices *d, enum guest_end how, u32 status)
{
	if (d->end != GUEST_RUNS)
		return;
	d->end = how;
	d->end_status = status;
}

/* Bit 0 of the port is the data port, bit 7 the second chip (A0h and A1h). */
static u32 read_pic(struct machine_devices *d, u16 port, u64 now)
{
	u8 value = pic_read(&d->pic, port >> 7, port & 1);

	/* A poll acknowledges a request: its line to the APICs falls. */
	devices_update_lines(d);
	return value;
}

static void write_pic(struct machine_devices *d, u16 port, u32 value, u64 now)
{
	pic_write(&d->pic, port >> 7, port & 1, value);
}

static u32 read_elcr(struct machine_devices *d, u16 port, u64 now)
{
	return d->pic.chip[port & 1].level;
}

static void write_elcr(struct machine_devices *d, u16 port, u32 value, u64 now)
{
	pic_write_elcr(&d->pic, port & 1, value);
}

static u32 read_pit(struct machine_devices *d, u16 port, u64 now)
{
	if (port == PORT_PIT_CONTROL)
		return OPEN_BUS; /* write-only */
	return pit_read(&d->pit, port - PORT_PIT, now);
}

static void write_pit(struct machine_devices *d, u16 port, u32 value, u64 now)
{
	u64 edges;

	d->timer_backlog += pit_tick(&d->pit, now);
	edges = d->pit.edges;
	if (port == PORT_PIT_CONTROL)
		pit_write_control(&d->pit, value, now);
	else
		pit_write(&d->pit, port - PORT_PIT, value, now);
	/*
	 * Channel 0 starts again: the machine remembers one edge of the old
	 * count.
	 */
	if (d->pit.edges != edges)
		d->timer_backlog = MIN(d->timer_backlog, 1ULL);
	d->timer_due = d->timer_backlog;
}

static u32 read_rtc(struct machine_devices *d, u16 port, u64 now)
{
	u32 value = port == PORT_RTC_INDEX ? OPEN_BUS : rtc_read(&d->rtc);

	devices_update_lines(d);
	return value;
}

static void write_rtc(struct machine_devices *d, u16 port, u32 value, u64 now)
{
	if (port == PORT_RTC_INDEX)
		rtc_select(&d->rtc, value);
	else
		rtc_write(&d->rtc, value, now);
}

static u32 read_uart(struct machine_devices *d, u16 port, u64 now)
{
	u8 value = uart_read(&d->uart, port - PORT_UART);

	/* A read has side effects. */
	devices_update_lines(d);
	return value;
}

static void write_uart(struct machine_devices *d, u16 port, u32 value, u64 now)
{
	uart_write(&d->uart, port - PORT_UART, value);
}

static u32 read_60(struct machine_devices *d, u16 port, u64 now)
{
	u8 value = i8042_read_data(&d->i8042);

	devices_update_lines(d);
	i8042_receive(&d->i8042);
	devices_update_lines(d);
	return value;
}

static void write_60(struct machine_devices *d, u16 port, u32 value, u64 now)
{
	if (i8042_write_data(&d->i8042, value))
		end(d, GUEST_RESET, 0);
}

/* Ports that are one register each. */
static u32 read_single(struct machine_devices *d, u16 port, u64 now)
{
	switch (port) {
	case PORT_61:
		return pit_read_61(&d->pit, now);
	case PORT_I8042:
		return i8042_read_status(&d->i8042);
	case PORT_92:
		return PORT92_A20;
	case PORT_CONSOLE:
		return port; /* so a guest can find it */
	case PORT_PCI_ADDRESS:
		return d->pci.address;
	case PORT_RESET:
		return d->reset_control;
	default:
		return OPEN_BUS;
	}
}

static void write_single(struct machine_devices *d, u16 port, u32 value,
			 u64 now)
{
	bool reset = false;

	switch (port) {
	case PORT_61:
		pit_write_61(&d->pit, value, now);
		break;
	case PORT_I8042:
		reset = i8042_write_command(&d->i8042, value);
		break;
	case PORT_92:
		reset = value & PORT92_RESET;
		break;
	case PORT_CONSOLE:
		d->config.console(d->config.ctx, value);
		break;
	case PORT_X87:
		d->ignne = d->ferr;
		d->ferr = false;
		break;
	case PORT_EXIT:
		end(d, GUEST_EXIT, value);
		break;
	case PORT_PCI_ADDRESS:
		pci_write_address(&d->pci, value);
		break;
	case PORT_RESET:
		reset = value & CF9_RESET;
		d->reset_control = value;
		break;
	}
	if (reset)
		end(d, GUEST_RESET, 0);
}

static u32 read_pm(struct machine_devices *d, u16 port, u64 now)
{
	return pm_read(&d->pm, port, now);
}

static void write_pm(struct machine_devices *d, u16 port, u32 value, u64 now)
{
	if (pm_write(&d->pm, port, value, now))
		end(d, GUEST_POWER_OFF, 0);
}

static u32 read_crtc(struct machine_devices *d, u16 port, u64 now)
{
	if (port == PORT_CRTC_INDEX)
		return d->crtc_index;
	return d->crtc_index < CRTC_REGISTERS ? d->crtc[d->crtc_index] : 0;
}

static void write_crtc(struct machine_devices *d, u16 port, u32 value, u64 now)
{
	if (port == PORT_CRTC_INDEX)
		d->crtc_index = value;
	else if (d->crtc_index < CRTC_REGISTERS)
		d->crtc[d->crtc_index] = value;
}

static u32 read_pci_data(struct machine_devices *d, u16 port, u64 now)
{
	return pci_read_data(&d->pci, port - PORT_PCI_DATA);
}

/*
 * Kernels wait here for the beginning or the end of the screen's retrace, so
 * both bits change at each read.
 */
static u32 read_vga_status(struct machine_devices *d, u16 port, u64 now)
{
	d->vga_status ^= VGA_DISPLAY_OFF | VGA_RETRACE;
	return d->vga_status;
}

struct port_range {
	u16 first;
	u16 last;
	u8 sizes; /* of the accesses that it takes: the sum of 1, 2 and 4 */
	u32 (*read)(struct machine_devices *d, u16 port, u64 now);
	void (*write)(struct machine_devices *d, u16 port, u32 value, u64 now);
};

#define BYTES 1
#define DWORDS 4
#define ANY_SIZE 7

/* Without a `read` a port gives ones, without a `write` it ignores writes. */
static const struct port_range ranges[] = {
	/*
	 * The ports that kernels read in tight loops, against the clock, come
	 * first.
	 */
	{ PORT_61, PORT_61, BYTES, read_single, write_single },
	{ PORT_PIT, PORT_PIT_CONTROL, BYTES, read_pit, write_pit },
	{ PORT_UART, PORT_UART + 7, BYTES, read_uart, write_uart },
	{ 0x20, 0x21, BYTES, read_pic, write_pic }, /* interrupt controller 1 */
	{ 0xa0, 0xa1, BYTES, read_pic, write_pic }, /* interrupt controller 2 */
	{ PORT_RTC_INDEX, 0x71, BYTES, read_rtc, write_rtc },
	{ PORT_CRTC_INDEX, 0x3d5, BYTES, read_crtc, write_crtc },
	{ PORT_VGA_STATUS, PORT_VGA_STATUS, BYTES, read_vga_status, NULL },
	{ 0x80, 0x80, BYTES, NULL, NULL }, /* POST code */
	{ 0x60, 0x60, BYTES, read_60, write_60 }, /* keyboard's data */
	{ PORT_I8042, PORT_I8042, BYTES, read_single, write_single },
	{ PORT_92, PORT_92, BYTES, read_single, write_single },
	{ PORT_CONSOLE, PORT_CONSOLE, BYTES, read_single, write_single },
	{ PORT_X87, PORT_X87, BYTES, NULL, write_single },
	{ PORT_EXIT, PORT_EXIT, ANY_SIZE, NULL, write_single },
	{ 0x4d0, 0x4d1, BYTES, read_elcr, write_elcr }, /* edge/level control */
	{ PM_PORT_EVENT, PM_PORT_END - 1, BYTES, read_pm, write_pm },
	{ PORT_PCI_ADDRESS, PORT_PCI_ADDRESS, DWORDS, read_single,
	  write_single },
	{ PORT_RESET, PORT_RESET, BYTES, read_single, write_single },
	{ PORT_PCI_DATA, PORT_PCI_DATA + 3, BYTES, read_pci_data, NULL },
};

/* Returns the range that takes an access of @size at the port as a whole. */
static const struct port_range *find(u16 port, unsigned int size)
{
	for (size_t i = 0; i < ARRAY_SIZE(ranges); i++) {
		if (port >= ranges[i].first && port <= ranges[i].last &&
		    ranges[i].sizes & size)
			return &ranges[i];
	}
	return NULL;
}

static u32 read_range(struct machine_devices *devices,
		      const struct port_range *range, u16 port, u64 now)
{
	return range && range->read ? range->read(devices, port, now)
				    : OPEN_BUS;
}

/*
 * Most devices are eight bits wide, so the bus splits a wider access into
 * bytes. But if nothing answers at the first port, nothing is split: a 16-bit
 * access to CF8h does not mean the reset port at CF9h.
 */
u32 devices_port_read(struct machine_devices *devices, u16 port,
		      unsigned int size, u64 now)
{
	const struct port_range *range = find(port, size);
	u32 ones = BITS(8 * size - 1, 0), value = 0;

	if (range)
		return read_range(devices, range, port, now) & ones;
	if (!find(port, BYTES)) {
		devices->open_bus++;
		return ones;
	}
	for (unsigned int i = 0; i < size; i++) {
		u16 at = port + i;
		u8 byte = read_range(devices, find(at, BYTES), at, now);

		value |= (u32)byte << (8 * i);
	}
	return value;
}

static void write_range(struct machine_devices *devices,
			const struct port_range *range, u16 port, u32 value,
			u64 now)
{
	if (range && range->write)
		range->write(devices, port, value, now);
}

void devices_port_write(struct machine_devices *devices, u16 port,
			unsigned int size, u32 value, u64 now)
{
	const struct port_range *range = find(port, size);

	if (range) {
		write_range(devices, range, port, value, now);
	} else if (!find(port, BYTES)) {
		devices->open_bus++;
		return;
	}
	for (unsigned int i = 0; !range && i < size; i++) {
		u16 at = port + i;

		write_range(devices, find(at, BYTES), at,
			    (u8)(value >> (8 * i)), now);
	}
	devices_update_lines(devices);
}
