/* SPDX-License-Identifier: MIT */
/*
 * The data of the shadow MMU: shadow pages, the lists that lead back to
 * entries, and the facts about the guest's frames. Each file of mmu/ that works
 * on them has a header of its own. A file calls only files above it in this
 * list, or one that calls it back:
 *
 *	paging.c, walk.c	the guest's tables
 *	path.c			the way of an address through the shadow's
 *	role.c			what follows from the state of the processor
 *	filter.c		the faults that exit
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
 * Each LEAF and each TABLE is on one list. That of a LEAF belongs to the guest
 * frame, or to the region of 2 MiB, that it maps (the reverse map); that of a
 * TABLE to the shadow page that it names (its parents). The lists name entries
 * by number: the index of the shadow page times 512 plus the slot.
 */
#define LINK_NONE 0xffffffffU

struct spte_link {
	u32 target; /* gfn of a LEAF or MMIO, page index of a TABLE */
	u32 next;
	u32 prev;
};

#define SLOTS_A_BIT (PT_ENTRIES / 64) /* of shadow_page.used */

/* Returns the first slot of the lowest group whose bit in @groups is 1. */
static inline u32 first_slot(u64 groups)
{
	return (u32)__builtin_ctzll(groups) * SLOTS_A_BIT;
}

struct shadow_page {
	u64 *spt; /* the 512 entries that the processor sees */
	struct spte_link *links; /* one for each entry */
	u32 number; /* of the page, in mmu->pages */
	/*
	 * The frame of the guest table. If the page is tableless, the first
	 * frame that it maps; if private, the bits of the linear address above
	 * those that select an entry.
	 */
	gfn_t gfn;
	union shadow_role role;
	/* Facts that follow from the role (role.c), for each entry: */
	struct gpt_format format; /* of the guest table */
	u64 unfilled[2]; /* value of an entry not filled, by the guest's P */
	/* A LEAF has these bits of the guest's entry, and these in any case. */
	u64 leaf_taken;
	u64 leaf_set;
	bool words; /* of a page table with entries of 64 bits */
	bool bypasses; /* not-present faults reach the guest without an exit */
	bool carries_rights; /* a TABLE has the rights of the guest's entry */
	bool in_use;
	bool withholds; /* an entry has withheld W from the user; filter.c */
	/* If private: this page maps parts of large guest pages up to this
	   level. INVLPG has to drop all parts of such a page. */
	u8 splintered;
	u32 parents; /* list of the TABLE entries that name this page */
	u32 hash_next; /* page index; in a free page, the next free one */
	u32 lru_next, lru_prev; /* page indices, the most recent one first */
	u32 epoch; /* of struct mmu in which the page was last asked for */
	/* Bit i: one of the eight slots from 8i on has been filled. */
	u64 used;
	/* Bit i: one of these slots may have a value other than 0. Kept while
	   the page is free. */
	u64 nonzero;
	/* Signs that the guest stops using the table; see table_write.c. */
	u16 writes;
	u16 last_filled; /* slot, or PT_ENTRIES: none */
	/* For open tables; see open.c. */
	bool open; /* the guest may write its table; no entry names the page */
	bool idle; /* the last closing found no change */
	u16 changes; /* number of entries that the last closing mended */
	u16 last_written; /* slot of the last write, or PT_ENTRIES: none */
	u32 copy; /* if open: number of the copy of the guest's table */
	/* For placed roots; see place.c. */
	bool placed; /* the entries lie at the address of the guest's table */
	u8 loads; /* number of loads that have exited, in the window */
	u32 window; /* number of the window of these loads */
	u32 born; /* placing.loads when the page was made */
	u32 seen; /* placing.loads when an exit last found it as the root */
};

