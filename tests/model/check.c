/* SPDX-License-Identifier: MIT */
/*
 * The invariants of docs/mmu.md, checked over the shadow pages and their lists
 * from the outside: what an entry may be follows from the guest's entry and
 * the reference's rules alone.
 */
#include "tests/model/model.h"

/* The guest's entry behind a shadow entry; where nothing answers, ones. */
static u64 guest_entry(struct model *m, const struct shadow_page *sp, u32 slot)
{
	const u64 *at = (const u64 *)model_mirror(m, (sp->gfn << PAGE_SHIFT) +
							     8ULL * slot);

	return at ? *at : ~0ULL;
}

/* By the EFER.NXE of the page's role, which needn't be the guest's now. */
static bool guest_reserved(const struct model *m, const struct shadow_page *sp,
			   u64 entry)
{
	struct reference r = m->ref;

	r.cr0 |= CR0_PG;
	r.efer = EFER_LMA | (sp->role.nxe ? EFER_NXE : 0);
	return reference_reserved(&r, entry, sp->role.level);
}

static u8 rights_of(u64 entry)
{
	u8 rights = 0;

	if (entry & BIT(1))
		rights |= ACCESS_W;
	if (entry & BIT(2))
		rights |= ACCESS_U;
	if (!(entry & BIT(63)))
		rights |= ACCESS_X;
	return rights;
}

static bool bypass_possible(const struct model *m, union shadow_role role)
{
	return m->mmu->policy.bypass && m->config.filter_works && role.mode &&
	       (!role.nxe || m->config.leaf_trap_reserved);
}

#define FAIL(what)                                                             \
	model_fail(m, "page %zd (gfn %#lx level %u role %#x) slot %u: " what,  \
		   sp - m->mmu->pages, sp->gfn, sp->role.level, sp->role.word, \
		   slot)

/* Invariant 1, and its converse: what is absent is not left to be TRAP. */
static void check_unfilled(struct model *m, const struct shadow_page *sp,
			   u32 slot)
{
	bool present = sp->role.direct || (guest_entry(m, sp, slot) & 1);
	bool pdpte = !sp->role.mode && sp->role.level == 3;
	u64 spte = sp->spt[slot];

	if (!spte) {
		if (!pdpte && (present || !bypass_possible(m, sp->role)))
			FAIL("ABSENT, but the guest's entry is present");
		return;
	}
	if (pdpte)
		FAIL("TRAP in a PDPTE");
	if (!present && bypass_possible(m, sp->role))
		FAIL("TRAP, but the guest's entry is absent");
	/* Reserved: by XD or bit 52 or PS; a 4-level PTE by its address. */
	if (sp->role.level == 1 && sp->role.mode && sp->role.nxe &&
	    !m->config.leaf_trap_reserved) {
		if (spte & PTE_P)
			FAIL("TRAP is present where it isn't reserved");
	} else if (!(spte & PTE_P) || (spte & BITS(51, 13)) != BITS(51, 13)) {
		FAIL("TRAP is no reserved entry");
	}
}

static void check_table(struct model *m, const struct shadow_page *sp, u32 slot)
{
	u64 guest = guest_entry(m, sp, slot), spte = sp->spt[slot];
	u64 span = 1ULL << 9 * (sp->role.level - 1);
	const struct shadow_page *child =
		&m->mmu->pages[sp->links[slot].target];
	union shadow_role want = sp->role;
	gfn_t gfn = sp->gfn + slot * span;

	want.level--;
	if (!sp->role.direct) {
		if (!(guest & BIT(0)) || !(guest & BIT(5)))
			FAIL("TABLE without P and A in the guest's");
		if (guest_reserved(m, sp, guest))
			FAIL("TABLE, the guest's has reserved bits");
		gfn = (guest & BITS(51, 12)) >> 12;
		want.access &= rights_of(guest);
		if (guest & BIT(7)) {
			gfn &= ~(span - 1);
			want.direct = true;
			want.dirty = child->role.dirty && (guest & BIT(6));
		}
	} else if (!sp->role.mode) {
		want.dirty = true;
		gfn = slot * span + sp->gfn;
	}
	if (!child->in_use || child->gfn != gfn ||
	    child->role.word != want.word)
		FAIL("TABLE names the wrong shadow page");
	if ((spte & BITS(51, 12)) !=
	    m->mmu->tables_hpa + (child - m->mmu->pages) * PAGE_SIZE)
		FAIL("TABLE has the wrong address");
	if ((spte & ~(BITS(51, 12) | PTE_A)) !=
	    (!sp->role.mode && sp->role.level == 3 ? PTE_P
						   : PTE_P | PTE_W | PTE_U))
		FAIL("TABLE has wrong flags");
}

/* With CR0.WP=0 the supervisor may write what is read-only. */
static bool write_allowed(const struct shadow_page *sp, u8 rights, u64 spte)
{
	if (rights & ACCESS_W)
		return true;
	if (!sp->role.mode || sp->role.wp)
		return false;
	if (!(rights & ACCESS_U))
		return true;
	return !(spte & PTE_U) && (!sp->role.smep || (spte & PTE_NX));
}

