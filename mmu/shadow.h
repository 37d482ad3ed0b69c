/* SPDX-License-Identifier: MIT */
/*
 * Inside the shadow MMU: shadow pages, the lists that lead back to entries,
 * and what the files of mmu/ call of one another.
 */
#ifndef MMU_SHADOW_H
#define MMU_SHADOW_H

#include "mmu/mmu.h"
#include "mmu/spte.h"

#define PT_ENTRIES 512

/*
 * What a shadow page depends on besides the guest table that it shadows. Two
 * that differ in any of this are two pages, since an entry made under one
 * state would be wrong under the other.
 */
union shadow_role {
	struct {
		u32 level : 3; /* 1: its entries are leaves */
		u32 mode : 2; /* enum paging_mode: the format of the table */
		u32 quadrant : 2; /* of a 32-bit table: which part of it */
		u32 direct : 1; /* no guest table behind: a large guest page,
				   the address space of an unpaged guest, a root
				   of PDPTEs, a private page */
		u32 private : 1; /* of the software TLB (mmu_policy.cache) */
		u32 access : 3; /* rights that the levels above leave over */
		u32 dirty : 1; /* if direct: D of the large page */
		u32 wp : 1; /* CR0.WP */
		u32 nxe : 1; /* EFER.NXE, where the mode has XD */
		u32 pse : 1; /* CR4.PSE, where the mode depends on it */
		u32 smep : 1; /* CR4.SMEP */
		u32 smap : 1; /* CR4.SMAP */
	};
	u32 word;
};

/*
 * All guests but those of 4-level paging run on PAE tables of Umbra's: the root
 * is of level 3, and of its entries the processor reads four, as PDPTEs, when
 * it loads CR3. They can't be TRAP. So those of a paged guest are all linked
 * whenever the root is looked up (root.c); those of an unpaged one, whose every
 * fault exits, when they are needed.
 */
#define PAE_ROOT_LEVEL 3
#define PAE_ROOT_PAGES (1 + PAE_PDPTES)

static inline bool role_is_pae_root(union shadow_role role)
{
	return role.mode != PAGING_4LEVEL && role.level == PAE_ROOT_LEVEL;
}

/* Must all of its PDPTEs be linked before the guest runs? */
static inline bool role_needs_pdptes(union shadow_role role)
{
	return role_is_pae_root(role) && role.mode != PAGING_NONE &&
	       !role.private;
}

/* The level of a guest's topmost table that has a shadow of its own. */
static inline u8 top_table_level(enum paging_mode mode)
{
	return mode == PAGING_4LEVEL ? 4 : 2;
}

/*
 * Every entry that leads somewhere is on one list: a LEAF on the list of the
 * guest frame, or the region of 2 MiB, that it maps (the reverse map), a TABLE
 * on that of the shadow page that it names (its parents). Entries are named by
 * number: the index of their shadow page times 512 plus the slot.
 */
#define LINK_NONE 0xffffffffU

struct spte_link {
	u32 target; /* gfn of a LEAF or MMIO, page index of a TABLE */
	u32 next;
	u32 prev;
};

#define SLOTS_A_BIT (PT_ENTRIES / 64) /* of shadow_page.used */

struct shadow_page {
	u64 *spt; /* the 512 entries that the processor sees */
	struct spte_link *links; /* beside each entry */
	/*
	 * The guest table; if direct, the first frame mapped; if private, the
	 * bits of the address above those that the page's entries cover.
	 */
	gfn_t gfn;
	union shadow_role role;
	bool in_use;
	/* If private: the highest level of a guest page that is in splinters
	   here; INVLPG has to drop all of them. */
	u8 splintered;
	u32 parents; /* list of the TABLE entries that name this page */
	u32 hash_next; /* page index; of a free page, the next free one */
	u32 lru_next, lru_prev; /* page indices, the most recent one first */
	u32 epoch; /* struct mmu's when it was last asked for */
	/* Bit i: one of the eight slots from 8i on has been filled. */
	u64 used;
	/* The signs of a table going out of use; see table_write.c. */
	u16 writes;
	u16 last_filled; /* slot, or PT_ENTRIES: none */
};

