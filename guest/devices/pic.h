/* SPDX-License-Identifier: MIT */
/*
 * The PC's pair of 8259A interrupt controllers (Intel 8259A data sheet,
 * 231468), the second one cascaded through line 2 of the first.
 */
#ifndef GUEST_DEVICES_PIC_H
#define GUEST_DEVICES_PIC_H

#include "lib/types.h"

struct pic_chip {
	u8 lines; /* the inputs' levels */
	u8 irr; /* requests */
	u8 isr; /* in service */
	u8 imr; /* masked */
	u8 level; /* inputs triggered by level: the PC's ELCR */
	u8 base; /* the vector of input 0 */
	u8 lowest; /* the input of the lowest priority */
	u8 next_icw; /* 2 to 4 while initialisation words follow, else 0 */
	bool icw4_follows;
	bool single; /* no cascade: ICW3 is left out */
	bool auto_eoi;
	bool rotate_on_auto_eoi;
	bool special_mask;
	bool special_fully_nested;
	bool read_isr; /* a read of the command port gives isr, not irr */
	bool poll; /* the next read is an acknowledgement */
};

struct pic {
	struct pic_chip chip[2];
};

/* All inputs are masked until the guest has initialised the chips. */
void pic_init(struct pic *pic);

/* Sets the level of input `irq`, 0 to 15 without 2. */
void pic_set_irq(struct pic *pic, u8 irq, bool level);

/*
 * Returns true if an unmasked interrupt waits, and nothing in service holds it
 * back.
 */
bool pic_pending(const struct pic *pic);

/* Acknowledges the interrupt for the processor; returns its vector. */
u8 pic_acknowledge(struct pic *pic);

/* Returns true if the edge-triggered input `irq` waits to be acknowledged. */
bool pic_requested(const struct pic *pic, u8 irq);
/* Returns true if an interrupt is in service. */
bool pic_in_service(const struct pic *pic);
/* Returns true if input `irq` is masked. */
bool pic_masked(const struct pic *pic, u8 irq);

/* Access to chip 0 or 1; `data`: to its odd port (20h/21h, A0h/A1h). */
u8 pic_read(struct pic *pic, unsigned int chip, bool data);
void pic_write(struct pic *pic, unsigned int chip, bool data, u8 value);

/* Writes a chip's edge/level control register; a read of it gives `level`. */
void pic_write_elcr(struct pic *pic, unsigned int chip, u8 value);

#endif
