/* SPDX-License-Identifier: MIT */
/*
 * The devices of the guest's machine, and the I/O ports that they answer at:
 *
 *	20, 21, A0, A1, 4D0, 4D1	interrupt controllers (pic.h)
 *	40 - 43, 61			interval timer (pit.h)
 *	70, 71				real-time clock (rtc.h)
 *	3F8 - 3FF			serial port, IRQ 4 (uart.h)
 *	3D4, 3D5			VGA's CRT controller: its registers are
 *					kept, and the cursor is known by them
 *	60, 64				keyboard controller (i8042.h), with one
 *	92, CF9				of the PC's three ways to a reset
 *	80				POST codes: a delay, no device
 *	E9				a byte to the console (as in Bochs)
 *	F0				ends the coprocessor's IRQ 13
 *	F4				ends the run: the value is its status
 *	600 - 60B			ACPI: events, power-off, timer (pm.h)
 *	CF8, CFC - CFF			PCI's configuration space (pci.h)
 *
 * and the addresses in memory:
 *
 *	FEC00000			I/O APIC (ioapic.h)
 *	FEE00000, or where it is put	local APIC (lapic.h)
 *
 * Elsewhere there is nothing: reads give ones, writes have no effect.
 * Nothing here touches the real machine: time comes as a parameter, in ns
 * since boot, and the guest's output goes to a callback.
 */
#ifndef GUEST_DEVICES_DEVICES_H
#define GUEST_DEVICES_DEVICES_H

#include "guest/devices/i8042.h"
#include "guest/devices/ioapic.h"
#include "guest/devices/lapic.h"
#include "guest/devices/pci.h"
#include "guest/devices/pic.h"
#include "guest/devices/pit.h"
#include "guest/devices/pm.h"
#include "guest/devices/rtc.h"
#include "guest/devices/uart.h"

enum guest_end {
	GUEST_RUNS,
	GUEST_POWER_OFF,
	GUEST_RESET,
	GUEST_EXIT /* with a status of its own, see end_status */
};

struct devices_config {
	/* The guest's serial port and port E9h write to this. */
	void (*console)(void *ctx, u8 byte);
	void *ctx;
	/* The machine's clock; see arch/x86/rtc.h. */
	bool (*rtc_read)(u8 index, u8 *value);
	u64 (*tsc_to_ns)(void *ctx, u64 tsc); /* see lapic.h */
	u64 memory; /* the guest's, in bytes */
	u8 maxphyaddr;
};

#define CRTC_REGISTERS 0x19
#define CRTC_CURSOR 0x0e /* high byte, then low: the cell, from the first */

struct machine_devices {
	struct devices_config config;
	struct uart uart;
	struct pic pic;
	struct ioapic ioapic;
	struct lapic lapic;
	struct pit pit;
	struct rtc rtc;
	struct i8042 i8042;
	struct pm pm;
	struct pci pci;
	u64 timer_backlog; /* edges of IRQ 0 that wait for the guest */
	bool timer_due; /* the next tick can deliver one of these */
	u64 open_bus; /* number of accesses to absent devices */
	bool ferr; /* the processor reports an x87 error, until F0h ends that */
	bool ignne; /* it ignores the error, until its interrupt's end */
	u8 reset_control; /* port CF9h */
	u8 vga_status;
	u8 crtc_index;
	u8 crtc[CRTC_REGISTERS];
	u16 lines; /* IRQs that are high, one bit for each */
	/*
	 * No event was pending, and no device has been accessed or ticked
	 * since.
	 */
	bool quiet;
	enum guest_end end; /* the first end that the guest asked for */
	u32 end_status; /* of GUEST_EXIT */
};

/* Puts all devices into the state in which a PC's firmware leaves them. */
void devices_init(struct machine_devices *devices,
		  const struct devices_config *config);

/* IN and OUT; `size` is 1, 2 or 4. Look at `end` after a write. */
u32 devices_port_read(struct machine_devices *devices, u16 port,
		      unsigned int size, u64 now);
