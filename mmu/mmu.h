/* SPDX-License-Identifier: MIT */
/*
 * The shadow MMU as the rest of Umbra sees it.
 *
 * The guest believes that its page tables are the processor's. They are not:
 * the processor walks *shadow* tables that Umbra derives from them, entry by
 * entry, and keeps true to them. mmu/ is that derivation. It executes no
 * privileged instruction and touches no device: it reaches the world through
 * struct mmu_ops alone, so the same objects run in the hypervisor, in the
 * unit tests and in the fuzzers.
 *
 * The invariants that the code cites by number are in docs/mmu.md.
 */
#ifndef MMU_MMU_H
#define MMU_MMU_H

#include "arch/x86/regs.h"
#include "lib/types.h"
#include "mmu/policy.h"
#include "mmu/shadow_role.h"
#include "mmu/guest_walk.h"

struct shadow_page;

/*
 * For a trace. The frame is the guest table's, but for MMU_EVENT_FILL; of a
 * page that is reclaimed and shadows none it is struct shadow_page's gfn.
 */
enum mmu_event {
	MMU_EVENT_FILL, /* of the mapped frame; detail: the gva */
	MMU_EVENT_WRITE, /* detail: number of shadow entries | offset << 32 */
	MMU_EVENT_OPEN, /* detail: 0 */
	MMU_EVENT_CLOSE, /* detail: number of entries that had changed */
	MMU_EVENT_UNSHADOW, /* detail: level */
	MMU_EVENT_RECLAIM, /* detail: level */
	MMU_EVENT_ROOT, /* found; detail: the guest's CR3 */
	MMU_EVENT_PLACE, /* detail: number of the CR3 target */
	MMU_EVENT_TARGET, /* the guest has loaded one; detail: its number */
	MMU_EVENTS
};

/* The functions that the MMU needs of its surroundings; @ctx is the
   mmu_config's. */
struct mmu_ops {
	/* The host frame behind a guest frame, or HFN_NONE: not RAM. */
	hfn_t (*gfn_to_hfn)(void *ctx, gfn_t gfn);
	/* Where Umbra itself can access a host frame of the guest. */
	void *(*map)(void *ctx, hfn_t hfn);
	/* Zeroed, page-aligned, contiguous host memory; NULL: none left. */
	void *(*alloc)(void *ctx, size_t pages);
	/* The host-physical address of memory that alloc gave. */
	hpa_t (*to_hpa)(void *ctx, const void *memory);
	/*
	 * Make the processor forget all that it has cached of the shadow
	 * tables, in the TLBs and in the paging-structure caches, before the
	 * guest executes another instruction (invariant 6).
	 */
	void (*flush)(void *ctx);
	/* The same for what would be used to translate one address. */
	void (*flush_address)(void *ctx, gva_t gva);
	/*
	 * Put the host frame @hfn behind @gfn, with the content of the one that
	 * is there now: a frame that alloc gave, or the first one again.
	 */
	void (*move_frame)(void *ctx, gfn_t gfn, hfn_t hfn);
	/* Something has happened to guest frame @gfn, for a trace. */
	void (*event)(void *ctx, enum mmu_event event, gfn_t gfn, u64 detail);
};

/* Maximum number of CR3 targets that Umbra uses. */
#define MMU_TARGETS_MAX 4

struct mmu_config {
	const struct mmu_ops *ops;
	void *ctx;
	struct mmu_policy policy;
	u64 gfn_count; /* guest frames are 0 .. gfn_count-1 */
	u32 shadow_pages; /* size of the pool, at least MMU_MIN_SHADOW_PAGES */
	u8 maxphyaddr; /* the guest's, CPUID.80000008h:EAX[7:0] */
	bool gigabyte_pages; /* CPUID.80000001h:EDX[26] of the guest */
	/*
	 * True if the processor faults with P=1 on a TRAP with P=1 in a 4-level
	 * PTE while NXE=1, the only place where this depends on the processor.
	 * The self-test at boot finds it out.
	 */
	bool leaf_trap_present;
	/* True if the processor's PFEC filter works as the manual says. */
	bool filter_works;
	/* Number of CR3 targets of the processor, which may have none. */
	u32 targets;
};

