/* SPDX-License-Identifier: MIT */
/* The machine's two 8259s. Only an IRQ that i8259_allow() lets through
   interrupts Umbra by them. */
#ifndef ARCH_X86_I8259_H
#define ARCH_X86_I8259_H

#include "lib/types.h"

/* Masks all IRQs, and gives them vectors away from the exceptions'. */
void i8259_init(void);

/*
 * Lets @irq (3 to 7) interrupt Umbra, and no other one. Returns false, and lets
 * none interrupt, if it is level-triggered: then it would interrupt until
 * somebody has served the device.
 */
bool i8259_allow(unsigned int irq);
/* Lets no IRQ interrupt. */
void i8259_forbid(void);

/* Returns true if the IRQ has interrupted since the last call. */
bool i8259_take(void);

/* Takes note of an interrupt. @vector may belong to another source. */
void i8259_handle_interrupt(unsigned int vector);

#endif
