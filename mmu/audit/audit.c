/* SPDX-License-Identifier: MIT */
/* The audit: see audit.h. Each rule cites the invariant that it is a part of. */
#include "lib/string.h"
#include "mmu/audit/audit.h"
#include "mmu/page/child.h"
#include "mmu/role.h"
#include "mmu/table/root.h"
#include "mmu/walk.h"

/* The entry that is examined. */
struct entry {
	const struct mmu_cpu *cpu;
	const struct mmu *mmu;
	const struct shadow_page *sp;
	u32 slot;
	u64 spte;
	u64 gpte; /* the guest's entry, if the page shadows a table */
	struct gpt_format format;
	struct mmu_audit *audit;
};

static bool breaks(const struct entry *e, u32 invariant, const char *what)
{
	*e->audit = (struct mmu_audit){
		.invariant = invariant,
		.what = what,
		.page = e->sp - e->mmu->pages,
		.slot = e->slot,
		.level = e->sp->role.level,
		.gfn = e->sp->gfn,
		.spte = e->spte,
		.gpte = e->gpte,
	};
	return false;
}

static bool audit_trap(const struct entry *e)
{
	bool present = spte_trap_is_present(e->mmu, e->sp->role);

	if (!!(e->spte & PTE_P) != present)
		return breaks(e, 4,
			      "a TRAP is present where it would not fault, "
			      "or is not");
	if (e->spte & (PTE_U | PTE_G))
		return breaks(e, 4,
			      "a TRAP has U or G, which no key can guard");
	return true;
}

static bool audit_unfilled(const struct entry *e)
{
	bool bypass = mmu_bypasses(e->mmu, e->sp->role);

	if (e->spte != SPTE_ABSENT_VALUE)
		return audit_trap(e);
	if (!bypass)
		return breaks(e, 7, "ABSENT, but faults don't bypass");
	if (e->sp->role.tableless || (e->gpte & PTE_P))
		return breaks(e, 1, "ABSENT, but the guest's entry is present");
	return true;
}

/* Checks of each entry that is not ABSENT or TRAP. */
static bool audit_behind(const struct entry *e)
{
	if (e->sp->role.tableless)
		return true;
	if (!(e->gpte & PTE_P))
		return breaks(e, 2, "filled, but the guest's entry is absent");
	if (!(e->gpte & PTE_A))
		return breaks(e, 3, "filled, but A is clear in the guest's");
	if (gpte_reserved(&e->format, e->gpte, e->sp->role.level))
		return breaks(e, 4, "filled, but the guest's is reserved");
	return true;
}

static bool audit_table(const struct entry *e)
{
	u32 target = e->sp->links[e->slot].target;
	const struct shadow_page *child = &e->mmu->pages[target];
	struct shadow_key key;

	if (target >= e->mmu->config.shadow_pages ||
	    (e->spte & PTE_ADDR_MASK) != shadow_page_hpa(e->mmu, child))
		return breaks(e, 5, "a TABLE names no shadow page");
	if (!child->in_use)
		return breaks(e, 6, "a TABLE names a free shadow page");
	if (child->role.level + 1 != e->sp->role.level ||
	    child->role.private != e->sp->role.private)
		return breaks(e, 2, "a TABLE names one of a wrong level");
	if (e->sp->role.private || role_is_pae_root(e->sp->role))
		return true;
	if (!audit_behind(e))
		return false;
	key = shadow_child(e->sp, e->slot, e->gpte);
	/* Where D is not set yet, the page is read-only: that is allowed. */
	if (key.role.tableless && !child->role.dirty)
		key.role.dirty = false;
	if (child->gfn != key.gfn || child->role.word != key.role.word)
		return breaks(e, 2, "a TABLE is not what the guest's says");
	if (spte_rights(e->spte) != shadow_table_rights(e->sp, e->gpte))
		return breaks(e, 2, "a TABLE has other rights");
	return true;
}

/* A PDPTE of a PAE guest is linked if the guest has loaded it with P=1; else it
   is 0. Those of 32-bit paging are all linked. */
