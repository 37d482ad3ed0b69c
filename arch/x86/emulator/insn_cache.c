/* SPDX-License-Identifier: MIT */
#include "arch/x86/emulator/insn_cache.h"
#include "lib/string.h"

/* Most instructions have at most the eight bytes that are compared at once. */
static bool is_equal(const u8 *a, const u8 *b, size_t len, size_t available)
{
	u64 x, y;

	if (len > sizeof(x) || available < sizeof(x))
		return !memcmp(a, b, len);
	__builtin_memcpy(&x, a, sizeof(x));
	__builtin_memcpy(&y, b, sizeof(y));
	return !((x ^ y) << 8 * (sizeof(x) - len));
}

/* insn_decode() reads the mode and the instruction's own bytes, no more. */
static bool is_hit(const struct insn_cache_slot *slot, u64 rip, const u8 *bytes,
		   size_t available, enum insn_mode mode)
{
	const struct insn *insn = &slot->insn;

	return insn->length && slot->rip == rip && insn->mode == mode &&
	       insn->length <= available &&
	       is_equal(slot->bytes, bytes, insn->length, available);
}

const struct insn *insn_decode_cached(struct insn_cache *cache, u64 rip,
				      const u8 *bytes, size_t available,
				      enum insn_mode mode)
{
	struct insn_cache_slot *slot = &cache->slots[rip % INSN_CACHE_SLOTS];

	if (is_hit(slot, rip, bytes, available, mode))
		return &slot->insn;
	slot->rip = rip;
	if (insn_decode(&slot->insn, bytes, available, mode) != INSN_OK) {
		slot->insn.length = 0;
		return NULL;
	}
	memcpy(slot->bytes, bytes, slot->insn.length);
	return &slot->insn;
}
