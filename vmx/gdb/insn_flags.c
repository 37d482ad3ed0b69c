/* SPDX-License-Identifier: MIT */
#include "lib/string.h"
#include "vmx/gdb/insn_flags.h"

#define PREFIX_LOCK 0xf0

/* Returns true for LOCK, REP, segments, sizes (SDM vol. 2A, 2.1.1), and REX. */
static bool is_prefix(u8 byte, enum insn_mode mode)
{
	static const u8 prefixes[] = { PREFIX_LOCK, 0xf2, 0xf3, 0x2e,
				       0x36,	    0x3e, 0x26, 0x64,
				       0x65,	    0x66, 0x67 };
	bool found = mode == INSN_MODE_64 && (byte & 0xf0) == 0x40; /* REX */

	for (size_t i = 0; i < ARRAY_SIZE(prefixes); i++)
		found |= byte == prefixes[i];
	return found;
}

struct insn_flags_found insn_flags_find(const u8 *code, size_t length,
					enum insn_mode mode)
{
	struct insn_flags_found found = { .kind = FLAGS_PLAIN };
	u8 opcode[2] = { 0 };
	bool locked = false;
	size_t n = 0;

	while (n < length && is_prefix(code[n], mode))
		locked |= code[n++] == PREFIX_LOCK;
	memcpy(opcode, code + n, MIN(length - n, sizeof(opcode)));
	switch (opcode[0]) {
	case 0x9c:
		found.kind = FLAGS_PUSHED;
		break;
	case 0x9d:
	case 0xcf:
		found.kind = FLAGS_LOADED;
		break;
	case 0xcd:
		/*
		 * If not, it faults: in the fetch, by its length, or by LOCK.
		 */
		if (n + 2 <= MIN(length, (size_t)INSN_MAX_LENGTH) && !locked)
			found = (struct insn_flags_found){ FLAGS_INTERRUPT,
							   opcode[1],
							   (u8)(n + 2) };
		break;
	case 0x0f:
		if (opcode[1] == 0x05)
			found.kind = FLAGS_SYSCALL;
		else if (opcode[1] == 0x07)
			found.kind = FLAGS_LOADED;
		break;
	default:
		break;
	}
	return found;
}
