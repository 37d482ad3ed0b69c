/* SPDX-License-Identifier: MIT */
/*
 * The data of the shadow MMU: shadow pages, the lists that lead back to
 * entries, and what is known of the guest's frames. Each file of mmu/ that
 * works on them has a header of its own; a file calls only those above it in
 * this list, or one that calls it back:
 *
 *	paging.c, walk.c	the guest's tables
 *	path.c			the way of an address through the shadow's
 *	role.c			what follows from the state of the processor
 *	page/link.c		an entry is put in place and taken down
 *	page/page.c		the pool of shadow pages
 *	page/child.c		the page that an entry leads to
 *	page/reach.c		pages of a space that is taken apart
 *	page/place.c		roots that the guest loads without an exit
 *	table/leaf.c, large.c	entries that map the guest's memory
 *	table/entry.c, group.c	the shadow of one entry, of eight at once
 *	table/table.c		the shadow of a guest table
 *	table/open.c		tables that the guest may write itself
 *	table/root.c		the way down from the root
 *	fault/			the two causes of an exit
 */
#ifndef MMU_SHADOW_H
#define MMU_SHADOW_H

#include "mmu/mmu.h"
#include "mmu/spte.h"

#define PT_ENTRIES 512

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

/* The first of the eight slots of the lowest group whose bit in @groups is 1. */
static inline u32 first_slot(u64 groups)
{
	return (u32)__builtin_ctzll(groups) * SLOTS_A_BIT;
}

struct shadow_page {
	u64 *spt; /* the 512 entries that the processor sees */
	struct spte_link *links; /* beside each entry */
	/*
	 * The guest table; if tableless, the first frame mapped; if private,
	 * the bits of the address above those that the page's entries cover.
	 */
	gfn_t gfn;
	union shadow_role role;
	/* Derived from the role (role.c), as each entry needs it. */
	struct gpt_format format; /* of the guest table */
	u64 unfilled[2]; /* an entry that is not filled, by the guest's P */
	/* A LEAF has these bits of the guest's entry, and these in any case. */
	u64 leaf_taken;
	u64 leaf_set;
	bool bypasses; /* the guest's not-present faults go straight to it */
	bool carries_rights; /* so do TABLE entries the guest entry's rights */
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
	/* Bit i: one of them may be other than zero. Outlives the page. */
	u64 nonzero;
	/* The signs of a table going out of use; see table_write.c. */
	u16 writes;
	u16 last_filled; /* slot, or PT_ENTRIES: none */
	/* For open tables; see open.c. */
	bool open; /* the guest may write its table; nothing leads here */
	bool idle; /* the last closing found no change */
	u16 changes; /* number of entries that the last closing mended */
	u16 last_written; /* slot, or PT_ENTRIES: none in a row */
	u32 copy; /* if open: number of the copy of the guest's table */
	/* For placed roots; see place.c. */
	bool placed; /* the entries lie at the guest's table's own address */
	u8 loads; /* number of loads that have exited, in the window */
	u32 window; /* number of the window of these loads */
	u32 seen; /* placing.loads when an exit last found it in use */
};

/* The MMU's facts about a guest frame. */
struct guest_frame {
	void *page; /* where Umbra sees it, or NULL: not asked for yet, no RAM */
	hfn_t hfn; /* if page is not NULL */
	u32 rmap; /* list of the LEAF entries that map it */
	u32 shadowed; /* number of shadow pages made of it as a table */
};

/* The facts about 2 MiB of guest memory that decide if one LEAF may map it. */
struct guest_region {
	u32 rmap; /* list of the LEAF entries that map it */
	u16 shadowed; /* number of its frames that have shadows */
	bool probed; /* true if contiguous is known */
	bool contiguous; /* all RAM, in a host frame of 2 MiB */
};

/*
 * Maximum number of pages that one write takes off a parent: 16 bytes are two
 * entries of 8 bytes, or four of 4 bytes with two slots each; and a misaligned
 * write hits one more. A table with more shadows has more such pages: the
 * others stay until the pool needs them.
 */
#define UNLINKED_MAX 10

struct placing {
	u32 loads; /* number of loads of CR3 that have exited */
	hfn_t reserve; /* first of the frames for the guest's, one for a slot */
	struct shadow_page *slots[MMU_TARGETS_MAX]; /* NULL: free */
};

/* The end of the way of an address through the shadow; see path.c. */
struct shadow_path {
	struct shadow_page *sp; /* the page that it ends in */
	const u64 *spte; /* the last entry: it is not TABLE */
	const struct spte_link *link; /* of it */
	u8 level; /* of it */
	u8 rights; /* those of the entries above combined (invariant 2) */
	u64 region; /* path_region() of the address */
	const struct shadow_page *root;
	u64 flushes; /* mmu.flushes then */
} __cache_line;

#define PATH_BITS 4
#define PATHS BIT(PATH_BITS)

/* A page of code that an exit has read, found by its address; see access.c. */
struct code_page {
	u64 number; /* of the page in the guest's address space */
	const u8 *memory; /* where Umbra sees it */
	const u64 *spte; /* the LEAF that maps it */
	u64 value; /* of that LEAF then */
	const struct shadow_page *root;
	u64 flushes; /* mmu.flushes then */
} __cache_line;

#define CODE_PAGES 8

