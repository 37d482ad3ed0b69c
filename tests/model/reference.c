/* SPDX-License-Identifier: MIT */
/*
 * Paging, SDM vol. 3A, chapter 4. Slow and plain: bits are written as the
 * numbers of the manual's tables, so that nothing is shared with mmu/.
 */
#include <string.h>

#include "tests/model/reference.h"

static bool bit(u64 value, int n)
{
	return value >> n & 1;
}

/* Returns the bits high..low in their place, the others 0. */
static u64 bits_in_place(u64 value, int high, int low)
{
	return value << (63 - high) >> (63 - high) >> low << low;
}

/* Returns true if any of the bits high..low is set. */
static bool any_bit(u64 value, int high, int low)
{
	return low <= high && bits_in_place(value, high, low);
}

/* 4.1.1. */
enum reference_mode reference_mode(const struct reference *r)
{
	if (!bit(r->cr0, 31))
		return MODE_UNPAGED;
	if (!bit(r->cr4, 5))
		return MODE_32BIT;
	return bit(r->efer, 10) ? MODE_4LEVEL : MODE_PAE;
}

unsigned int reference_entry_size(const struct reference *r)
{
	return reference_mode(r) == MODE_32BIT ? 4 : 8;
}

u64 reference_entry(const struct reference *r, gpa_t gpa)
{
	unsigned int size = reference_entry_size(r);
	const u8 *at = r->memory(r->ctx, gpa);
	u64 entry = 0;

	if (!at)
		return size == 4 ? 0xffffffff : ~0ULL;
	memcpy(&entry, at, size);
	return entry;
}

bool reference_maps(const struct reference *r, u64 entry, int level)
{
	if (level == 1)
		return true;
	/* 4.3: without CR4.PSE the PDE's bit 7 is ignored. */
	if (reference_mode(r) == MODE_32BIT && !bit(r->cr4, 4))
		return false;
	return bit(entry, 7);
}

/* Table 4-4: with PSE-36, M is the lower of MAXPHYADDR and 40. */
static int pse36_m(const struct reference *r)
{
	return r->maxphyaddr < 40 ? r->maxphyaddr : 40;
}

static bool is_reserved_32bit(const struct reference *r, u64 entry, int level)
{
	return level == 2 && reference_maps(r, entry, level) &&
	       any_bit(entry, 21, pse36_m(r) - 19);
}

/* "Reserved (must be 0)", tables 4-4, 4-9 to 4-11, 4-15 to 4-20. */
bool reference_is_reserved(const struct reference *r, u64 entry, int level)
{
	enum reference_mode mode = reference_mode(r);

	if (mode == MODE_32BIT)
		return is_reserved_32bit(r, entry, level);
	if (any_bit(entry, mode == MODE_PAE ? 62 : 51, r->maxphyaddr))
		return true;
	if (bit(entry, 63) && !bit(r->efer, 11))
		return true;
	switch (level) {
	case 4:
		return bit(entry, 7);
	case 3:
		if (!bit(entry, 7))
			return false;
		return !r->gigabyte_pages || any_bit(entry, 29, 13);
	case 2:
		return bit(entry, 7) && any_bit(entry, 20, 13);
	default:
		return false;
	}
}

gpa_t reference_address(const struct reference *r, u64 entry, int level)
{
	if (!reference_maps(r, entry, level) || level == 1)
		return bits_in_place(entry, 51, 12);
	if (reference_mode(r) == MODE_32BIT)
		return bits_in_place(entry, 31, 22) |
		       bits_in_place(entry, 20, 13) >> 13 << 32;
	return bits_in_place(entry, 51, level == 3 ? 30 : 21);
}

/* 4.4.1 and table 4-8. */
bool reference_read_pdptes(const struct reference *r, u64 pdpte[4])
{
	for (int i = 0; i < 4; i++) {
		const u8 *at =
			r->memory(r->ctx, bits_in_place(r->cr3, 31, 5) + 8 * i);

		pdpte[i] = ~0ULL;
		if (at)
			memcpy(&pdpte[i], at, 8);
		if (bit(pdpte[i], 0) &&
		    (any_bit(pdpte[i], 2, 1) || any_bit(pdpte[i], 8, 5) ||
		     any_bit(pdpte[i], 63, r->maxphyaddr)))
			return false;
	}
	return true;
}

static bool user_permits(const struct reference_walk *walk, bool write,
			 bool fetch, bool xd)
{
	if (!walk->u)
		return false;
	if (write)
		return walk->w;
	return !fetch || !xd || walk->x;
}