#define MMU_MIN_SHADOW_PAGES 16
#define MMU_MAX_SHADOW_PAGES 0x7fffff /* entries are numbered in 32 bits */

/* One counter a line. */
struct mmu_stats {
	u64 faults_not_present; /* #PF exits by the hardware's error code: P=0 */
	u64 faults_trap; /* ... P=1, RSVD=1 */
	u64 faults_protection; /* ... P=1, RSVD=0 */
	u64 faults_mmio; /* those of them that hit no RAM */
	u64 mmio_hits; /* faults_mmio that an MMIO entry answered, unwalked */
	u64 held_hits; /* writes to a table that its LEAF answered, unwalked */
	u64 walks_fault; /* guest walks to decide a #PF exit */
	u64 walks_data; /* ... for an operand of an emulated instruction */
	u64 walks_fetch; /* ... to fetch an instruction's bytes */
	u64 fills; /* leaf entries made on a fault */
	u64 prefetches; /* leaf entries made beside one that faulted */
	u64 large_fills; /* of the fills, those that map 2 MiB */
	u64 splits; /* large leaves that gave way to 4 KiB ones */
	u64 updates; /* leaf entries made on a guest's write of the PTE */
	u64 prefills; /* ... when a table was shadowed */
	u64 opened; /* page tables opened for a burst of writes */
	u64 closed; /* ... and closed at their next use */
	u64 mended; /* entries that had changed by then */
	u64 table_writes; /* guest-table entries written by the guest */
	u64 unshadowed; /* shadow pages given up because their table was written
			 */
	u64 reclaimed; /* shadow pages given up because the pool was empty */
	u64 pages_made; /* shadow pages made */
	u64 pages_in_use; /* shadow pages now */
	u64 flushes; /* calls of mmu_ops.flush and flush_address */
	u64 roots; /* shadow roots looked up */
	u64 placed; /* ... placed, to be CR3 targets */
};

/* The shadow MMU of one VM. */
struct mmu;

/* The paging state of one virtual processor, as the guest has set it. */
struct mmu_cpu {
	struct mmu *mmu;
	u64 cr0;
	u64 cr3;
	u64 cr4;
	u64 efer; /* LMA included */
	/* PAE paging has them in registers, not in memory (SDM vol. 3A, 4.4.1).
	 */
	u64 pdpte[PAE_PDPTES];
	/* Derived from the registers above by mmu_derive_state(). */
	struct gpt_format format; /* of the guest's tables */
	union shadow_role role; /* of the shadow's root */
	gfn_t top_gfn; /* of the guest's topmost table in memory */
	struct shadow_page *root; /* NULL: to be found before the next entry */
	/*
	 * True if a root was found, or the CR3 targets have changed, since the
	 * run loop last told the processor of root, filter and targets. A fault
	 * can find another root, too: where the pool runs dry, the old one may
	 * be given up.
	 */
	bool root_is_new;
};

enum mmu_action {
	MMU_RESUME, /* the shadow is mended; let the guest try again */
	MMU_INJECT, /* the guest's own fault: #PF with walk->error_code */
	/*
	 * A permitted write to walk->gpa that no shadow entry may allow: most
	 * of all, to a guest table. To be emulated.
	 */
	MMU_TABLE_WRITE,
	MMU_MMIO /* permitted access to walk->gpa, where there is no RAM */
};

/* How the page-fault exits are filtered; SDM vol. 3C, 25.2. */
struct mmu_filter {
	bool intercept; /* exception-bitmap bit 14 */
	u32 mask; /* PFEC_MASK */
	u32 match; /* PFEC_MATCH */
	bool invlpg; /* INVLPG must exit, too: mmu_needs_invlpg() */
	bool pge_owned; /* the guest may change CR4.PGE without an exit */
};