static bool audit_pdpte(const struct entry *e)
{
	struct shadow_key key;
	bool present;

	if (spte_kind(e->spte, e->sp->role.level) > SPTE_ABSENT &&
	    spte_kind(e->spte, e->sp->role.level) < SPTE_TABLE)
		return breaks(e, 4, "a PDPTE is TRAP");
	if (e->spte && !audit_table(e))
		return false;
	/* PDPTEs of other roots are made again before the processor uses them. */
	if (e->slot >= PAE_PDPTES || e->sp != e->cpu->root ||
	    !role_needs_pdptes(e->sp->role))
		return true;
	key = root_child(e->cpu, e->slot);
	present = e->sp->role.mode != PAGING_PAE ||
		  (e->cpu->pdpte[e->slot] & PTE_P);
	if (present != !!e->spte)
		return breaks(e, 1, "a PDPTE is not the loaded one");
	if (present &&
	    (spte_child(e->mmu, e->sp, e->slot)->gfn != key.gfn ||
	     spte_child(e->mmu, e->sp, e->slot)->role.word != key.role.word))
		return breaks(e, 2, "a PDPTE is not the loaded one");
	return true;
}

/* Returns the rights that the guest's tables give, down to this entry. */
static u8 rights_given(const struct entry *e)
{
	u8 rights = e->sp->role.access;

	return e->sp->role.tableless
		       ? rights
		       : rights & gpte_rights(&e->format, e->gpte);
}

static bool dirty_given(const struct entry *e)
{
	return e->sp->role.tableless ? e->sp->role.dirty : e->gpte & PTE_D;
}

static gfn_t frame_given(const struct entry *e)
{
	return shadow_child(e->sp, e->slot, e->gpte).gfn;
}

/* With CR0.WP=0 the supervisor may write a read-only page. */
static bool may_write(const struct entry *e, u8 rights)
{
	union shadow_role role = e->sp->role;

	if (rights & ACCESS_W)
		return true;
	if (role.mode == PAGING_NONE || role.wp)
		return false;
	if (!(rights & ACCESS_U))
		return true;
	return !(e->spte & PTE_U) && !role.smap &&
	       (!role.smep || (e->spte & PTE_NX));
}

static bool audit_leaf_rights(const struct entry *e)
{
	u8 rights = rights_given(e);

	if (e->sp->role.private)
		return true;
	if ((e->spte & PTE_U) && !(rights & ACCESS_U))
		return breaks(e, 2, "a LEAF gives U");
	if (e->sp->role.nxe && !(e->spte & PTE_NX) && !(rights & ACCESS_X))
		return breaks(e, 2, "a LEAF gives X");
	if ((e->spte & PTE_W) && !may_write(e, rights))
		return breaks(e, 2, "a LEAF gives W");
	if ((e->spte & (PTE_W | SPTE_LEAF_HELD)) && !dirty_given(e))
		return breaks(e, 3, "a LEAF gives W without D");
	if ((e->spte & SPTE_LEAF_HELD) && !may_write(e, rights))
		return breaks(e, 2, "a LEAF holds W back, not the guest's");
	if (e->sp->role.wp && !e->sp->withholds && !(e->spte & PTE_W) &&
	    (rights & (ACCESS_W | ACCESS_U)) == (ACCESS_W | ACCESS_U))
		return breaks(e, 1,
			      "a LEAF withholds W, and the page is not "
			      "marked");
	return true;
}

/* Returns true if a placed root lies at @hfn. */
static bool is_placed(const struct mmu *mmu, hfn_t hfn)
{
	for (u32 i = 0; i < mmu->config.targets; i++) {
		const struct shadow_page *sp = mmu->placing.slots[i];

		if (sp && sp->gfn == hfn)
			return true;
	}
	return false;
}

static bool audit_frame(const struct entry *e, gfn_t gfn, hfn_t hfn)
{
	if (is_placed(e->mmu, hfn))
		return breaks(e, 9, "a LEAF maps the frame of a placed root");
	if (hfn == HFN_NONE || mmu_hfn(e->mmu, gfn) != hfn)
		return breaks(e, 5,
			      "a LEAF maps no frame of the guest's, or "
			      "another one");
	if ((e->spte & PTE_W) &&
	    (e->mmu->frames[gfn].shadowed ||
	     (e->sp->role.level > 1 && region_of(e->mmu, gfn)->shadowed)))
		return breaks(e, 1, "a LEAF makes a guest table writable");
	return true;
}

