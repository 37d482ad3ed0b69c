/* SPDX-License-Identifier: MIT */
#include "vmx/monitor/keys.h"

#define CTRL_A 0x01

bool keys_pass(struct console_keys *keys, u8 byte)
{
	if (!keys->escape) {
		keys->escape = byte == CTRL_A;
		return !keys->escape;
	}
	keys->escape = false;
	switch (byte) {
	case CTRL_A:
		return true;
	case 's':
		keys->request = REQUEST_STATISTICS;
		break;
	case 'm':
		keys->request = REQUEST_MONITOR;
		break;
	case 'x':
		keys->request = REQUEST_END;
		break;
	default:
		keys->request = REQUEST_HELP;
		break;
	}
	return false;
}
