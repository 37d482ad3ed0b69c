/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "tests/model/subject.h"
#include "tests/model/words.h"

void fail_entry(const struct subject *s, const char *what)
{
	model_fail(s->m,
		   "%s; the shadow's entry %u of the guest's table %#lx: %s; "
		   "the guest's: %s (%s)",
		   what, s->slot, s->sp->gfn,
		   words_spte(s->spte, s->sp->role.level),
		   s->sp->role.tableless ? "none" : words_gpte(s->guest),
		   words_role(s->sp->role));
}

struct reference role_reference(const struct model *m, union shadow_role role)
{
	struct reference r = m->ref;

	r.cr0 = (role.mode == PAGING_NONE ? 0 : BIT(31)) |
		(role.wp ? BIT(16) : 0);
	r.cr4 = (role.mode == PAGING_32BIT ? 0 : BIT(5)) |
		(role.pse ? BIT(4) : 0) | (role.smep ? BIT(20) : 0) |
		(role.smap ? BIT(21) : 0);
	r.efer = (role.mode == PAGING_4LEVEL ? BIT(10) : 0) |
		 (role.nxe ? BIT(11) : 0);
	return r;
}

bool is_pae_root(const struct shadow_page *sp)
{
	return sp->role.mode != PAGING_4LEVEL && sp->role.level == 3;
}

static u64 open_entry(const struct subject *s, u32 offset)
{
	const u8 *copy =
		(const u8 *)s->m->mmu->copies + PAGE_SIZE * s->sp->copy;
	u64 entry = 0;

	memcpy(&entry, copy + offset, reference_entry_size(s->ref));
	return entry;
}

/* A quadrant of a 32-bit table: an entry of level 2 has two slots. */
u64 guest_entry(const struct subject *s)
{
	const struct shadow_page *sp = s->sp;
	u32 offset = 8 * s->slot;

	if (sp->role.mode == PAGING_32BIT)
		offset = sp->role.level == 2
				 ? 1024 * sp->role.quadrant + 4 * (s->slot / 2)
				 : 2048 * sp->role.quadrant + 4 * s->slot;
	/* The guest may have written an open table; its shadow is for the copy.
	 */
	if (sp->open)
		return open_entry(s, offset);
	return reference_entry(s->ref, (sp->gfn << PAGE_SHIFT) + offset);
}

gfn_t guest_target(const struct subject *s)
{
	const struct shadow_page *sp = s->sp;
	gfn_t gfn;

	if (sp->role.tableless)
		return sp->gfn + ((u64)s->slot << 9 * (sp->role.level - 1));
	gfn = reference_address(s->ref, s->guest, sp->role.level) >> 12;
	if (sp->role.mode == PAGING_32BIT && sp->role.level == 2 &&
	    reference_maps(s->ref, s->guest, 2))
		gfn += 512 * (s->slot % 2);
	return gfn;
}

u8 guest_rights(const struct subject *s)
{
	u8 rights = s->sp->role.access;

	if (s->sp->role.tableless)
		return rights;
	if (!(s->guest & BIT(1)))
		rights &= ~ACCESS_W;
	if (!(s->guest & BIT(2)))
		rights &= ~ACCESS_U;
	if (s->guest & BIT(63))
		rights &= ~ACCESS_X;
	return rights;
}

bool guest_is_dirty(const struct subject *s)
{
	return s->sp->role.tableless ? s->sp->role.dirty : s->guest & BIT(6);
}
