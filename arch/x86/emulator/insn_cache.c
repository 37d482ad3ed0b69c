/* SPDX-License-Identifier: MIT */
#include "arch/x86/emulator/insn_cache.h"
#include "lib/string.h"

/* insn_decode() depends on the mode and the instruction's bytes alone. */
static bool is_hit(const struct insn_cache_slot *slot, u64 rip, const u8 *bytes,
		   size_t available, enum insn_mode mode)
{
	const struct insn *insn = &slot->insn;

	return insn->length && slot->rip == rip && insn->mode == mode &&
	       insn->length <= available &&
	       !memcmp(slot->bytes, bytes, insn->length);
}

const struct insn *insn_decode_cached(struct insn_cache *cache, u64 rip,
				      const u8 *bytes, size_t available,
				      enum insn_mode mode)
{
	struct insn_cache_slot *slot = &cache->slots[rip % INSN_CACHE_SLOTS];

	if (is_hit(slot, rip, bytes, available, mode))
		return &slot->insn;
	slot->rip = rip;
	slot->mask = 0;
	if (insn_decode(&slot->insn, bytes, available, mode) != INSN_OK) {
		slot->insn.length = 0;
		return NULL;
	}
	memcpy(slot->bytes, bytes, slot->insn.length);
	if (slot->insn.length <= sizeof(u64))
		slot->mask = BITS(8 * slot->insn.length - 1, 0);
	return &slot->insn;
}