static void check_leaf(struct model *m, const struct shadow_page *sp, u32 slot)
{
	u64 guest = guest_entry(m, sp, slot), spte = sp->spt[slot];
	gfn_t gfn = sp->gfn + slot;
	u8 rights = sp->role.access;
	bool dirty = sp->role.dirty;

	if (!sp->role.direct) {
		if (!(guest & BIT(0)) || !(guest & BIT(5)))
			FAIL("LEAF without P and A in the guest's");
		if (guest_reserved(m, sp, guest))
			FAIL("LEAF, the guest's has reserved bits");
		gfn = (guest & BITS(51, 12)) >> 12;
		rights &= rights_of(guest);
		dirty = guest & BIT(6);
	}
	if (model_gfn_of_hpa(spte & BITS(51, 12)) != gfn)
		FAIL("LEAF maps the wrong frame");
	if (sp->links[slot].target != gfn)
		FAIL("LEAF is not listed with its frame");
	if ((spte & PTE_U) && !(rights & ACCESS_U))
		FAIL("LEAF gives U");
	if (!(spte & PTE_NX) && !(rights & ACCESS_X))
		FAIL("LEAF gives X");
	if ((spte & PTE_NX) && !(sp->role.mode && sp->role.nxe))
		FAIL("LEAF has NX where it is reserved");
	if (spte & PTE_W) {
		if (m->mmu->frames[gfn].shadowed)
			FAIL("LEAF makes a guest table writable");
		if (!dirty)
			FAIL("LEAF is writable without D in the guest's");
		if (!write_allowed(sp, rights, spte))
			FAIL("LEAF gives W");
	}
	if (spte &
	    ~(BITS(51, 12) | PTE_P | PTE_W | PTE_U | PTE_A | PTE_D | PTE_NX))
		FAIL("LEAF has foreign flags");
}

static u32 check_slot(struct model *m, const struct shadow_page *sp, u32 slot)
{
	u64 spte = sp->spt[slot];

	if (!spte || (spte & BITS(51, 13)) == BITS(51, 13)) {
		check_unfilled(m, sp, slot);
		return 0;
	}
	if (sp->role.level > 1)
		check_table(m, sp, slot);
	else
		check_leaf(m, sp, slot);
	return 1;
}

/* Every entry of a list leads to its target; returns how many there are. */
static u32 check_list(struct model *m, u32 head, u32 target, bool leaves)
{
	u32 prev = LINK_NONE, count = 0;

	for (u32 id = head; id != LINK_NONE; id = m->mmu->links[id].next) {
		const struct shadow_page *sp = &m->mmu->pages[id / PT_ENTRIES];
		const struct spte_link *link = &m->mmu->links[id];

		if (!sp->in_use || (sp->role.level == 1) != leaves ||
		    link->prev != prev || link->target != target ||
		    spte_kind(m->mmu->tables[id], sp->role.level) < SPTE_TABLE)
			model_fail(m, "list of %s %u: entry %u is wrong",
				   leaves ? "frame" : "page", target, id);
		prev = id;
		count++;
	}
	return count;
}

static u32 check_frames(struct model *m)
{
	u32 listed = 0;

	for (unsigned int frame = 0; frame < MODEL_FRAMES; frame++) {
		gfn_t gfn = model_gfn(frame);
		u32 shadowed = 0;

		listed += check_list(m, m->mmu->frames[gfn].rmap, gfn, true);
		for (u32 i = 0; i < m->config.shadow_pages; i++) {
			const struct shadow_page *sp = &m->mmu->pages[i];

			shadowed += sp->in_use && !sp->role.direct &&
				    sp->gfn == gfn;
		}
		if (m->mmu->frames[gfn].shadowed != shadowed)
			model_fail(m, "frame %#lx: shadowed %u, not %u", gfn,
				   m->mmu->frames[gfn].shadowed, shadowed);
	}
	return listed;
}

static void check_pool(struct model *m)
{
	u32 used = 0, unused = 0, prev = LINK_NONE;

	for (u32 i = m->mmu->lru_first; i != LINK_NONE;
	     i = m->mmu->pages[i].lru_next) {
		if (!m->mmu->pages[i].in_use ||
		    m->mmu->pages[i].lru_prev != prev)
			model_fail(m, "LRU list: page %u is wrong", i);
		prev = i;
		used++;
	}
	if (m->mmu->lru_last != prev)
		model_fail(m, "LRU list: its end is wrong");
	for (u32 i = m->mmu->free; i != LINK_NONE;
	     i = m->mmu->pages[i].hash_next) {
		if (m->mmu->pages[i].in_use)
			model_fail(m, "free list: page %u is in use", i);
		unused++;
	}
	if (used != m->mmu->stats.pages_in_use ||
	    unused != m->mmu->free_count ||
	    used + unused != m->config.shadow_pages)
		model_fail(m, "%u pages in use, %u free, of %u", used, unused,
			   m->config.shadow_pages);
}

void model_check(struct model *m, bool full)
{
	u32 entries = 0, listed = 0;

	for (u32 i = 0; i < m->config.shadow_pages; i++) {
		const struct shadow_page *sp = &m->mmu->pages[i];

		if (!sp->in_use)
			continue;
		if (full) {
			for (u32 slot = 0; slot < PT_ENTRIES; slot++)
				entries += check_slot(m, sp, slot);
			listed += check_list(m, sp->parents, i, false);
		} else {
			for (u32 j = 0; j < MODEL_SLOTS; j++)
				check_slot(m, sp, model_slots[j]);
		}
	}
	if (!full)
		return;
	listed += check_frames(m);
	if (listed != entries)
		model_fail(m, "%u entries, but %u on lists", entries, listed);
	check_pool(m);
	model_check_memory(m);
}
