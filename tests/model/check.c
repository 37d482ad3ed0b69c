/* SPDX-License-Identifier: MIT */
/*
 * The invariants of docs/mmu.md, checked over the shadow pages from outside:
 * the guest's entry and the reference's rules alone say what an entry may be.
 */
#include "mmu/audit/audit.h"
#include "tests/model/subject.h"

/* The shadow entries that the model's pages use. */
static const u16 used_slots[] = { 0, 1, 2, 3, 510, 511 };

static bool bypass_is_possible(const struct subject *s)
{
	const struct mmu_policy *policy = mmu_policy(s->m->mmu);
	union shadow_role role = s->sp->role;
	bool depends = role.mode == PAGING_4LEVEL && role.nxe;

	return policy->cache && policy->bypass && s->m->config.filter_works &&
	       role.mode != PAGING_NONE &&
	       (!depends || s->m->config.leaf_trap_present);
}

/*
 * TRAP is reserved by XD, bit 52, or PS. A PTE of 4-level paging is reserved by
 * its address; or no access may use it: not the user's, no fetch, and no other
 * one by key 15.
 */
static void check_reserved(const struct subject *s)
{
	union shadow_role role = s->sp->role;

	if (role.level == 1 && role.mode == PAGING_4LEVEL && role.nxe &&
	    !s->m->config.leaf_trap_present) {
		if (s->spte & PTE_P)
			fail_entry(
				s,
				"invariant 4: TRAP is present where it isn't reserved");
	} else if (!(s->spte & PTE_P) || !(s->spte & PTE_PS) ||
		   (s->spte & PTE_U) || s->spte >> 59 != 31) {
		fail_entry(s, "TRAP is no reserved entry");
	}
}

/* Invariant 1, and its converse: an absent entry is not left as TRAP. */
static void check_unfilled(const struct subject *s)
{
	bool present = s->sp->role.tableless || (s->guest & 1);

	if (!s->spte) {
		if (present || !bypass_is_possible(s))
			fail_entry(
				s,
				"invariant 1: ABSENT, but the guest's entry is present");
		return;
	}
	if (!present && bypass_is_possible(s))
		fail_entry(s, "TRAP, but the guest's entry is absent");
	check_reserved(s);
}

/* Invariants 3 and 4, for an entry that leads somewhere or is MMIO. */
static void check_guest_entry(const struct subject *s)
{
	if (s->sp->role.tableless)
		return;
	if (!(s->guest & BIT(0)) || !(s->guest & BIT(5)))
		fail_entry(
			s,
			"invariant 3: filled without P and A in the guest's");
	if (reference_is_reserved(s->ref, s->guest, s->sp->role.level))
		fail_entry(
			s,
			"invariant 4: filled, but the guest's has reserved bits");
}

/* --- TABLE ----------------------------------------------------------------- */

/* With CR0.WP=1 four levels of tables can carry the rights themselves. */
static bool carries_rights(const struct subject *s)
{
	return mmu_policy(s->m->mmu)->cheap && !s->sp->role.private &&
	       s->sp->role.mode == PAGING_4LEVEL && s->sp->role.wp;
}

static void check_table_entry(const struct subject *s,
			      const struct shadow_page *child)
{
	u64 rights = PTE_W | PTE_U | PTE_NX;
	u64 flags = is_pae_root(s->sp) ? PTE_P : PTE_P | PTE_W | PTE_U;

	if (carries_rights(s) && !s->sp->role.tableless)
		flags = PTE_P | (s->guest & rights);

	if (!child->in_use)
		fail_entry(s, "invariant 5: TABLE names a free shadow page");
	if ((s->spte & BITS(51, 12)) !=
	    s->m->mmu->tables_hpa + (child - s->m->mmu->pages) * PAGE_SIZE)
		fail_entry(s, "invariant 5: TABLE has the wrong address");
	if ((s->spte & ~(BITS(51, 12) | PTE_A)) != flags)
		fail_entry(s, "invariant 2: TABLE has wrong flags");
}