/* The facts about a guest frame. */
struct guest_frame {
	void *page; /* Umbra's address of it; NULL: not asked for, or no RAM */
	hfn_t hfn; /* valid if page is not NULL */
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
 * Maximum number of unlinked pages that are noted for one write: 16 bytes are
 * two entries of 8 bytes, or four of 4 bytes with two slots each, and a
 * misaligned write hits one more. If the table has several shadows, there may
 * be more: those stay until the pool needs them.
 */
#define UNLINKED_MAX 10

struct placing {
	u32 loads; /* number of loads of CR3 that have exited */
	hfn_t reserve; /* first of the frames that stand in, one for each slot */
	struct shadow_page *slots[MMU_TARGETS_MAX]; /* NULL: free */
	bool full; /* no slot is free */
	u32 last, before_last; /* slots that the guest has loaded without an
				  exit */
};

/*
 * The last write that hit a page of a guest table. The next one is often to the
 * same page, by the same kind of access: then the rights are the same, as long
 * as the entry is, and the way to it (as for struct shadow_path). The entry's
 * value does not tell the guest frame: a frame that stands in for a placed
 * root's has had others before. The link tells it.
 */
struct held_write {
	u64 number; /* of the page: gva >> PAGE_SHIFT */
	u32 access; /* the error code */
	const u64 *spte; /* the held LEAF, and its value at that time */
	u64 value;
	const struct spte_link *link; /* of that entry */
	const struct shadow_page *root;
	u64 unlinked;
};

/*
 * The last table of the space that runs that the guest has written zero to:
 * most often the next zero goes to the same table (page/reach.c).
 */
struct shadow_here {
	const struct shadow_page *sp;
	const struct shadow_page *root;
	u64 unlinked; /* mmu.tables_unlinked at that time */
};

/* The end of an address's way through the shadow; see path.c. */
struct shadow_path {
	struct shadow_page *sp; /* the page that it ends in */
	const u64 *spte; /* the last entry: it is not TABLE */
	const struct spte_link *link; /* of that entry */
	u8 level; /* of that entry */
	u8 rights; /* of all entries above together (invariant 2) */
	u64 region; /* path_region() of the address */
	const struct shadow_page *root;
	u64 unlinked; /* mmu.tables_unlinked at that time */
} __cache_line;

#define PATH_BITS 4
#define PATHS BIT(PATH_BITS)

/* A page of code that an exit has read; see access.c. */
struct code_page {
	u64 number; /* of the page in the guest's address space */
	const u8 *memory; /* Umbra's address of it */
	const u64 *spte; /* the LEAF that maps it */
	u64 value; /* of that LEAF at that time */
	const struct shadow_page *root;
	u64 unlinked; /* mmu.tables_unlinked at that time */
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
	/* An epoch begins with each page that is made, and with each flush of
	   the software TLB. */
	u32 epoch;
	u32 flushed; /* the epoch that the last flush began */
	/* Copies of open tables, 4 KiB each. The first word of a free one is
	   the number of the next. */
	u64 *copies;
	u32 copy_count;
	u32 copy_free;
	u32 opened; /* number of the page whose table had the last burst */
	/* Pages that have lost a parent by the present write of a table. */
	u32 unlinked[UNLINKED_MAX];
	u32 unlinked_count;
	struct placing placing;
	u32 withholding; /* number of pages that withhold W from the user */
	/* Number of TABLEs taken down and of pages given up, plus 1. */
	u64 tables_unlinked;
	struct shadow_path paths[PATHS]; /* by path_slot() of the region */
	struct code_page codes[CODE_PAGES]; /* by the number of the page */
	struct held_write held; /* root NULL: none yet */
	struct shadow_here here; /* likewise */
};

static inline hpa_t shadow_page_hpa(const struct mmu *mmu,
				    const struct shadow_page *sp)
{
	/* Invariant 9. */
	if (sp->placed)
		return sp->gfn << PAGE_SHIFT;
	return mmu->tables_hpa + (u64)sp->number * PAGE_SIZE;
}

static inline bool shadow_page_is_orphan(const struct shadow_page *sp)
{
	return sp->parents == LINK_NONE;
}

/* Returns the page that the TABLE at @slot names. */
static inline struct shadow_page *
spte_child(const struct mmu *mmu, const struct shadow_page *sp, u32 slot)
{
	return &mmu->pages[sp->links[slot].target];
}

/* Asks mmu_ops for the guest frame. Returns its page, or NULL: no RAM. */
__noinline void *mmu_ask_gfn(const struct mmu *mmu, gfn_t gfn);

/* Returns the address at which Umbra sees a guest frame, or NULL: no RAM. */
static inline void *mmu_map_gfn(const struct mmu *mmu, gfn_t gfn)
{
	void *page;

	if (gfn >= mmu->config.gfn_count)
		return NULL;
	page = mmu->frames[gfn].page;
	return page ? page : mmu_ask_gfn(mmu, gfn);
}

/* Returns the host frame behind a guest frame, or HFN_NONE: no RAM. */
static inline hfn_t mmu_hfn(const struct mmu *mmu, gfn_t gfn)
{
	return mmu_map_gfn(mmu, gfn) ? mmu->frames[gfn].hfn : HFN_NONE;
}

/*
 * Makes the processor forget all that it has cached of the shadow (invariant
 * 6).
 */
static inline void mmu_flush(struct mmu *mmu)
{
	mmu->stats.flushes++;
	mmu->config.ops->flush(mmu->config.ctx);
}

/* The same for all that translates one address. */
static inline void mmu_flush_address(struct mmu *mmu, gva_t gva)
{
	mmu->stats.flushes++;
	mmu->config.ops->flush_address(mmu->config.ctx, gva);
}

/* mmu_root() has to find the root before the next entry. */
static inline void mmu_forget_root(struct mmu_cpu *cpu)
{
	cpu->root = NULL;
	cpu->root_is_new = true;
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

/* Returns true if the dirty log waits for the frame's first write. */
static inline bool dirty_log_waits(const struct mmu *mmu, gfn_t gfn)
{
	return mmu->dirty_log_on && !(mmu->dirty_log[gfn / 64] & BIT(gfn % 64));
}

/* path.c */

/* Goes the processor's way for @gva, from cpu->root, which is not NULL. */
void shadow_path_go(const struct mmu_cpu *cpu, gva_t gva,
		    struct shadow_path *end);

/* Returns the number of the region of 2 MiB: down to level 2 its addresses have
   one way. */
static inline u64 path_region(gva_t gva)
{
	return gva >> (PAGE_SHIFT + 9);
}

/* Kernels align code and data to powers of 2, so mix the bits (Fibonacci). */
static inline u32 path_slot(u64 region)
{
	return region * 0x9e3779b97f4a7c15 >> (64 - PATH_BITS);
}

/*
 * Returns the end of the processor's way for @gva: by the last way into that
 * region, if no TABLE was taken down since. The entry is read again, as it may
 * have changed. The result is valid until an entry is changed.
 */
static __forceinline const struct shadow_path *
shadow_path_of(const struct mmu_cpu *cpu, gva_t gva)
{
	struct mmu *mmu = cpu->mmu;
	struct shadow_path *end = &mmu->paths[path_slot(path_region(gva))];
	u32 slot = pt_index(gva, end->level);

	if (end->region != path_region(gva) || end->root != cpu->root ||
	    end->unlinked != mmu->tables_unlinked ||
	    spte_is_table(end->sp->spt[slot], end->level)) {
		shadow_path_go(cpu, gva, end);
		slot = pt_index(gva, end->level);
	}
	end->spte = &end->sp->spt[slot];
	end->link = &end->sp->links[slot];
	return end;
}

/* Returns the value of an entry that is not filled, for the guest's @gpte. */
static inline u64 spte_unfilled(const struct shadow_page *sp, u64 gpte)
{
	return sp->unfilled[gpte & PTE_P];
}

#endif
