/* SPDX-License-Identifier: MIT */
/* The I/O APIC: see ioapic.h. Sections are those of the data sheet. */
#include "guest/devices/ioapic.h"

#include "lib/string.h"

/* The registers behind the index (3.2). */
#define REG_ID 0x00
#define REG_VERSION 0x01
#define REG_ARBITRATION 0x02
#define REG_ENTRY_FIRST 0x10 /* two registers each, the low word first */

#define VERSION 0x11 /* of the 82093AA */
#define VERSION_LAST_SHIFT 16
#define ID_SHIFT 24
#define ID_MASK 0xf

#define ENTRY_DESTINATION_SHIFT 56
#define ENTRY_READ_ONLY ((u64)(APIC_SEND_PENDING | APIC_REMOTE_IRR))
#define ENTRY_WRITABLE                                                         \
	((BITS(63, ENTRY_DESTINATION_SHIFT) | BITS(16, 0)) & ~ENTRY_READ_ONLY)

/* PCI's lines idle high, being active low and shared. */
#define PCI_FIRST_INPUT 16

void ioapic_init(struct ioapic *io, apic_send send, void *ctx)
{
	memset(io, 0, sizeof(*io));
	io->send = send;
	io->ctx = ctx;
	io->id = GUEST_IOAPIC_ID;
	io->lines = BITS(IOAPIC_INPUTS - 1, PCI_FIRST_INPUT);
	for (unsigned int i = 0; i < IOAPIC_INPUTS; i++)
		io->entry[i] = APIC_MASKED;
}

/*
 * Returns true if the entry is level-triggered in effect: a delivery mode
 * without a vector is always edge-triggered (3.2.4, delivery mode).
 */
static bool is_level(u64 entry)
{
	return (entry & APIC_LEVEL) &&
	       APIC_DELIVERY(entry) <= APIC_LOWEST_PRIORITY;
}

static bool is_asserted(const struct ioapic *io, unsigned int input)
{
	bool high = io->lines & BIT(input);

	return high != !!(io->entry[input] & APIC_ACTIVE_LOW);
}

/*
 * Sends no message for an ExtINT, which makes the processor ask the 8259s for
 * the vector. They are wired to input 0 and stay asserted until they are asked,
 * so the devices call ioapic_is_extint() instead.
 */
static bool send(const struct ioapic *io, unsigned int input)
{
	u64 entry = io->entry[input];
	const struct apic_message message = {
		.destination = entry >> ENTRY_DESTINATION_SHIFT,
		.vector = entry & APIC_VECTOR,
		.delivery = APIC_DELIVERY(entry),
		.logical = entry & APIC_LOGICAL,
		.level = is_level(entry),
	};

	return message.delivery != APIC_EXTINT && io->send(io->ctx, &message);
}

/* A level-triggered input interrupts again after each end of interrupt. */
static void serve_level(struct ioapic *io, unsigned int input)
{
	u64 entry = io->entry[input];

	if (!is_level(entry) || (entry & (APIC_MASKED | APIC_REMOTE_IRR)) ||
	    !is_asserted(io, input))
		return;
	/*
	 * This comes before the message, which may lead to a change of this
	 * very entry.
	 */
	io->entry[input] |= APIC_REMOTE_IRR;
	if (!send(io, input))
		io->entry[input] &= ~APIC_REMOTE_IRR;
}

void ioapic_set_input(struct ioapic *io, unsigned int input, bool high)
{
	bool before = is_asserted(io, input);

	io->lines = high ? io->lines | BIT(input) : io->lines & ~BIT(input);
	if (before == is_asserted(io, input))
		return;
	if (is_level(io->entry[input]))
		serve_level(io, input);
	else if (!before && !ioapic_masked(io, input))
		send(io, input); /* while it is masked an edge is lost */
}

void ioapic_end_of_interrupt(struct ioapic *io, u8 vector)
{
	for (unsigned int i = 0; i < IOAPIC_INPUTS; i++) {
		if (ioapic_vector(io, i) != vector || !is_level(io->entry[i]))
			continue;
		io->entry[i] &= ~(u64)APIC_REMOTE_IRR;
		serve_level(io, i);
	}
}

/*
 * An entry that is made edge-triggered loses its remote IRR: kernels end an
 * interrupt that way on an I/O APIC of this version, which has no EOI register.
 */
static void write_entry(struct ioapic *io, unsigned int reg, u32 value)
{
	unsigned int input = reg / 2, shift = reg % 2 * 32;
	u64 *entry = &io->entry[input];
	u64 writable = ENTRY_WRITABLE & (0xffffffffULL << shift);

	*entry = (*entry & ~writable) | ((u64)value << shift & writable);
	if (!is_level(*entry))
		*entry &= ~(u64)APIC_REMOTE_IRR;
	serve_level(io, input);
}

u32 ioapic_read(const struct ioapic *io, u32 offset)
{
	unsigned int reg = io->index - REG_ENTRY_FIRST;

	if (offset == IOAPIC_INDEX)
		return io->index;
	if (offset != IOAPIC_DATA)
		return 0;
	switch (io->index) {
	case REG_ID:
	case REG_ARBITRATION: /* loaded with the ID (3.2.3) */
		return io->id << ID_SHIFT;
	case REG_VERSION:
		return VERSION | (IOAPIC_INPUTS - 1) << VERSION_LAST_SHIFT;
	default:
		if (io->index < REG_ENTRY_FIRST || reg >= 2 * IOAPIC_INPUTS)
			return 0;
		return io->entry[reg / 2] >> (reg % 2 * 32);
	}
}

void ioapic_write(struct ioapic *io, u32 offset, u32 value)
{
	unsigned int reg = io->index - REG_ENTRY_FIRST;

	if (offset == IOAPIC_INDEX)
		io->index = value;
	else if (offset != IOAPIC_DATA)
		return;
	else if (io->index == REG_ID)
		io->id = value >> ID_SHIFT & ID_MASK;
	else if (io->index >= REG_ENTRY_FIRST && reg < 2 * IOAPIC_INPUTS)
		write_entry(io, reg, value);
}

bool ioapic_masked(const struct ioapic *io, unsigned int input)
{
	return io->entry[input] & APIC_MASKED;
}

u8 ioapic_vector(const struct ioapic *io, unsigned int input)
{
	return io->entry[input] & APIC_VECTOR;
}

bool ioapic_is_extint(const struct ioapic *io, unsigned int input)
{
	return !ioapic_masked(io, input) &&
	       APIC_DELIVERY(io->entry[input]) == APIC_EXTINT;
}

bool ioapic_can_send_nmi(const struct ioapic *io)
{
	for (unsigned int i = 0; i < IOAPIC_INPUTS; i++)
		if (!ioapic_masked(io, i) &&
		    APIC_DELIVERY(io->entry[i]) == APIC_NMI)
			return true;
	return false;
}