/* Returns true if a page fault with @error_code must exit: SDM vol. 3C, 25.2. */
static inline bool mmu_filter_exits(const struct mmu_filter *filter,
				    u32 error_code)
{
	return ((error_code & filter->mask) == filter->match) ==
	       filter->intercept;
}

/* Loads of CR3 that need not exit; SDM vol. 3C, 24.6.7. */
struct mmu_targets {
	u32 count;
	u64 value[MMU_TARGETS_MAX];
	/* The hardware's CR3 is not the guest's: MOV from CR3 must exit. */
	bool cr3_store_exits;
};

/* Maximum number of bytes that mmu_create() takes of ops->alloc. */
u64 mmu_memory(u64 gfn_count, u64 shadow_pages);

/*
 * Makes the MMU of a VM. Returns NULL if ops->alloc gives too little memory or
 * the configuration is out of range.
 */
struct mmu *mmu_create(const struct mmu_config *config);
void mmu_cpu_init(struct mmu_cpu *cpu, struct mmu *mmu);

/*
 * Forgets the former answers of mmu_ops.gfn_to_hfn, which has other answers
 * from now on, and all shadow pages.
 */
void mmu_frames_changed(struct mmu_cpu *cpu);

/* Changes the policy to any other one, and gives up all shadow pages. */
void mmu_set_policy(struct mmu_cpu *cpu, const struct mmu_policy *policy);
const struct mmu_policy *mmu_policy(const struct mmu *mmu);
struct mmu_stats *mmu_stats(struct mmu *mmu);

/*
 * The guest has loaded CR0, CR3, CR4 or EFER, and the caller has validated the
 * values. Stores them and drops the root, so that the next mmu_root() finds the
 * one that fits; and flushes, since a load of CR3, and any change of CR0.PG,
 * CR4.PAE, PGE or PSE, or EFER, is also a flush that the guest asks for (SDM
 * vol. 3A, 4.10.4.1). @pdpte: the PDPTEs that were loaded with them, or NULL to
 * keep the former ones.
 */
void mmu_set_state(struct mmu_cpu *cpu, u64 cr0, u64 cr3, u64 cr4, u64 efer,
		   const u64 *pdpte);

/*
 * Work out the format of the guest's tables, the role of its root and the frame
 * of its topmost table. mmu_set_state() and mmu_set_policy() do it.
 */
void mmu_derive_state(struct mmu_cpu *cpu);

/*
 * Read the PDPTEs that PAE paging would load with @cr3 (SDM vol. 3A, 4.4.1).
 * Returns false if a present one has a reserved bit set: then the load raises
 * #GP(0).
 */
bool mmu_read_pdptes(struct mmu *mmu, u64 cr3, u64 pdpte[PAE_PDPTES]);

/*
 * The guest has executed INVLPG. Needed only while guest tables are not cached
 * (mmu_policy.cache): else its own execution by the processor is enough.
 */
void mmu_invlpg(struct mmu_cpu *cpu, gva_t gva);
/* Returns true if INVLPG must exit. */
bool mmu_needs_invlpg(const struct mmu *mmu);

/*
 * The host-physical address of the shadow root, for the guest's CR3 field:
 * of a PML4 while the guest is in long mode, else of PAE PDPTEs (below 4 GiB).
 * Finds or makes the root if there is none. Must be called before an entry if
 * cpu->root is NULL or cpu->root_is_new is true.
 */
hpa_t mmu_root(struct mmu_cpu *cpu);

/* Returns the CR3 targets for the root of mmu_root(), and whether MOV from CR3
   must exit. */
struct mmu_targets mmu_targets(const struct mmu_cpu *cpu);

/*
 * The guest has exited with @cr3 in the hardware's CR3. While there are CR3
 * targets, this must be called first after each exit: the guest may have loaded
 * one.
 */
void mmu_exited(struct mmu_cpu *cpu, u64 cr3);