static void check_table(const struct subject *s)
{
	const struct shadow_page *child =
		&s->m->mmu->pages[s->sp->links[s->slot].target];
	union shadow_role want = s->sp->role;
	bool large = !want.tableless &&
		     reference_maps(s->ref, s->guest, want.level);

	check_table_entry(s, child);
	check_guest_entry(s);
	want.level--;
	if (large || !carries_rights(s))
		want.access = guest_rights(s);
	want.quadrant = 0;
	if (large) {
		want.tableless = true;
		want.dirty = child->role.dirty && guest_is_dirty(s);
	} else if (want.mode == PAGING_32BIT && !want.tableless) {
		want.quadrant = s->slot % 2;
	}
	if (child->gfn != guest_target(s) || child->role.word != want.word)
		fail_entry(s, "invariant 2: TABLE names the wrong shadow page");
}

/* The PDPTEs in the guest's registers, or those of all of a 32-bit space. */
static void check_pdpte(const struct subject *s)
{
	union shadow_role role = s->sp->role, want = role;
	u64 guest = role.mode == PAGING_PAE ? s->m->ref.pdpte[s->slot & 3]
					    : s->m->ref.cr3 | 1;
	const struct shadow_page *child;

	if (spte_kind(s->spte, 3) != SPTE_TABLE) {
		if (s->spte)
			fail_entry(s, "a PDPTE is TRAP");
		if (s->slot < 4 && (guest & 1) && role.mode != PAGING_NONE &&
		    !role.private && s->m->mmu_cpu.root == s->sp)
			fail_entry(s, "a PDPTE of the guest's is not linked");
		return;
	}
	child = &s->m->mmu->pages[s->sp->links[s->slot].target];
	check_table_entry(s, child);
	want.level = 2;
	if (role.mode == PAGING_NONE || role.private) {
		if (child->role.word != want.word ||
		    child->gfn != (role.private ? s->slot : s->slot << 18))
			fail_entry(
				s,
				"invariant 2: TABLE names the wrong shadow page");
	} else if (s->m->mmu_cpu.root == s->sp) {
		want.tableless = false;
		want.quadrant = role.mode == PAGING_32BIT ? s->slot : 0;
		if (!(guest & 1) || child->role.word != want.word ||
		    child->gfn != (guest & (role.mode == PAGING_32BIT
						    ? BITS(31, 12)
						    : BITS(51, 12))) >>
					  12)
			fail_entry(
				s,
				"invariant 2: TABLE names the wrong shadow page");
	}
}

/* --- LEAF and MMIO --------------------------------------------------------- */

/*
 * Returns true if the processor, which runs with paging and CR0.WP set, makes
 * an access by this entry that the reference does not permit the guest.
 */
static bool permits_more(const struct subject *s, u64 spte, u8 rights)
{
	static const u32 kinds[] = {
		0,	 PFEC_W,	   PFEC_I, /* the supervisor's */
		KIND_AC, PFEC_W | KIND_AC, /* the same with EFLAGS.AC */
		PFEC_U,	 PFEC_W | PFEC_U,  PFEC_I | PFEC_U,
	};
	const struct reference_walk given = { .w = spte & PTE_W,
					      .u = spte & PTE_U,
					      .x = !(spte & PTE_NX) };
	const struct reference_walk guest = { .w = rights & ACCESS_W,
					      .u = rights & ACCESS_U,
					      .x = rights & ACCESS_X };
	struct reference processor = *s->ref;

	processor.cr0 = BIT(31) | BIT(16);
	processor.cr4 |= BIT(5);
	for (u32 i = 0; i < ARRAY_SIZE(kinds); i++)
		if (reference_permits(&processor, &given, kinds[i]) &&
		    !reference_permits(s->ref, &guest, kinds[i]))
			return true;
	return false;
}

