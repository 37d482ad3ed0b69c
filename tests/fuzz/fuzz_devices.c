/* SPDX-License-Identifier: MIT */
/*
 * Fuzzes the devices at their ports, in memory and as MSRs: whatever a guest
 * reads and writes, in any order and at any time, a device stays within its
 * memory, gives no more than it was asked for, and always has its next event in
 * the future.
 */
#include <stdlib.h>
#include <string.h>

#include "arch/x86/msr.h"
#include "guest/devices/devices.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

struct operation {
	u8 kind; /* and the access's size */
	u8 place;
	u16 offset;
	u32 value;
};

enum {
	READ,
	WRITE,
	WAIT,
	INTERRUPT,
	TYPE,
	READ_MEMORY,
	WRITE_MEMORY,
	READ_MSR,
	WRITE_MSR,
	KINDS
};

/* The ports that are fuzzed. */
static const u16 places[] = { 0x20,  0x40,  0x60,  0x64,  0x70,	 0xa0,
			      0x3f8, 0x4d0, 0x600, 0xcf8, 0xcfc, 0 };

static const gpa_t pages[] = { 0xfec00000, 0xfee00000, 0xfed00000 };

/* The local APIC's MSRs: those of its own, then x2APIC's. */
static u32 msr_of(const struct operation *op)
{
	switch (op->place % 4) {
	case 0:
		return IA32_APIC_BASE;
	case 1:
		return IA32_TSC_DEADLINE;
	default:
		return IA32_X2APIC_FIRST + op->offset % 0x40;
	}
}

static u64 tsc_to_ns(void *ctx, u64 tsc)
{
	return tsc / 2;
}

static void console(void *ctx, u8 byte)
{
}

static bool rtc_register(u8 index, u8 *value)
{
	*value = index * 7;
	return true;
}

static void run_operation(struct machine_devices *d, const struct operation *op,
			  u64 *now)
{
	unsigned int size = 1U << (op->kind / KINDS % 3);
	u16 place = places[op->place % ARRAY_SIZE(places)];
	u16 port = place ? place + op->offset % 8 : op->offset;
	u64 mask = BITS(8 * size - 1, 0), value = op->value;
	gpa_t gpa = pages[op->place % ARRAY_SIZE(pages)] + op->offset % 4096;

	switch (op->kind % KINDS) {
	case READ:
		if (devices_port_read(d, port, size, *now) & ~mask)
			abort();
		break;
	case WRITE:
		devices_port_write(d, port, size, op->value & mask, *now);
		break;
	case WAIT: /* up to 2^44 ns, nearly five hours */
		*now += (u64)op->value << (op->place % 13);
		devices_tick(d, *now);
		if (devices_next_event(d) <= *now)
			abort();
		break;
	case INTERRUPT:
		if (devices_interrupt_pending(d))
			devices_acknowledge(d);
		if (devices_nmi_pending(d))
			devices_take_nmi(d);
		break;
	case TYPE:
		devices_console_input(d, op->value);
		break;
	case READ_MEMORY:
		devices_mmio_read(d, gpa, &value, size, *now);
		break;
	case WRITE_MEMORY:
		devices_mmio_write(d, gpa, &value, size, *now);
		break;
	case READ_MSR:
		devices_read_msr(d, msr_of(op), &value, *now);
		break;
	case WRITE_MSR:
		value <<= op->kind / KINDS % 9;
		devices_write_msr(d, msr_of(op), value, *now);
		break;
	}
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	const struct devices_config config = { .console = console,
					       .rtc_read = rtc_register,
					       .tsc_to_ns = tsc_to_ns,
					       .memory = 64 * MIB,
					       .maxphyaddr = 36 };
	struct machine_devices devices;
	struct operation op;
	enum guest_end end = GUEST_RUNS;
	u64 now = 0;

	devices_init(&devices, &config);
	for (; size >= sizeof(op); data += sizeof(op), size -= sizeof(op)) {
		memcpy(&op, data, sizeof(op));
		run_operation(&devices, &op, &now);
		/* The first end that the guest asks for stands. */
		if (end != GUEST_RUNS && devices.end != end)
			abort();
		end = devices.end;
	}
	return 0;
}