void devices_port_write(struct machine_devices *devices, u16 port,
			unsigned int size, u32 value, u64 now);

/*
 * Access to guest-physical memory that is not RAM; any @size, any alignment.
 * Look at `end` after a write.
 */
void devices_mmio_read(struct machine_devices *devices, gpa_t gpa, void *buf,
		       size_t size, u64 now);
void devices_mmio_write(struct machine_devices *devices, gpa_t gpa,
			const void *buf, size_t size, u64 now);

/* Brings the devices to the present: raises the interrupts that are due. */
void devices_tick(struct machine_devices *devices, u64 now);

/*
 * Until the next tick, an access to the local APIC does not let its timer fire
 * before @until, in ns.
 */
static inline void devices_hold(struct machine_devices *devices, u64 until)
{
	devices->lapic.not_before = until;
}

/* The time when devices_tick has something to do next; ~0: never. */
u64 devices_next_event(const struct machine_devices *devices);

/*
 * Access to the local APIC's MSRs (MSR_ASK_DEVICES of guest/msr.h). Returns
 * false if #GP(0) is due.
 */
bool devices_read_msr(struct machine_devices *devices, u32 index, u64 *value,
		      u64 now);
bool devices_write_msr(struct machine_devices *devices, u32 index, u64 value,
		       u64 now);

/*
 * Returns true if an interrupt is pending: of the local APIC, of a priority
 * above the processor's, or of the 8259s if they are let through.
 */
bool devices_interrupt_pending(const struct machine_devices *devices);

/* Returns true if an NMI waits until devices_take_nmi() is called. */
bool devices_nmi_pending(const struct machine_devices *devices);
void devices_take_nmi(struct machine_devices *devices);
/* Returns true if the guest has arranged for a device to raise NMIs. */
bool devices_can_raise_nmi(const struct machine_devices *devices);

/* Returns true if neither an interrupt nor an NMI is pending. */
bool devices_check_quiet(struct machine_devices *devices);

/*
 * The same, for each VM entry: the answer "true" is kept until a device is
 * accessed or ticks. (To take an event makes no other one pending.)
 */
static inline bool devices_are_quiet(struct machine_devices *devices)
{
	return devices->quiet || devices_check_quiet(devices);
}

/* MOV to CR8, of 0 to 15: the priority that an interrupt has to exceed. */
void devices_set_cr8(struct machine_devices *devices, u8 cr8);

/*
 * The processor takes the interrupt; returns its vector. devices_next_event()
 * may be earlier then.
 */
u8 devices_acknowledge(struct machine_devices *devices);

/* Returns true if an interrupt is taken, and the guest has not ended it. */
bool devices_in_service(const struct machine_devices *devices);

/*
 * Raises IRQ 13: the processor waits at an x87 instruction because of an error,
 * with CR0.NE=0 (SDM vol. 1, 8.7.2). Returns true if it must go on instead
 * (IGNNE#): the guest has written to port F0h, and still serves the interrupt.
 */
bool devices_x87_error(struct machine_devices *devices);

/*
 * Offers a byte typed on the console. Returns false if the caller must keep it
 * and offer it later.
 */
bool devices_console_input(struct machine_devices *devices, u8 byte);

/* Returns the cell of the text screen where the guest has put the cursor. */
static inline u16 devices_cursor(const struct machine_devices *devices)
{
	return devices->crtc[CRTC_CURSOR] << 8 | devices->crtc[CRTC_CURSOR + 1];
}

/* --- Between devices.c, ports.c and mmio.c --- */

/* Passes the devices' lines to the interrupt controllers, after an access. */
void devices_update_lines(struct machine_devices *devices);

/*
 * The same after an EOI or a new deadline of the local APIC, which a kernel
 * writes at each tick of its timer. These change no line, and no mask or mode
 * of an input; an EOI serves a level-triggered input itself. But the end of an
 * interrupt may end IGNNE#.
 */
void devices_timer_served(struct machine_devices *devices);

#endif
