/* SPDX-License-Identifier: MIT */
/*
 * 4-level paging, SDM vol. 3A, chapter 4. Slow and plain: bits are spelled by
 * their numbers in the manual's tables, so that nothing is shared with mmu/.
 */
#include "tests/model/reference.h"

static bool bit(u64 value, int n)
{
	return value >> n & 1;
}

/* The bits high..low in place, the others 0. */
static u64 field(u64 value, int high, int low)
{
	return value << (63 - high) >> (63 - high) >> low << low;
}

/* Any of the bits high..low set? None if there are no such bits. */
static bool any(u64 value, int high, int low)
{
	return low <= high && field(value, high, low);
}

/* Tables 4-15 to 4-20, "Reserved (must be 0)". */
bool reference_reserved(const struct reference *r, u64 entry, int level)
{
	if (any(entry, 51, r->maxphyaddr))
		return true;
	if (bit(entry, 63) && !bit(r->efer, 11))
		return true;
	switch (level) {
	case 4:
		return bit(entry, 7);
	case 3:
		if (!bit(entry, 7))
			return false;
		return !r->gigabyte_pages || any(entry, 29, 13);
	case 2:
		return bit(entry, 7) && any(entry, 20, 13);
	default:
		return false;
	}
}

/* 4.6.1. */
bool reference_permits(const struct reference *r,
		       const struct reference_walk *walk, u32 access)
{
	bool write = bit(access, 1), user = bit(access, 2);
	bool fetch = bit(access, 4);
	bool wp = bit(r->cr0, 16), smep = bit(r->cr4, 20);
	bool nxe = bit(r->efer, 11);

	if (!bit(r->cr0, 31))
		return true;
	if (user) {
		if (!walk->u)
			return false;
		if (write)
			return walk->w;
		if (fetch)
			return !nxe || walk->x;
		return true;
	}
	if (write)
		return walk->w || !wp;
	if (fetch && walk->u)
		return !smep && (!nxe || walk->x);
	if (fetch)
		return !nxe || walk->x;
	return true;
}

/* 4.7, figure 4-12. */
static void fault(const struct reference *r, struct reference_walk *walk,
		  u32 access, bool present, bool reserved)
{
	walk->fault = true;
	walk->error_code = (u32)present << 0 | (u32)bit(access, 1) << 1 |
			   (u32)bit(access, 2) << 2 | (u32)reserved << 3;
	if (bit(access, 4) && (bit(r->cr4, 20) || bit(r->efer, 11)))
		walk->error_code |= 1 << 4;
}

struct reference_walk reference_walk(const struct reference *r, gva_t gva,
				     u32 access)
{
	struct reference_walk walk = {
		.w = true, .u = true, .x = true, .accessed = true
	};
	gpa_t table = field(r->cr3, 51, 12);
	u64 entry = 0;
	int level;

	if (!bit(r->cr0, 31)) {
		walk.mapped = walk.dirty = true;
		walk.gpa = field(gva, 31, 0);
		walk.shift = 12;
		return walk;
	}
	for (level = 4; level >= 1; level--) {
		int low = 12 + 9 * (level - 1);
		u64 *at;

		walk.entry[walk.depth] =
			table + (field(gva, low + 8, low) >> low) * 8;
		at = r->entry(r->ctx, walk.entry[walk.depth]);
		entry = at ? *at : ~0ULL;
		walk.depth++;
		if (!bit(entry, 0)) {
			fault(r, &walk, access, false, false);
			return walk;
		}
		if (reference_reserved(r, entry, level)) {
			fault(r, &walk, access, true, true);
			return walk;
		}
		walk.w = walk.w && bit(entry, 1);
		walk.u = walk.u && bit(entry, 2);
		walk.x = walk.x && !bit(entry, 63);
		walk.accessed = walk.accessed && bit(entry, 5);
		if (level == 1 || bit(entry, 7))
			break;
		table = field(entry, 51, 12);
	}
	walk.mapped = true;
	walk.shift = (u8)(12 + 9 * (level - 1));
	walk.dirty = bit(entry, 6);
	walk.gpa = field(entry, 51, walk.shift) | field(gva, walk.shift - 1, 0);
	if (!reference_permits(r, &walk, access))
		fault(r, &walk, access, true, false);
	return walk;
}

/* 4.8. */
bool reference_set_flags(const struct reference *r,
			 const struct reference_walk *walk, u32 access)
{
	bool changed = false;

	for (unsigned int i = 0; i < walk->depth; i++) {
		u64 *at = r->entry(r->ctx, walk->entry[i]);
		u64 flags = 1 << 5;

		if (i == walk->depth - 1 && bit(access, 1))
			flags |= 1 << 6;
		if (at && (*at & flags) != flags) {
			*at |= flags;
			changed = true;
		}
	}
	return changed;
}