struct mmu {
	struct mmu_config config;
	struct mmu_policy policy;
	struct mmu_stats stats;
	struct mmu_cpu *cpu;
	struct guest_frame *frames;
	struct guest_region *regions;
	u64 *dirty_log; /* a bit for each frame */
	bool dirty_log_on;
	struct shadow_page *pages;
	struct spte_link *links;
	u64 *tables; /* shadow page n is tables[n * 512 ...] */
	hpa_t tables_hpa;
	u32 *hash; /* first page index of each bucket */
	struct shadow_page *written; /* see shadow_only_page() */
	u32 hash_mask;
	u32 free; /* list of free pages */
	u32 free_count;
	u32 lru_first, lru_last;
	u32 epoch; /* counts the flushes of the software TLB */
	/* Copies of open tables, 4 KiB each; a free one begins with the next. */
	u64 *copies;
	u32 copy_count;
	u32 copy_free;
	/* Pages that a write of a table has taken off a parent. */
	u32 unlinked[UNLINKED_MAX];
	u32 unlinked_count;
	struct placing placing;
	u64 flushes; /* 1 and the number of calls of mmu_flush() */
	struct shadow_path paths[PATHS]; /* by path_slot() of the region */
	struct code_page codes[CODE_PAGES]; /* by the number of the page */
};

static inline hpa_t shadow_page_hpa(const struct mmu *mmu,
				    const struct shadow_page *sp)
{
	/* Invariant 9. */
	if (sp->placed)
		return sp->gfn << PAGE_SHIFT;
	return mmu->tables_hpa + (u64)(sp - mmu->pages) * PAGE_SIZE;
}

static inline bool shadow_page_is_orphan(const struct shadow_page *sp)
{
	return sp->parents == LINK_NONE;
}

/* The page that the TABLE at @slot names. */
static inline struct shadow_page *
spte_child(const struct mmu *mmu, const struct shadow_page *sp, u32 slot)
{
	return &mmu->pages[sp->links[slot].target];
}

/* Ask for the guest frame, once: returns its page, or NULL: not RAM. */
__noinline void *mmu_ask_gfn(const struct mmu *mmu, gfn_t gfn);

/* The address at which Umbra sees a guest frame, or NULL: not RAM. */
static inline void *mmu_map_gfn(const struct mmu *mmu, gfn_t gfn)
{
	void *page;

	if (gfn >= mmu->config.gfn_count)
		return NULL;
	page = mmu->frames[gfn].page;
	return page ? page : mmu_ask_gfn(mmu, gfn);
}

/* The host frame behind a guest frame, or HFN_NONE: not RAM. */
static inline hfn_t mmu_hfn(const struct mmu *mmu, gfn_t gfn)
{
	return mmu_map_gfn(mmu, gfn) ? mmu->frames[gfn].hfn : HFN_NONE;
}

/* Invariant 6: the processor forgets all that it has cached of the shadow. */
static inline void mmu_flush(struct mmu *mmu)
{
	mmu->stats.flushes++;
	mmu->flushes++;
	mmu->config.ops->flush(mmu->config.ctx);
}

/*
 * The same for all that translates one address. It ends no way of path.c: no
 * TABLE has gone.
 */
static inline void mmu_flush_address(struct mmu *mmu, gva_t gva)
{
	mmu->stats.flushes++;
	mmu->config.ops->flush_address(mmu->config.ctx, gva);
}

static inline void mmu_tell(struct mmu *mmu, enum mmu_event event, gfn_t gfn,
			    u64 detail)
{
	mmu->config.ops->event(mmu->config.ctx, event, gfn, detail);
}

static inline struct guest_region *region_of(const struct mmu *mmu, gfn_t gfn)
{
	return &mmu->regions[gfn / LARGE_FRAMES];
}

static inline void dirty_log_mark(struct mmu *mmu, gfn_t gfn)
{
	if (mmu->dirty_log_on)
		mmu->dirty_log[gfn / 64] |= BIT(gfn % 64);
}

/* Returns true if the dirty log still has to notice the frame's first write. */
static inline bool dirty_log_waits(const struct mmu *mmu, gfn_t gfn)
{
	return mmu->dirty_log_on && !(mmu->dirty_log[gfn / 64] & BIT(gfn % 64));
}

/* path.c */

/* Goes the way of the processor for @gva, from the root, which is there. */
void shadow_path_go(const struct mmu_cpu *cpu, gva_t gva,
		    struct shadow_path *end);

/* Number of the region of 2 MiB: the way of its addresses is one to level 2. */
static inline u64 path_region(gva_t gva)
{
	return gva >> (PAGE_SHIFT + 9);
}

/* Kernels lay out code and data in powers of 2: mix the bits (Fibonacci). */
static inline u32 path_slot(u64 region)
{
	return region * 0x9e3779b97f4a7c15 >> (64 - PATH_BITS);
}

/*
 * The same by the last way into that region, if there was no flush since. The
 * entry itself may have changed: it is read again. Valid until one is changed.
 */
static __forceinline const struct shadow_path *
shadow_path_of(const struct mmu_cpu *cpu, gva_t gva)
{
	struct mmu *mmu = cpu->mmu;
	struct shadow_path *end = &mmu->paths[path_slot(path_region(gva))];
	u32 slot = pt_index(gva, end->level);

	if (end->region != path_region(gva) || end->root != cpu->root ||
	    end->flushes != mmu->flushes ||
	    spte_is_table(end->sp->spt[slot], end->level)) {
		shadow_path_go(cpu, gva, end);
		slot = pt_index(gva, end->level);
	}
	end->spte = &end->sp->spt[slot];
	end->link = &end->sp->links[slot];
	return end;
}

/* The value of an entry that is not filled, for the guest's entry @gpte. */
static inline u64 spte_unfilled(const struct shadow_page *sp, u64 gpte)
{
	return sp->unfilled[gpte & PTE_P];
}

#endif
