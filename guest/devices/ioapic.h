/* SPDX-License-Identifier: MIT */
/*
 * The I/O APIC (82093AA data sheet, 290566): 24 inputs, and for each an entry
 * that tells the interrupt and the local APIC that gets it.
 *
 * Its inputs are wired as on a PC's board: the ISA bus's IRQs to the inputs of
 * the same numbers, except the timer, which is at input 2; the 8259s' output to
 * input 0. PCI's lines would begin at input 16; there are none.
 */
#ifndef GUEST_DEVICES_IOAPIC_H
#define GUEST_DEVICES_IOAPIC_H

#include "guest/devices/apic_message.h"

/* The I/O APIC's address and number; firmware/ tells the guest both. */
#define GUEST_IOAPIC_GPA 0xfec00000
#define GUEST_IOAPIC_ID 0

#define IOAPIC_INPUTS 24
/* Input n is the ISA bus's IRQ n, except the timer's. */
#define GUEST_IOAPIC_TIMER_INPUT 2

/* Its two registers, by their offset in its page. */
#define IOAPIC_INDEX 0x00
#define IOAPIC_DATA 0x10

/* Passes a message on; returns false if no local APIC accepts it. */
typedef bool (*apic_send)(void *ctx, const struct apic_message *message);

struct ioapic {
	u64 entry[IOAPIC_INPUTS];
	u32 lines; /* the inputs' levels, as on the wire */
	u8 index; /* the register that IOAPIC_DATA shows */
	u8 id;
	apic_send send;
	void *ctx;
};

/* All inputs are masked; @send gets @ctx. */
void ioapic_init(struct ioapic *io, apic_send send, void *ctx);

/* Access to a register by its offset; others read as 0 and ignore writes. */
u32 ioapic_read(const struct ioapic *io, u32 offset);
void ioapic_write(struct ioapic *io, u32 offset, u32 value);

/*
 * Sets the level of an input, 0 to IOAPIC_INPUTS - 1, on the wire: ISA's lines
 * idle low, PCI's high.
 */
void ioapic_set_input(struct ioapic *io, unsigned int input, bool high);

/*
 * Handles a local APIC's broadcast of the end of a level-triggered interrupt.
 */
void ioapic_end_of_interrupt(struct ioapic *io, u8 vector);

/* Returns true if the input is masked. */
bool ioapic_masked(const struct ioapic *io, unsigned int input);
/* Returns the input's vector. */
u8 ioapic_vector(const struct ioapic *io, unsigned int input);

/* Returns true if the input, unmasked, asks for the 8259s' vector. */
bool ioapic_is_extint(const struct ioapic *io, unsigned int input);

/* Returns true if one of its inputs may become an NMI. */
bool ioapic_can_send_nmi(const struct ioapic *io);

#endif