/* 4.6.1. */
bool reference_permits(const struct reference *r,
		       const struct reference_walk *walk, u32 kind)
{
	bool write = bit(kind, 1), fetch = bit(kind, 4), ac = bit(kind, 31);
	bool wp = bit(r->cr0, 16), smep = bit(r->cr4, 20);
	bool smap = bit(r->cr4, 21);
	bool xd = bit(r->efer, 11) && reference_mode(r) != MODE_32BIT;

	if (reference_mode(r) == MODE_UNPAGED)
		return true;
	if (bit(kind, 2))
		return user_permits(walk, write, fetch, xd);
	if (fetch && walk->u && smep)
		return false;
	if (fetch)
		return !xd || walk->x;
	if (walk->u && smap && !ac)
		return false;
	return !write || walk->w || !wp;
}

/* 4.7, figure 4-12. */
static void set_fault(const struct reference *r, struct reference_walk *walk,
		      u32 kind, bool present, bool reserved)
{
	bool smep = bit(r->cr4, 20);
	bool pae = bit(r->cr4, 5), nxe = bit(r->efer, 11);

	walk->fault = true;
	walk->error_code = (u32)present << 0 | (u32)bit(kind, 1) << 1 |
			   (u32)bit(kind, 2) << 2 | (u32)reserved << 3;
	if (bit(kind, 4) && (smep || (pae && nxe)))
		walk->error_code |= 1 << 4;
}

void reference_deny(const struct reference *r, struct reference_walk *walk,
		    u32 kind)
{
	set_fault(r, walk, kind, true, false);
}

/* Walks from the table at @table, of @walk->level, down to the page. */
static void descend(const struct reference *r, struct reference_walk *walk,
		    gpa_t table, gva_t gva, u32 kind)
{
	unsigned int size = reference_entry_size(r);
	int bits = size == 4 ? 10 : 9;

	for (;; walk->level--) {
		int low = 12 + bits * (walk->level - 1);
		gpa_t at = table + (bits_in_place(gva, low + bits - 1, low) >>
				    low) * size;
		u64 entry = reference_entry(r, at);

		walk->entry[walk->depth++] = at;
		if (!bit(entry, 0))
			return set_fault(r, walk, kind, false, false);
		if (reference_is_reserved(r, entry, walk->level))
			return set_fault(r, walk, kind, true, true);
		walk->w = walk->w && bit(entry, 1);
		walk->u = walk->u && bit(entry, 2);
		walk->x = walk->x && !bit(entry, 63);
		walk->accessed = walk->accessed && bit(entry, 5);
		table = reference_address(r, entry, walk->level);
		if (reference_maps(r, entry, walk->level)) {
			walk->mapped = true;
			walk->shift = (u8)low;
			walk->dirty = bit(entry, 6);
			walk->gpa = table | bits_in_place(gva, low - 1, 0);
			break;
		}
	}
	if (!reference_permits(r, walk, kind))
		reference_deny(r, walk, kind);
}

struct reference_walk reference_walk(const struct reference *r, gva_t gva,
				     u32 kind)
{
	struct reference_walk walk = {
		.w = true, .u = true, .x = true, .accessed = true
	};
	u64 pdpte;

	switch (reference_mode(r)) {
	case MODE_UNPAGED:
		walk.mapped = walk.dirty = true;
		walk.gpa = bits_in_place(gva, 31, 0);
		walk.shift = 12;
		break;
	case MODE_32BIT:
		walk.level = 2;
		descend(r, &walk, bits_in_place(r->cr3, 31, 12),
			bits_in_place(gva, 31, 0), kind);
		break;
	case MODE_PAE:
		pdpte = r->pdpte[bits_in_place(gva, 31, 30) >> 30];
		walk.level = bit(pdpte, 0) ? 2 : 3;
		if (bit(pdpte, 0))
			descend(r, &walk, bits_in_place(pdpte, 51, 12),
				bits_in_place(gva, 31, 0), kind);
		else
			set_fault(r, &walk, kind, false, false);
		break;
	case MODE_4LEVEL:
		walk.level = 4;
		descend(r, &walk, bits_in_place(r->cr3, 51, 12), gva, kind);
		break;
	}
	return walk;
}

/* 4.8: A is bit 5 and D is bit 6 of any entry's first byte. */
unsigned int reference_set_flags(const struct reference *r,
				 const struct reference_walk *walk, u32 kind)
{
	unsigned int changed = 0;

	for (unsigned int i = 0; i < walk->depth; i++) {
		u8 *at = r->memory(r->ctx, walk->entry[i]);
		u8 flags = 1 << 5;

		if (i == walk->depth - 1 && bit(kind, 1))
			flags |= 1 << 6;
		if (at && (*at & flags) != flags) {
			*at |= flags;
			changed |= 1U << i;
		}
	}
	return changed;
}