/* What is known of a guest frame. */
struct guest_frame {
	u32 rmap; /* list of the LEAF entries that map it */
	u32 shadowed; /* number of shadow pages made of it as a table */
};

/* What is known of 2 MiB of guest memory: can one LEAF map it? */
struct guest_region {
	u32 rmap; /* list of the LEAF entries that map it */
	u16 shadowed; /* of its frames, how many have shadows */
	bool probed; /* is the next known? */
	bool contiguous; /* all RAM, in a host frame of 2 MiB */
};

struct mmu {
	struct mmu_config config;
	struct mmu_policy policy;
	struct mmu_stats stats;
	struct mmu_vcpu *vcpu;
	struct guest_frame *frames;
	struct guest_region *regions;
	u64 *dirty_log; /* a bit for each frame */
	bool dirty_log_on;
	struct shadow_page *pages;
	struct spte_link *links;
	u64 *tables; /* shadow page n is tables[n * 512 ...] */
	hpa_t tables_hpa;
	u32 *hash; /* first page index of each bucket */
	u32 hash_mask;
	u32 free; /* list of free pages */
	u32 free_count;
	u32 lru_first, lru_last;
	u32 epoch; /* counts the flushes of the software TLB */
};

/* The guest's state, as the walker and the roles look at it. */

static inline enum paging_mode vcpu_mode(const struct mmu_vcpu *vcpu)
{
	return paging_mode(vcpu->cr0, vcpu->cr4, vcpu->efer);
}

/* The frame of the topmost table; 32-bit paging takes 32 bits (table 4-3). */
static inline gfn_t vcpu_cr3_gfn(const struct mmu_vcpu *vcpu)
{
	u64 mask = vcpu_mode(vcpu) == PAGING_4LEVEL ? PTE_ADDR_MASK
						    : BITS(31, 12);

	return (vcpu->cr3 & mask) >> PAGE_SHIFT;
}

/* EFER.NXE is without effect on 32-bit paging (SDM vol. 3A, 4.1.1). */
static inline bool vcpu_nxe(const struct mmu_vcpu *vcpu)
{
	return (vcpu->efer & EFER_NXE) && vcpu_mode(vcpu) >= PAGING_PAE;
}

static inline struct gpt_format
make_format(const struct mmu *mmu, enum paging_mode mode, bool nxe, bool pse)
{
	return (struct gpt_format){
		.mode = mode,
		.nxe = nxe,
		.large_2 = mode != PAGING_32BIT || pse,
		.large_3 = mode == PAGING_4LEVEL && mmu->config.gigabyte_pages,
		.maxphyaddr = mmu->config.maxphyaddr,
	};
}

static inline struct gpt_format vcpu_format(const struct mmu_vcpu *vcpu)
{
	return make_format(vcpu->mmu, vcpu_mode(vcpu), vcpu_nxe(vcpu),
			   vcpu->cr4 & CR4_PSE);
}

/* The same of a guest table that has a shadow in this role. */
static inline struct gpt_format role_format(const struct mmu *mmu,
					    union shadow_role role)
{
	return make_format(mmu, role.mode, role.nxe, role.pse);
}

/* mmu.c */

static inline hfn_t mmu_hfn(const struct mmu *mmu, gfn_t gfn)
{
	if (gfn >= mmu->config.gfn_count)
		return HFN_NONE;
	return mmu->config.ops->gfn_to_hfn(mmu->config.ctx, gfn);
}

/* Where Umbra sees a guest frame, or NULL: not RAM. */
void *mmu_map_gfn(const struct mmu *mmu, gfn_t gfn);
void mmu_flush(struct mmu *mmu);

/* link.c: putting an entry in place, and taking it down. */

