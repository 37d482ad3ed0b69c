/* SPDX-License-Identifier: MIT */
/*
 * Decoded instructions, by their address. A kernel writes its page tables with
 * few instructions, and to decode one costs more than to find it here. A slot
 * is used only if the code still has its bytes.
 */
#ifndef ARCH_X86_EMULATOR_INSN_CACHE_H
#define ARCH_X86_EMULATOR_INSN_CACHE_H

#include "arch/x86/emulator/insn.h"

#define INSN_CACHE_SLOTS 64

struct insn_cache {
	struct insn_cache_slot {
		u64 rip;
		u64 mask; /* of the first 8 bytes, those that it has; 0 if
			     the slot is empty, or it has more */
		u8 bytes[INSN_MAX_LENGTH];
		struct insn insn; /* its length is 0 if the slot is empty */
	} slots[INSN_CACHE_SLOTS];
};

/* The first 8 bytes of code, or of a slot. */
static inline u64 insn_first_bytes(const u8 *bytes)
{
	u64 first;

	__builtin_memcpy(&first, bytes, sizeof(first));
	return first;
}

/*
 * Returns the instruction at @rip if it is in @cache and has at most 8 bytes,
 * as most have; else NULL. Reads 8 bytes at @bytes.
 */
static __forceinline const struct insn *insn_cached(struct insn_cache *cache,
						    u64 rip, const u8 *bytes,
						    enum insn_mode mode)
{
	const struct insn_cache_slot *slot =
		&cache->slots[rip % INSN_CACHE_SLOTS];

	if (slot->rip != rip || !slot->mask || slot->insn.mode != mode ||
	    ((insn_first_bytes(slot->bytes) ^ insn_first_bytes(bytes)) &
	     slot->mask))
		return NULL;
	return &slot->insn;
}

/*
 * Returns the instruction at @rip, whose code is @bytes: from @cache, or
 * decoded and put there. Returns NULL if insn_decode() does not return INSN_OK.
 */
const struct insn *insn_decode_cached(struct insn_cache *cache, u64 rip,
				      const u8 *bytes, size_t available,
				      enum insn_mode mode);

#endif