#define LARGE_STRIDE 64

static bool audit_leaf(const struct entry *e)
{
	gfn_t gfn = e->sp->links[e->slot].target;
	hfn_t hfn = (e->spte & PTE_ADDR_MASK) >> PAGE_SHIFT;
	u32 frames = e->sp->role.level > 1 ? LARGE_FRAMES : 1;

	/* Each audit looks at some other frames of a large page. */
	for (u32 i = frames > 1 ? e->mmu->stats.walks_fault % LARGE_STRIDE : 0;
	     i < frames; i += LARGE_STRIDE)
		if (!audit_frame(e, gfn + i, hfn + i))
			return false;
	if ((e->spte & PTE_NX) && !e->sp->role.nxe)
		return breaks(e, 8, "a LEAF has NX, which the guest has not");
	if (!e->sp->role.private) {
		if (!audit_behind(e))
			return false;
		if (frames > 1 && !e->sp->role.tableless &&
		    !gpte_is_large(&e->format, e->gpte, e->sp->role.level))
			return breaks(e, 2, "a LEAF in the place of a table");
		if (frame_given(e) != gfn)
			return breaks(e, 2, "a LEAF maps another frame");
	}
	return audit_leaf_rights(e);
}

static bool audit_mmio(const struct entry *e)
{
	gfn_t gfn = e->sp->links[e->slot].target;

	if (!e->mmu->policy.nowalk)
		return breaks(e, 7, "MMIO, which the policy does not have");
	if (mmu_hfn(e->mmu, gfn) != HFN_NONE)
		return breaks(e, 2, "MMIO, but there is RAM");
	if (!audit_trap(e))
		return false;
	if (e->sp->role.private)
		return true;
	if (!audit_behind(e))
		return false;
	if (frame_given(e) != gfn ||
	    (spte_mmio_rights(e->spte) & ~rights_given(e)))
		return breaks(e, 2, "MMIO gives another frame, or more rights");
	if ((e->spte & SPTE_MMIO_D) && !dirty_given(e))
		return breaks(e, 3, "MMIO says that D is set");
	return true;
}

static bool audit_entry(const struct entry *e)
{
	if (role_is_pae_root(e->sp->role))
		return audit_pdpte(e);
	switch (spte_kind(e->spte, e->sp->role.level)) {
	case SPTE_ABSENT:
	case SPTE_TRAP:
		return audit_unfilled(e);
	case SPTE_MMIO:
		return audit_mmio(e);
	case SPTE_TABLE:
		return audit_table(e);
	case SPTE_LEAF:
		return audit_leaf(e);
	}
	return true;
}

/* Returns the guest's entry for @slot. @table: NULL if slots are not its
 * entries. */
static u64 guest_entry(const struct entry *e, const u64 *table, u32 slot)
{
	if (e->sp->role.tableless)
		return 0;
	return table ? table[slot] : shadow_gpte(e->mmu, e->sp, slot);
}

#define BLOCK 16

/* Returns true if all entries of a block are @value. Audits take most time
 * here. */
static bool block_is(const u64 *entries, u64 value)
{
	for (u32 i = 0; i < BLOCK; i += 4)
		if (entries[i] != value || entries[i + 1] != value ||
		    entries[i + 2] != value || entries[i + 3] != value)
			return false;
	return true;
}

static bool audit_entries(struct entry *e)
{
	bool tableless = e->sp->role.tableless;
	bool wide = !tableless && e->sp->role.mode != PAGING_32BIT;
	const u64 *table = wide ? shadow_guest_table(e->mmu, e->sp) : NULL;
	const u64 *spt = e->sp->spt;
	/* Another entry of the same value is right, too. */
	bool repeats = false;
	bool alone = false; /* with any entry of the guest's behind it */

	for (u32 slot = 0; slot < PT_ENTRIES; slot++) {
		/* Most entries of a table are empty. */
		while (repeats && slot % BLOCK == 0 && slot < PT_ENTRIES &&
		       block_is(&spt[slot], e->spte) &&
		       (alone || (table && block_is(&table[slot], e->gpte))))
			slot += BLOCK;
		if (slot == PT_ENTRIES)
			break;
		if (repeats && spt[slot] == e->spte &&
		    (alone || guest_entry(e, table, slot) == e->gpte))
			continue;
		e->slot = slot;
		e->spte = spt[slot];
		e->gpte = guest_entry(e, table, slot);
		if (!audit_entry(e))
			return false;
		repeats = spte_kind(e->spte, e->sp->role.level) < SPTE_MMIO &&
			  !role_is_pae_root(e->sp->role);
		alone = tableless || e->spte != SPTE_ABSENT_VALUE;
	}
	return true;
}

