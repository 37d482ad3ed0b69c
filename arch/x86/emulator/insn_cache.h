/* SPDX-License-Identifier: MIT */
/*
 * Decoded instructions, by their address. A kernel writes its page tables with
 * a handful of instructions, and to decode one costs more than to find it here.
 * An entry counts only if the code still has its bytes.
 */
#ifndef ARCH_X86_EMULATOR_INSN_CACHE_H
#define ARCH_X86_EMULATOR_INSN_CACHE_H

#include "arch/x86/emulator/insn.h"

#define INSN_CACHE_SLOTS 64

struct insn_cache {
	struct insn_cache_slot {
		u64 rip;
		u8 bytes[INSN_MAX_LENGTH];
		struct insn insn; /* of length 0: the slot is empty */
	} slots[INSN_CACHE_SLOTS];
};

/*
 * The instruction at @rip, whose code is @bytes, as insn_decode() gives it, in
 * @cache; NULL where insn_decode() says that it is none that Umbra knows.
 */
const struct insn *insn_decode_cached(struct insn_cache *cache, u64 rip,
				      const u8 *bytes, size_t available,
				      enum insn_mode mode);

#endif