static inline hpa_t shadow_page_hpa(const struct mmu *mmu,
				    const struct shadow_page *sp)
{
	return mmu->tables_hpa + (u64)(sp - mmu->pages) * PAGE_SIZE;
}

static inline struct shadow_page *
spte_child(const struct mmu *mmu, const struct shadow_page *sp, u32 slot)
{
	return &mmu->pages[sp->links[slot].target];
}

/* A zap of the page has to look at the slot. */
static inline void shadow_note_use(struct shadow_page *sp, u32 slot)
{
	sp->used |= BIT(slot / SLOTS_A_BIT);
}

/* Make the entry ABSENT or TRAP, whichever @value is. */
void spte_clear(struct mmu *mmu, struct shadow_page *sp, u32 slot, u64 value);
void spte_set_table(struct mmu *mmu, struct shadow_page *sp, u32 slot,
		    struct shadow_page *child);
void spte_set_leaf(struct mmu *mmu, struct shadow_page *sp, u32 slot, gfn_t gfn,
		   u64 spte);
void spte_set_large_leaf(struct mmu *mmu, struct shadow_page *sp, u32 slot,
			 gfn_t gfn, u64 spte);
void spte_set_mmio(struct mmu *mmu, struct shadow_page *sp, u32 slot, gfn_t gfn,
		   u64 spte);
/* Take the W right from every 4 KiB entry that maps the frame; no flush. */
void frame_take_write(struct mmu *mmu, gfn_t gfn);
/* The same for a frame that becomes a table (invariant 1), large ones too. */
void frame_write_protect(struct mmu *mmu, gfn_t gfn);

/* child.c: which shadow page an entry leads to. */

/* A shadow page by its key. */
struct shadow_key {
	gfn_t gfn;
	union shadow_role role;
};

/*
 * The entry of the guest's table that @slot of @sp shadows. Where there is no
 * RAM, all ones. The second takes what mmu_map_gfn() has said of the table.
 */
u64 shadow_gpte(const struct mmu *mmu, const struct shadow_page *sp, u32 slot);
u64 shadow_gpte_in(const struct shadow_page *sp, const void *table, u32 slot);
/* The slots of @sp that shadow entry @index: [first, first+count). */
u32 shadow_slots(const struct shadow_page *sp, u32 index, u32 *first);
/*
 * The page that @slot of @sp, not a root of PDPTEs nor private, leads to if the
 * guest's entry is @gpte: a guest table's, or a direct one.
 */
struct shadow_key shadow_child(const struct mmu *mmu,
			       const struct shadow_page *sp, u32 slot,
			       u64 gpte);
/*
 * Link the shadow tables on the way to @walk's address, from the root down to
 * @level; returns the page there. Room is made for them.
 */
struct shadow_page *shadow_link_path(struct mmu_vcpu *vcpu,
				     const struct guest_walk *walk, u8 level);

/* large.c: 2 MiB with one entry. */

static inline struct guest_region *region_of(const struct mmu *mmu, gfn_t gfn)
{
	return &mmu->regions[gfn / LARGE_FRAMES];
}

/* May one LEAF map the 2 MiB around the frame, now? */
bool region_is_mappable(struct mmu *mmu, gfn_t gfn);
/* One of its frames is to be write-protected: map it in splinters. */
void region_split(struct mmu *mmu, gfn_t gfn);
void region_split_all(struct mmu *mmu);

/* dirty_log.c */

static inline void dirty_log_mark(struct mmu *mmu, gfn_t gfn)
{
	if (mmu->dirty_log_on)
		mmu->dirty_log[gfn / 64] |= BIT(gfn % 64);
}

/* Has its first write yet to be noticed? */
static inline bool dirty_log_waits(const struct mmu *mmu, gfn_t gfn)
{
	return mmu->dirty_log_on && !(mmu->dirty_log[gfn / 64] & BIT(gfn % 64));
}

/* page.c: the pool. */

