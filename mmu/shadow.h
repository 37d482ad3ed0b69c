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
		u32 direct : 1; /* no guest table behind: a large guest page,
				   or the address space of an unpaged guest */
		u32 access : 3; /* rights that the levels above leave over */
		u32 dirty : 1; /* if direct: D of the large page */
		u32 paged : 1; /* CR0.PG */
		u32 wp : 1; /* CR0.WP */
		u32 nxe : 1; /* EFER.NXE */
		u32 smep : 1; /* CR4.SMEP */
	};
	u32 word;
};

/*
 * An unpaged guest runs on PAE tables of Umbra's: its root is of level 3, and
 * of its entries the processor reads four, as PDPTEs.
 */
#define UNPAGED_ROOT_LEVEL 3

static inline bool role_is_pae_root(union shadow_role role)
{
	return !role.paged && role.level == UNPAGED_ROOT_LEVEL;
}

/*
 * Every entry that leads somewhere is on one list: a LEAF on the list of the
 * guest frame that it maps (the reverse map), a TABLE on that of the shadow
 * page that it names (its parents). Entries are named by number: the index of
 * their shadow page times 512 plus the slot.
 */
#define LINK_NONE 0xffffffffU

struct spte_link {
	u32 target; /* gfn of a LEAF, page index of a TABLE */
	u32 next;
	u32 prev;
};

struct shadow_page {
	u64 *spt; /* the 512 entries that the processor sees */
	struct spte_link *links; /* beside each entry */
	gfn_t gfn; /* the guest table; if direct, the first frame mapped */
	union shadow_role role;
	bool in_use;
	u32 parents; /* list of the TABLE entries that name this page */
	u32 hash_next; /* page index; of a free page, the next free one */
	u32 lru_next, lru_prev; /* page indices, the most recent one first */
	/* The signs of a table going out of use; see table_write.c. */
	u16 writes;
	u16 last_filled; /* slot, or PT_ENTRIES: none */
};

/* What is known of a guest frame. */
struct guest_frame {
	u32 rmap; /* list of the LEAF entries that map it */
	u32 shadowed; /* number of shadow pages made of it as a table */
};

struct mmu {
	struct mmu_config config;
	struct mmu_policy policy;
	struct mmu_stats stats;
	struct mmu_vcpu *vcpu;
	struct guest_frame *frames;
	struct shadow_page *pages;
	struct spte_link *links;
	u64 *tables; /* shadow page n is tables[n * 512 ...] */
	hpa_t tables_hpa;
	u32 *hash; /* first page index of each bucket */
	u32 hash_mask;
	u32 free; /* list of free pages */
	u32 free_count;
	u32 lru_first, lru_last;
};

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

/* Make the entry ABSENT or TRAP, whichever @value is. */
void spte_clear(struct mmu *mmu, struct shadow_page *sp, u32 slot, u64 value);
void spte_set_table(struct mmu *mmu, struct shadow_page *sp, u32 slot,
		    struct shadow_page *child);
void spte_set_leaf(struct mmu *mmu, struct shadow_page *sp, u32 slot, gfn_t gfn,
		   u64 spte);
/* Take the W right from every entry that maps the frame (invariant 1). */
void frame_write_protect(struct mmu *mmu, gfn_t gfn);

/*
 * fault.c: link the shadow tables on the way to @walk's address, from the root
 * down to @level; returns the page there. Room is made for them.
 */
struct shadow_page *shadow_link_path(struct mmu_vcpu *vcpu,
				     const struct guest_walk *walk, u8 level);

/* page.c: the pool. */

/* Free shadow pages until @count can be made. */
void shadow_make_room(struct mmu *mmu, u32 count);
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
void shadow_zap_all(struct mmu *mmu);

/* root.c: what depends on the processor's state. */

union shadow_role vcpu_role(const struct mmu_vcpu *vcpu);
struct shadow_page *vcpu_root(struct mmu_vcpu *vcpu);
/* Do the not-present faults of a guest in this role go straight to it? */
bool mmu_bypasses(const struct mmu *mmu, union shadow_role role);

/* entry.c: from a guest's entry to its shadow. */

/* The value of an entry that is not filled, for the guest's entry @gpte. */
u64 spte_unfilled(const struct mmu *mmu, const struct shadow_page *sp,
		  u64 gpte);
/* Make the LEAF of @gfn, which is RAM, with the rights that the guest gives. */
void shadow_fill_leaf(struct mmu *mmu, struct shadow_page *sp, u32 slot,
		      gfn_t gfn, u8 rights, bool dirty, u32 error_code);
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
/* Has the guest's entry a reserved bit set? */
bool pte_reserved(const struct mmu_config *config, u64 pte, u8 level, bool nxe);
/* The rights that one entry gives. */
u8 pte_rights(u64 pte);

#endif
