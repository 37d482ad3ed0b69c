/* SPDX-License-Identifier: MIT */
/* The 8259s of a PC: register and word names are those of the data sheet. */
#include "arch/x86/cpu.h"
#include "arch/x86/i8259.h"

#define PIC_MASTER 0x20
#define PIC_SLAVE 0xa0
#define PIC_DATA 1
#define ICW1_INIT 0x11
#define ICW4_8086 0x01
#define ICW4_AUTO_EOI 0x02 /* the data sheet permits it for a master */
#define MASTER_BASE 0x20
#define SLAVE_BASE 0x28
#define ALL_MASKED 0xff
/* A bit for each IRQ that is level-triggered; all ones: there is no such port. */
#define PORT_ELCR 0x4d0

static unsigned int allowed; /* 0: none */
static bool interrupted;

/*
 * Even a masked 8259 can raise a spurious IRQ 7 or 15, so both get vectors. An
 * interrupt of the master ends when the processor asks for its vector: no EOI
 * is due.
 */
void i8259_init(void)
{
	static const u16 pics[] = { PIC_MASTER, PIC_SLAVE };
	static const u8 bases[] = { MASTER_BASE, SLAVE_BASE };
	static const u8 cascades[] = { 1 << 2, 2 };
	static const u8 icw4[] = { ICW4_8086 | ICW4_AUTO_EOI, ICW4_8086 };

	for (unsigned int i = 0; i < ARRAY_SIZE(pics); i++) {
		outb(pics[i], ICW1_INIT);
		outb(pics[i] + PIC_DATA, bases[i]);
		outb(pics[i] + PIC_DATA, cascades[i]);
		outb(pics[i] + PIC_DATA, icw4[i]);
		outb(pics[i] + PIC_DATA, ALL_MASKED);
	}
}

bool i8259_allow(unsigned int irq)
{
	if (inb(PORT_ELCR) & BIT(irq))
		return false;
	allowed = irq;
	interrupted = false;
	outb(PIC_MASTER + PIC_DATA, (u8)~BIT(irq));
	return true;
}

void i8259_forbid(void)
{
	allowed = 0;
	outb(PIC_MASTER + PIC_DATA, ALL_MASKED);
}

bool i8259_take(void)
{
	bool taken = interrupted;

	interrupted = false;
	return taken;
}

void i8259_handle_interrupt(unsigned int vector)
{
	if (allowed && vector == MASTER_BASE + allowed)
		interrupted = true;
}