/* The one place where the page-fault filter is computed. */
struct mmu_filter mmu_filter(const struct mmu_cpu *cpu);

/*
 * A page fault has made the guest exit. @error_code is the hardware's: its W, U
 * and I/D are believed, its P and RSVD never (invariant 4); the caller adds
 * WALK_AC where it holds. Returns the answer. @walk receives the facts that the
 * caller needs to act upon it: gva and gpa after MMU_TABLE_WRITE and MMU_MMIO,
 * error_code after MMU_INJECT.
 */
enum mmu_action mmu_page_fault(struct mmu_cpu *cpu, gva_t gva, u32 error_code,
			       struct guest_walk *walk);

/*
 * Dirty-page logging: which guest frames were written since the log was started
 * or last read, by the guest, by the A and D flags of its tables, by emulated
 * instructions and by devices. Exact; large pages are split while it is on.
 */
void mmu_dirty_log_start(struct mmu_cpu *cpu);
void mmu_dirty_log_stop(struct mmu_cpu *cpu);
bool mmu_dirty_log_is_on(const struct mmu *mmu);
/* The size of the log, in words of 64 bits. */
u64 mmu_dirty_log_words(const struct mmu *mmu);
/*
 * Takes the 64 frames that @first is among out of the log: bit n of the
 * returned value is that of the nth, 0 where there is no such frame.
 */
u64 mmu_dirty_log_take(struct mmu_cpu *cpu, gfn_t first);

/* The purpose of such a walk; each is counted apart. */
enum walk_purpose { WALK_FOR_DATA, WALK_FOR_FETCH };

/*
 * Walk the guest's tables for an access at @gva with the rights of a page-fault
 * error code (W, U, I/D of @access, and WALK_AC), setting A and D as the
 * processor would. Returns true and walk->gpa, or false and walk->error_code.
 */
bool mmu_walk(struct mmu_cpu *cpu, gva_t gva, u32 access,
	      enum walk_purpose purpose, struct guest_walk *walk);

/*
 * Read up to @len bytes of code at @gva for decoding, through the shadow where
 * it is filled, else by a walk with @access. Returns the bytes read; fewer than
 * @len when a following page can't be fetched from.
 */
size_t mmu_fetch(struct mmu_cpu *cpu, gva_t gva, u32 access, void *buf,
		 size_t len);
/*
 * The same bytes in place, or NULL if they are in two pages, or the shadow does
 * not map them.
 */
const u8 *mmu_code(const struct mmu_cpu *cpu, gva_t gva, size_t len);

/* Read guest-physical memory; where there is no RAM, all bits are ones. */
void mmu_read(struct mmu *mmu, gpa_t gpa, void *buf, size_t len);

/*
 * Write guest-physical memory (a device, an emulated instruction), keeping the
 * shadow of every table that is hit true. Where there is no RAM nothing happens.
 * Returns true if a frame that was a shadowed table is plain memory now.
 */
bool mmu_write(struct mmu_cpu *cpu, gpa_t gpa, const void *buf, size_t len);
/* The same for 8 bytes, aligned: what most writes of tables are. */
void mmu_store(struct mmu_cpu *cpu, gpa_t gpa, u64 value);
/* Stores @value there in exchange for the value that is returned. */
u64 mmu_exchange(struct mmu_cpu *cpu, gpa_t gpa, u64 value);

/*
 * Compare-exchange of 1, 2, 4, 8 or 16 bytes that do not cross a page; atomic
 * if naturally aligned. Returns true if memory held @old, so that @new is there
 * now; and where there is no RAM.
 */
bool mmu_cmpxchg(struct mmu_cpu *cpu, gpa_t gpa, const void *old,
		 const void *new, size_t len);

/*
 * Give up every shadow of the guest table at @gfn, so that the guest may write
 * it itself: the way out where a write can't be emulated. Returns false if
 * there was none.
 */
bool mmu_unshadow(struct mmu_cpu *cpu, gfn_t gfn);

#endif