/* Free shadow pages until @count can be made. */
void shadow_make_room(struct mmu *mmu, u32 count);
/* Are there more than those that a fault may need? */
bool shadow_pages_to_spare(const struct mmu *mmu);
/* Find or make the page; shadow_make_room has been called. */
struct shadow_page *shadow_page_get(struct mmu *mmu, gfn_t gfn,
				    union shadow_role role);
/* The next page after @sp (first: NULL) made of @gfn as a table. */
struct shadow_page *shadow_page_next(struct mmu *mmu, gfn_t gfn,
				     const struct shadow_page *sp);
/*
 * The entry @gpte of @sp's guest table leads to a table that the guest has used
 * (A): link its shadow ahead of any fault, if there are pages to spare. With
 * the bypass on this pays: a fault in a table that is linked goes to the guest,
 * one in a table that is not has to exit to find out. Returns whether it did.
 */
bool shadow_link_ahead(struct mmu *mmu, struct shadow_page *sp, u32 slot,
		       u64 gpte);
void shadow_page_zap(struct mmu *mmu, struct shadow_page *sp);
static inline bool shadow_page_is_orphan(const struct shadow_page *sp)
{
	return sp->parents == LINK_NONE;
}
void shadow_zap_all(struct mmu *mmu);
/* All pages are private, of one role: forget what they map. */
void shadow_flush_private(struct mmu *mmu);

/* root.c: what depends on the processor's state. */

union shadow_role vcpu_role(const struct mmu_vcpu *vcpu);
struct shadow_page *vcpu_root(struct mmu_vcpu *vcpu);
/* The page directory that PDPTE @index leads to; the guest has it. */
struct shadow_key root_child(const struct mmu_vcpu *vcpu, u32 index);
/* Do the not-present faults of a guest in this role go straight to it? */
bool mmu_bypasses(const struct mmu *mmu, union shadow_role role);

/* entry.c: from a guest's entry to its shadow. */

/* The value of an entry that is not filled, for the guest's entry @gpte. */
u64 spte_unfilled(const struct mmu *mmu, const struct shadow_page *sp,
		  u64 gpte);
/*
 * Make the LEAF of @gfn, which is RAM, with the rights that the guest gives, of
 * 4 KiB or, at level 2, of the 2 MiB around it. @error_code: of the access that
 * asks for it, with A and D set as it wants; 0 if none does.
 */
void shadow_fill_leaf(struct mmu *mmu, struct shadow_page *sp, u32 slot,
		      gfn_t gfn, u8 rights, bool dirty, u32 error_code);
/* Beside the entry of @walk in @sp, at level 1, fill what can be. */
void shadow_prefetch(struct mmu *mmu, struct shadow_page *sp,
		     const struct guest_walk *walk);
/* The MMIO entry for a page that is no RAM. */
void shadow_fill_mmio(struct mmu *mmu, struct shadow_page *sp, u32 slot,
		      const struct guest_walk *walk);
/*
 * The guest has written the entry @gpte: make its shadow true again. Returns
 * whether it leads somewhere now that was not mapped before.
 */
bool shadow_sync_entry(struct mmu *mmu, struct shadow_page *sp, u32 slot,
		       u64 gpte);

/* table_write.c */

/* [gpa, gpa+len), in one frame, has been written: sync its shadows. */
void mmu_written(struct mmu *mmu, gpa_t gpa, size_t len);

/* walk.c */

void guest_walk(const struct mmu_vcpu *vcpu, gva_t gva, u32 access,
		struct guest_walk *walk);
/* The rights that one entry gives. */
u8 gpte_rights(const struct gpt_format *format, u64 gpte);
/*
 * May an access (W, U, I/D of an error code, WALK_AC) be done where the
 * accumulated rights are @rights? SDM vol. 3A, 4.6.1.
 */
bool access_permitted(const struct mmu_vcpu *vcpu, u8 rights, u32 access);

#endif
