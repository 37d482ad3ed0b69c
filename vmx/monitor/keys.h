/* SPDX-License-Identifier: MIT */
/* Ctrl-A on the console, and the key that follows it: for Umbra. Pure. */
#ifndef VMX_MONITOR_KEYS_H
#define VMX_MONITOR_KEYS_H

#include "lib/types.h"

enum console_request {
	REQUEST_NONE,
	REQUEST_HELP,
	REQUEST_STATISTICS,
	REQUEST_MONITOR,
	REQUEST_END
};

struct console_keys {
	bool escape; /* Ctrl-A was typed */
	enum console_request request; /* not served yet */
};

/*
 * Notes a byte of the console's input. Returns true if it is for the guest: all
 * but Ctrl-A and the key after it, and the second of two Ctrl-A.
 */
bool keys_pass(struct console_keys *keys, u8 byte);

#endif
