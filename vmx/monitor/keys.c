/* SPDX-License-Identifier: MIT */
#include "vmx/monitor/keys.h"

#define CTRL_A 0x01

bool keys_pass(struct console_keys *keys, u8 byte)
{
	/* In the order of enum console_request. */
	static const u8 letters[] = { 's', 'm', 'x' };

	if (!keys->escape) {
		keys->escape = byte == CTRL_A;
		return !keys->escape;
	}
	keys->escape = false;
	if (byte == CTRL_A)
		return true;
	keys->request = REQUEST_HELP;
	for (u32 i = 0; i < sizeof(letters); i++)
		if (byte == letters[i])
			keys->request = REQUEST_STATISTICS + i;
	return false;
}
