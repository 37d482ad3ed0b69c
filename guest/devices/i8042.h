/* SPDX-License-Identifier: MIT */
/*
 * The keyboard controller of a PC (IBM PS/2 Hardware Interface Technical
 * Reference, "Keyboard and Auxiliary Device Controller"), as far as kernels
 * probe it and reset the machine with it. It has a keyboard whose keys
 * nobody presses (the guest's console is its serial port), and a mouse's port
 * with nothing connected.
 */
#ifndef GUEST_DEVICES_I8042_H
#define GUEST_DEVICES_I8042_H

#include "lib/types.h"

#define I8042_QUEUE 4
#define I8042_MEMORY 32

struct i8042 {
	/* The output buffer, which port 60h gives. */
	u8 output;
	u8 output_status; /* the status bits that go with it; 0: empty */
	/* Bytes that the keyboard will send. */
	u8 queue[I8042_QUEUE];
	u8 queued;
	u8 memory[I8042_MEMORY]; /* byte 0 is the command byte */
	u8 command; /* the controller's that waits for a byte, or 0 */
	u8 keyboard_command; /* the same for the keyboard's */
	bool command_last; /* the last write was to port 64h */
};

/* The state is that in which a PC's firmware leaves it. */
void i8042_init(struct i8042 *kbc);

/*
 * Port 60h. The keyboard's next byte comes only with i8042_receive(), so that
 * the interrupt line falls in between: each byte is an edge. A write returns
 * true if it resets the processor.
 */
u8 i8042_read_data(struct i8042 *kbc);
void i8042_receive(struct i8042 *kbc);
bool i8042_write_data(struct i8042 *kbc, u8 value);

/* Port 64h. A command returns true if it resets the processor. */
u8 i8042_read_status(const struct i8042 *kbc);
bool i8042_write_command(struct i8042 *kbc, u8 command);

/* The levels of the interrupt lines: IRQ 1 and IRQ 12. */
bool i8042_keyboard_irq(const struct i8042 *kbc);
bool i8042_mouse_irq(const struct i8042 *kbc);

#endif