/* Invariants 5 and 1, for each frame. */
static void check_frame(const struct subject *s, gfn_t first, u32 i)
{
	if (world_gfn_of_hpa((s->spte & BITS(51, 12)) + i * PAGE_SIZE) !=
	    first + i)
		fail_entry(s, "invariant 5: LEAF maps the wrong frame");
	if (!(s->spte & PTE_W))
		return;
	if (s->m->mmu->frames[first + i].shadowed)
		fail_entry(s, "invariant 1: LEAF makes a guest table writable");
	if (mmu_dirty_log_is_on(s->m->mmu) && !s->m->world.dirty[first + i])
		fail_entry(s, "LEAF is writable, but not in the dirty log");
}

static void check_leaf_rights(const struct subject *s, u8 rights, bool dirty)
{
	u64 known = BITS(51, 12) | PTE_P | PTE_W | PTE_U | PTE_A | PTE_D |
		    PTE_NX | SPTE_LEAF_HELD;
	/* An entry that holds W back gives it at the first write. */
	u64 given = s->spte & SPTE_LEAF_HELD ? s->spte | PTE_W : s->spte;

	if ((s->spte & PTE_NX) && !s->sp->role.nxe)
		fail_entry(s, "LEAF has NX where it is reserved");
	if ((s->spte & SPTE_LEAF_HELD) && (s->spte & PTE_W))
		fail_entry(s, "LEAF holds back W that it gives");
	if (given & PTE_W && !dirty)
		fail_entry(
			s,
			"invariant 3: LEAF gives W without D in the guest's");
	if (!s->sp->role.private && permits_more(s, given, rights))
		fail_entry(
			s,
			"invariant 2: LEAF permits more than the guest's tables");
	if (s->spte & ~(known | (s->sp->role.level > 1 ? PTE_PS : 0)))
		fail_entry(s, "LEAF has foreign flags");
}

static void check_leaf(const struct subject *s, bool full)
{
	static const u16 some[] = { 0, 1, 2, 300, 511 };
	gfn_t gfn = s->sp->links[s->slot].target;
	bool large = s->sp->role.level > 1;

	if (!large)
		check_frame(s, gfn, 0);
	for (u32 i = 0; large && i < (full ? 512 : ARRAY_SIZE(some)); i++)
		check_frame(s, gfn, full ? i : some[i]);
	if (s->sp->role.private)
		return check_leaf_rights(s, ACCESS_ALL, true);
	check_guest_entry(s);
	if (large && !s->sp->role.tableless &&
	    !reference_maps(s->ref, s->guest, s->sp->role.level))
		fail_entry(
			s,
			"invariant 2: large LEAF, the guest's page is small");
	if (guest_target(s) != gfn)
		fail_entry(s, "invariant 2: LEAF is not for the guest's page");
	check_leaf_rights(s, guest_rights(s), guest_is_dirty(s));
}

static void check_mmio(const struct subject *s)
{
	gfn_t gfn = s->sp->links[s->slot].target;
	u8 given = (s->spte & BIT(1) ? ACCESS_W : 0) |
		   (s->spte & BIT(10) ? ACCESS_U : 0) |
		   (s->spte & BIT(9) ? ACCESS_X : 0);

	check_reserved(s);
	if (s->sp->role.level != 1 || !mmu_policy(s->m->mmu)->nowalk)
		fail_entry(s, "MMIO where there can be none");
	if (world_frame(gfn) >= 0)
		fail_entry(s, "invariant 5: MMIO, but there is RAM");
	if (s->sp->role.private)
		return;
	check_guest_entry(s);
	if (guest_target(s) != gfn)
		fail_entry(s, "invariant 2: MMIO is not for the guest's page");
	if ((given & ~guest_rights(s)) ||
	    ((s->spte & PTE_D) && !guest_is_dirty(s)))
		fail_entry(
			s,
			"invariant 2: MMIO gives more than the guest's tables");
}

/*
 * For an entry of a software TLB only invariant 2 holds: the guest's tables may
 * have had its translation. For the model's pages the history knows.
 */
