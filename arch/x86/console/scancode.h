/* SPDX-License-Identifier: MIT */
/*
 * Translates the keys of a PC's keyboard to the bytes that a terminal would
 * send: scan codes of set 1, a US layout, and ECMA-48's sequences for the
 * cursor. Pure C.
 */
#ifndef ARCH_X86_CONSOLE_SCANCODE_H
#define ARCH_X86_CONSOLE_SCANCODE_H

#include "lib/types.h"

struct scancode_state {
	bool left_shift, right_shift;
	bool left_ctrl, right_ctrl;
	bool alt; /* puts an ESC before the key */
	bool caps_lock;
	bool extended; /* E0h came before */
	u8 ignore; /* number of bytes of the Pause key that follow */
};

#define SCANCODE_TEXT_MAX 5 /* with the NUL */
#define SCANCODE_PAGE_UP "\x1b[5~"
#define SCANCODE_PAGE_DOWN "\x1b[6~"

/*
 * Translates a byte of the keyboard. `text` gets the bytes that it types: often
 * "", since a key sends a code when it is released, too.
 */
void scancode_translate(struct scancode_state *state, u8 code,
			char text[SCANCODE_TEXT_MAX]);

#endif
