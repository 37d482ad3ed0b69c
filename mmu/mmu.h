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
 * Events for a trace. Each has the frame of a guest table, but for
 * MMU_EVENT_FILL. A page that is reclaimed may shadow no table: then the frame
 * is the gfn of its struct shadow_page.
 */
enum mmu_event {
	MMU_EVENT_FILL, /* the frame is the mapped one; detail: the gva */
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

/* The functions of its surroundings that the MMU calls; @ctx is the
   mmu_config's. */
struct mmu_ops {
	/* Returns the host frame behind a guest frame; HFN_NONE: no RAM. */
	hfn_t (*gfn_to_hfn)(void *ctx, gfn_t gfn);
	/* Returns the address at which Umbra accesses a frame of the guest. */
	void *(*map)(void *ctx, hfn_t hfn);
	/* Allocates zeroed host memory of contiguous pages; NULL: none left. */
	void *(*alloc)(void *ctx, size_t pages);
	/* Returns the host-physical address of memory that alloc gave. */
	hpa_t (*to_hpa)(void *ctx, const void *memory);
	/*
	 * Makes the processor forget all that it has cached of the shadow
	 * tables, in the TLBs and in the paging-structure caches, before the
	 * guest executes another instruction (invariant 6).
	 */
	void (*flush)(void *ctx);
	/* The same for all that translates one address. */
	void (*flush_address)(void *ctx, gva_t gva);
	/*
	 * Puts the host frame @hfn behind @gfn, with the content of the present
	 * one. @hfn is a frame that alloc gave, or the guest's first one.
	 */
	void (*move_frame)(void *ctx, gfn_t gfn, hfn_t hfn);
	/* Tells an event about guest frame @gfn, for a trace. */
	void (*event)(void *ctx, enum mmu_event event, gfn_t gfn, u64 detail);
};

/* Maximum number of CR3 targets that Umbra uses. */
#define MMU_TARGETS_MAX 4

struct mmu_config {
	const struct mmu_ops *ops;
	void *ctx;
	struct mmu_policy policy;
	u64 gfn_count; /* guest frames are 0 to gfn_count - 1 */
	u32 shadow_pages; /* size of the pool, at least MMU_MIN_SHADOW_PAGES */
	u8 maxphyaddr; /* the guest's, CPUID.80000008h:EAX[7:0] */
	bool gigabyte_pages; /* CPUID.80000001h:EDX[26] of the guest */
	/*
	 * True if a TRAP with P=1 faults in a PTE of 4-level paging with NXE=1,
	 * the only place where that depends on the processor. The self-test at
	 * boot finds it out.
	 */
	bool leaf_trap_present;
	/* True if the processor's PFEC filter works as the manual says. */
	bool filter_works;
	/* True if the filter works, too, that lets the user's faults pass. */
	bool user_filter_works;
	/* Number of CR3 targets of the processor, which may have none. */
	u32 targets;
};

#define MMU_MIN_SHADOW_PAGES 16
#define MMU_MAX_SHADOW_PAGES 0x7fffff /* entries are numbered in 32 bits */

/* Counters. */
struct mmu_stats {
	u64 faults_not_present; /* #PF exits by the hardware's error code: P=0 */
	u64 faults_trap; /* ... P=1, RSVD=1 */
	u64 faults_protection; /* ... P=1, RSVD=0 */
	u64 faults_mmio; /* of all #PF exits, those where there is no RAM */
	u64 mmio_hits; /* faults_mmio answered by an MMIO entry, without a walk */
	u64 held_hits; /* writes to a table answered by a LEAF, without a walk */
	u64 walks_fault; /* guest walks to decide a #PF exit */
	u64 walks_data; /* ... for an operand of an emulated instruction */
	u64 walks_fetch; /* ... to fetch an instruction's bytes */
	u64 fills; /* leaf entries made on a fault */
	u64 prefetches; /* leaf entries made beside one that faulted */
	u64 large_fills; /* of the fills, those that map 2 MiB */
	u64 splits; /* large leaves that were replaced by those of 4 KiB */
	u64 updates; /* leaf entries made on a guest's write of the PTE */
	u64 prefills; /* ... when a table was shadowed */
	u64 opened; /* page tables opened for a burst of writes */
	u64 closed; /* ... and closed at their next use */
	u64 mended; /* entries that the guest had changed in an open table */
	u64 table_writes; /* guest-table entries written by the guest */
	u64 unshadowed; /* shadow pages given up since their table was written */
	u64 reclaimed; /* shadow pages given up since the pool was empty */
	u64 pages_made; /* shadow pages made */
	u64 pages_in_use; /* shadow pages at present */
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
	/* PAE paging has its PDPTEs in registers (SDM vol. 3A, 4.4.1). */
	u64 pdpte[PAE_PDPTES];
	/* Derived from the registers above by mmu_derive_state(), top_gfn by
	   mmu_derive_top(), too. */
	struct gpt_format format; /* of the guest's tables */
	union shadow_role role; /* of the shadow's root */
	u64 top_mask; /* the bits of CR3 that are the topmost table's address */
	gfn_t top_gfn; /* of the guest's topmost table in memory */
	/* NULL: mmu_root() has to find it, and root_is_new is true. */
	struct shadow_page *root;
	hpa_t root_hpa; /* the root of the last entry, as mmu_root() gave it */
	/*
	 * These are true if the run loop must give the processor another root,
	 * other targets (mmu_targets()), or another filter, since a register
	 * other than CR3 or the policy has changed, or gdb steps. The run loop
	 * clears them. A fault can find another root, too: if the pool is
	 * empty, the old one may be given up.
	 */
	bool root_is_new;
	bool targets_are_new;
	bool state_is_new;
	bool cr3_store_exits; /* MOV from CR3 must: the root is not placed */
	/* The choice of the filter; see filter.c. */
	bool prefers_user; /* the one by U, where it is right */
	u8 in_vain; /* number of faults that have exited in vain */
};

enum mmu_action {
	MMU_RESUME, /* the shadow is right now; the guest tries again */
	MMU_INJECT, /* the guest's own fault: #PF with walk->error_code */
	/*
	 * The guest permits the write to walk->gpa, but no shadow entry may:
	 * most often it is to a guest table. The caller emulates it.
	 */
	MMU_TABLE_WRITE,
	MMU_MMIO /* a permitted access to walk->gpa, where there is no RAM */
};

/* The filter of page-fault exits; SDM vol. 3C, 25.2. */
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
/* Gives @cpu the state without paging: all registers are 0. */
void mmu_cpu_init(struct mmu_cpu *cpu, struct mmu *mmu);

/*
 * Forgets all answers of mmu_ops.gfn_to_hfn, which gives others from now on,
 * and gives up all shadow pages.
 */
void mmu_frames_changed(struct mmu_cpu *cpu);

/* Changes the policy, and gives up all shadow pages. */
void mmu_set_policy(struct mmu_cpu *cpu, const struct mmu_policy *policy);
const struct mmu_policy *mmu_policy(const struct mmu *mmu);
struct mmu_stats *mmu_stats(struct mmu *mmu);

/*
 * The guest has loaded CR0, CR3, CR4 or EFER, and the caller has checked the
 * values. Stores them, and drops the root: the next mmu_root() finds the one
 * for the new state. Flushes, since the guest asks for that by a load of CR3,
 * and by a change of CR0.PG, of CR4.PAE, PGE or PSE, or of EFER (SDM vol. 3A,
 * 4.10.4.1). @pdpte: the PDPTEs that were loaded with them, or NULL to keep the
 * present ones.
 */
void mmu_set_state(struct mmu_cpu *cpu, u64 cr0, u64 cr3, u64 cr4, u64 efer,
		   const u64 *pdpte);

/* The same for the most frequent load: of CR3, without PDPTEs. */
void mmu_set_cr3(struct mmu_cpu *cpu, u64 cr3);

/*
 * Sets the format of the guest's tables, the role of its root and the frame of
 * its topmost table from the registers, and state_is_new. mmu_set_state() and
 * mmu_set_policy() do that, too.
 */
void mmu_derive_state(struct mmu_cpu *cpu);
/* Sets top_gfn alone, after a change of CR3. */
void mmu_derive_top(struct mmu_cpu *cpu);

/*
 * Reads the PDPTEs that PAE paging loads with @cr3 (SDM vol. 3A, 4.4.1). Returns
 * false if a present one has a reserved bit set: then the load raises #GP(0).
 */
bool mmu_read_pdptes(struct mmu *mmu, u64 cr3, u64 pdpte[PAE_PDPTES]);

/*
 * Carries out the guest's INVLPG. Only while guest tables are not cached
 * (mmu_policy.cache); else the processor executes it without an exit.
 */
void mmu_invlpg(struct mmu_cpu *cpu, gva_t gva);
/* Returns true if INVLPG must exit. */
bool mmu_needs_invlpg(const struct mmu *mmu);

/*
 * Returns the host-physical address of the shadow root, for the VMCS field of
 * the guest's CR3: of a PML4 while the guest is in long mode, else of PAE
 * PDPTEs (below 4 GiB). Finds or makes the root if there is none. Must be
 * called before an entry if cpu->root_is_new is true.
 */
hpa_t mmu_root(struct mmu_cpu *cpu);

/* Returns the CR3 targets for the root of mmu_root(), and true in
   cr3_store_exits if MOV from CR3 must exit. */
struct mmu_targets mmu_targets(const struct mmu_cpu *cpu);

/*
 * Takes note of @cr3, the hardware's CR3 at an exit. While there are CR3
 * targets, this must be called first after each exit, and once: the guest may
 * have loaded one of them.
 */
void mmu_exited(struct mmu_cpu *cpu, u64 cr3);

/* Returns the page-fault filter for the present root. */
struct mmu_filter mmu_filter(const struct mmu_cpu *cpu);

/*
 * Answers a page fault that has exited. @error_code is the hardware's: the MMU
 * uses W, U and I/D of it, but not P and RSVD (invariant 4). The caller adds
 * WALK_AC where it holds. Returns the action for the caller. @walk receives the
 * facts for that: gva and gpa after MMU_TABLE_WRITE and MMU_MMIO, error_code
 * after MMU_INJECT.
 */
enum mmu_action mmu_page_fault(struct mmu_cpu *cpu, gva_t gva, u32 error_code,
			       struct guest_walk *walk);

/*
 * Dirty-page logging: the log has the guest frames that were written since it
 * was started or last read: by the guest, by A and D flags in its tables, by
 * emulated instructions and by devices. It is exact. Large pages are split
 * while it is on.
 */
void mmu_dirty_log_start(struct mmu_cpu *cpu);
void mmu_dirty_log_stop(struct mmu_cpu *cpu);
bool mmu_dirty_log_is_on(const struct mmu *mmu);
/* Returns the size of the log, in words of 64 bits. */
u64 mmu_dirty_log_words(const struct mmu *mmu);
/*
 * Reads and clears the log's word with @first, for 64 frames from a multiple of
 * 64 on. Returns it: bit n is the nth frame's, 0 if there is no such frame.
 */
u64 mmu_dirty_log_take(struct mmu_cpu *cpu, gfn_t first);

/* The purpose of a walk; mmu_stats counts each apart. */
enum walk_purpose { WALK_FOR_DATA, WALK_FOR_FETCH };

/*
 * Walks the guest's tables for @access (W, U, I/D of a page-fault error code,
 * and WALK_AC) at @gva, and sets A and D as the processor would. Returns true
 * and walk->gpa, or false and walk->error_code.
 */
bool mmu_walk(struct mmu_cpu *cpu, gva_t gva, u32 access,
	      enum walk_purpose purpose, struct guest_walk *walk);

/*
 * Reads up to @len bytes of code at @gva, for the decoder: by the shadow where
 * it is filled, else by a walk with @access. Returns the number of bytes read;
 * it is less than @len if no fetch from the next page is permitted.
 */
size_t mmu_fetch(struct mmu_cpu *cpu, gva_t gva, u32 access, void *buf,
		 size_t len);
/*
 * Returns the address at which Umbra sees these bytes, or NULL if they are in
 * two pages, or the shadow does not map them.
 */
const u8 *mmu_code(const struct mmu_cpu *cpu, gva_t gva, size_t len);

/* Reads guest-physical memory; where there is no RAM, all bits are ones. */
void mmu_read(struct mmu *mmu, gpa_t gpa, void *buf, size_t len);

/*
 * Writes guest-physical memory, for a device or an emulated instruction, and
 * updates the shadow of each table that is hit. Where there is no RAM nothing
 * happens. Returns true if a frame that was a shadowed table is plain memory
 * now.
 */
bool mmu_write(struct mmu_cpu *cpu, gpa_t gpa, const void *buf, size_t len);
/* The same for 8 bytes, aligned: most writes of tables are such. */
void mmu_store(struct mmu_cpu *cpu, gpa_t gpa, u64 value);
/* The same as an exchange. Returns the former value; all ones if there is no
 * RAM. */
u64 mmu_exchange(struct mmu_cpu *cpu, gpa_t gpa, u64 value);

/*
 * Stores @new if memory holds @old: 1, 2, 4, 8 or 16 bytes within a page.
 * Atomic if naturally aligned. Returns true if it has stored @new, or if there
 * is no RAM.
 */
bool mmu_cmpxchg(struct mmu_cpu *cpu, gpa_t gpa, const void *old,
		 const void *new, size_t len);

/*
 * Gives up each shadow of the guest table at @gfn, so that the guest may write
 * it itself: for a write that can't be emulated. Returns false if there was no
 * shadow.
 */
bool mmu_unshadow(struct mmu_cpu *cpu, gfn_t gfn);

#endif