static void check_private(const struct subject *s)
{
	struct model *m = s->m;
	u8 shift = 12 + 9 * (s->sp->role.level - 1);
	u64 prefix = s->sp->gfn << 9 | s->slot;
	gfn_t gfn = s->sp->links[s->slot].target;
	bool mmio = spte_kind(s->spte, s->sp->role.level) == SPTE_MMIO;
	u32 kind = 0;

	if ((s->spte & PTE_W) && (!mmio || (s->spte & PTE_D)))
		kind |= PFEC_W;
	/* The entry has no user right if the page was never the user's. */
	if (s->spte & (mmio ? BIT(10) : PTE_U))
		kind |= PFEC_U;
	else
		kind |= KIND_AC;
	if (s->sp != m->mmu_cpu.root && s->sp->parents == LINK_NONE)
		return;
	for (u32 page = 0; page < model_pages(m); page++) {
		gva_t gva = model_page_gva(m, page) & BITS(47, 0);

		if (gva >> shift != prefix)
			continue;
		if (!history_permits(m, page,
				     gfn + ((gva & (BIT(shift) - 1)) >> 12),
				     kind))
			fail_entry(
				s,
				"invariant 2: an entry that was never permitted");
	}
}

/* --- All of them ----------------------------------------------------------- */

/* Returns true if the entry is on a list. */
static bool check_slot(struct model *m, const struct shadow_page *sp,
		       const struct reference *ref, u32 slot, bool full)
{
	struct subject s = { m, sp, slot, sp->spt[slot], ref, 0 };
	enum spte_kind kind = spte_kind(s.spte, sp->role.level);

	if (is_pae_root(sp)) {
		check_pdpte(&s);
		return kind == SPTE_TABLE;
	}
	if (!sp->role.tableless)
		s.guest = guest_entry(&s);
	switch (kind) {
	case SPTE_ABSENT:
	case SPTE_TRAP:
		check_unfilled(&s);
		break;
	case SPTE_MMIO:
		check_mmio(&s);
		break;
	case SPTE_TABLE:
		if (sp->role.private)
			check_table_entry(&s, spte_child(m->mmu, sp, slot));
		else
			check_table(&s);
		break;
	case SPTE_LEAF:
		check_leaf(&s, full);
		break;
	}
	if (sp->role.private && (kind == SPTE_LEAF || kind == SPTE_MMIO))
		check_private(&s);
	return kind >= SPTE_TABLE;
}

/* Umbra's own audit has the same result, unless a check here fails first. */
static void check_audit(struct model *m)
{
	struct mmu_audit audit;

	if (!mmu_audit(&m->mmu_cpu, &audit))
		model_fail(m,
			   "the audit alone says: invariant %u, page %u (gfn "
			   "%#lx level %u) slot %u: %s",
			   audit.invariant, audit.page, audit.gfn, audit.level,
			   audit.slot, audit.what);
}

/* No entry leads to the shadow of an open table (invariant 1). */
static void check_open(struct model *m, const struct shadow_page *sp)
{
	if (!sp->open)
		return;
	if (sp->parents != LINK_NONE || m->mmu_cpu.root == sp)
		model_fail(m,
			   "invariant 1: the open table %#lx can be "
			   "reached",
			   sp->gfn);
	if (!mmu_policy(m->mmu)->open || sp->role.level != 1 ||
	    sp->role.tableless)
		model_fail(m, "a page that can't be is open");
}

void model_check(struct model *m, bool full)
{
	u32 listed = 0;

	for (u32 i = 0; i < m->config.shadow_pages; i++) {
		const struct shadow_page *sp = &m->mmu->pages[i];
		struct reference ref;

		if (!sp->in_use)
			continue;
		check_open(m, sp);
		ref = role_reference(m, sp->role);
		for (u32 j = 0; full && j < PT_ENTRIES; j++)
			listed += check_slot(m, sp, &ref, j, full);
		for (u32 j = 0; !full && j < ARRAY_SIZE(used_slots); j++)
			check_slot(m, sp, &ref, used_slots[j], full);
	}
	if (!full)
		return;
	check_audit(m);
	model_check_lists(m, listed);
	machine_check_memory(m);
}