/* Returns the root's role, derived again from the registers. */
static union shadow_role state_role(const struct mmu_cpu *cpu)
{
	struct mmu_cpu now = *cpu;

	mmu_derive_state(&now);
	return now.role;
}

/* A guest table is write-protected, or no entry leads to its shadow. */
static bool audit_protection(const struct entry *e)
{
	const struct shadow_page *sp = e->sp;

	if (sp->open && (!e->mmu->policy.open || sp->role.level != 1))
		return breaks(e, 7, "open, which the policy does not have");
	if (sp->open && (!shadow_page_is_orphan(sp) || sp == e->cpu->root))
		return breaks(e, 1, "an open table's shadow can be reached");
	if (sp->open && e->mmu->frames[sp->gfn].shadowed)
		return breaks(e, 1, "an open table has another shadow");
	if (!sp->open && !sp->role.tableless && mmu_map_gfn(e->mmu, sp->gfn) &&
	    !e->mmu->frames[sp->gfn].shadowed)
		return breaks(e, 1, "a guest table is not protected");
	return true;
}

/* Invariant 9; audit_frame() checks that no LEAF maps the root's frame. */
static bool audit_placed(const struct entry *e)
{
	const struct shadow_page *sp = e->sp;

	if (!sp->placed)
		return true;
	if (!is_placed(e->mmu, sp->gfn))
		return breaks(e, 9, "a placed root has no slot");
	if (!e->mmu->policy.targets)
		return breaks(e, 7, "placed, which the policy does not have");
	if (sp->role.word != state_role(e->cpu).word ||
	    sp->role.mode != PAGING_4LEVEL || sp->role.tableless || sp->open)
		return breaks(e, 9, "a placed page is no root of now");
	if (sp->spt != e->mmu->config.ops->map(e->mmu->config.ctx, sp->gfn) ||
	    mmu_hfn(e->mmu, sp->gfn) == sp->gfn)
		return breaks(e, 9, "a placed root is not in its place");
	if (sp == e->cpu->root && e->cpu->cr3 != shadow_page_hpa(e->mmu, sp))
		return breaks(e, 9, "a placed root is not the guest's CR3");
	return true;
}

static bool audit_page(struct entry *e)
{
	union shadow_role role = e->sp->role;

	e->slot = 0;
	e->spte = e->gpte = 0;
	if (role.private && e->mmu->policy.cache)
		return breaks(e, 7, "a private page, but tables are cached");
	if (!role.tableless && !e->mmu->policy.cache)
		return breaks(e, 7, "a table's shadow, but none are cached");
	if (!audit_protection(e) || !audit_placed(e))
		return false;
	if (e->sp == e->cpu->root && role.word != state_role(e->cpu).word)
		return breaks(e, 8, "the root is for another state");
	e->format = role_format(e->mmu, role);
	return audit_entries(e);
}

bool mmu_audit(const struct mmu_cpu *cpu, struct mmu_audit *audit)
{
	const struct mmu *mmu = cpu->mmu;
	struct entry e = { .cpu = cpu, .mmu = mmu, .audit = audit };
	u32 withholding = 0;

	memset(audit, 0, sizeof(*audit));
	for (u32 i = mmu->lru_first; i != LINK_NONE;
	     i = mmu->pages[i].lru_next) {
		e.sp = &mmu->pages[i];
		if (!audit_page(&e))
			return false;
		withholding += e.sp->withholds;
	}
	if (withholding != mmu->withholding)
		return breaks(&e, 1, "another number of pages is marked");
	return true;
}
