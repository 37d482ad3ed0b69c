/* SPDX-License-Identifier: MIT */
/*
 * The model: random guests in a few frames of memory, run on the shadow MMU
 * with a hostile processor (tlb.h), each step judged by the reference
 * (reference.h).
 */
#ifndef TESTS_MODEL_MODEL_H
#define TESTS_MODEL_MODEL_H

#include <setjmp.h>

#include "mmu/shadow.h"
#include "tests/model/coverage.h"
#include "tests/model/reference.h"
#include "tests/model/tlb.h"
#include "tests/model/world.h"
#include "vmx/vpid.h"

/* Maximum number of exits of an access (the invariants promise convergence). */
#define MODEL_MAX_EXITS 8

/*
 * The guest uses only these slots of a table of 64-bit entries, and those of a
 * table of 32-bit entries (in all parts of it that have shadows of their own).
 * So its address space has 4^levels pages. The unpaged one has a page for each
 * named frame, and some others.
 */
#define MODEL_SLOTS 4
extern const u16 model_slots_64[MODEL_SLOTS], model_slots_32[MODEL_SLOTS];
#define MODEL_PAGES 256

/* A translation that the guest's tables have permitted. */
struct permit {
	gfn_t gfn;
	u8 shift; /* of the guest's page that it was part of */
	bool w, u, x, dirty;
};

/*
 * Maximum number of translations of a page since the guest's last flush of it.
 */
#define HISTORY_MAX 32
struct history {
	u32 count;
	struct permit permits[HISTORY_MAX];
};

struct model {
	struct world world;
	struct mmu_config config;
	struct mmu *mmu;
	struct mmu_cpu mmu_cpu;
	hpa_t root;
	struct mmu_filter filter;
	struct mmu_targets targets;
	struct reference ref;
	struct processor cpu;
	u64 ept_vpid; /* the processor's IA32_VMX_EPT_VPID_CAP */
	struct tlb_flush flush; /* asked for since the last entry */
	struct history history[MODEL_PAGES];
	u32 recent[8];
	u64 dirty_log[(WORLD_GFN_COUNT + 63) / 64];
	bool guarded; /* the guest lets the user write hardly anywhere */
	u64 rng;
	u64 steps;
	bool verbose;
	struct coverage *coverage; /* NULL: not counted */
	jmp_buf failed;
	char failure[512];
};

u64 model_random(struct model *m, u64 below);
static inline bool chance(struct model *m, u32 percent)
{
	return model_random(m, 100) < percent;
}
void model_fail(struct model *m, const char *fmt, ...)
	__printf(2, 3) __noreturn;
void model_log(const struct model *m, const char *fmt, ...) __printf(2, 3);
void model_count(struct model *m, enum model_event event);

/* guest.c: the entries that a guest, sane or not, writes to its tables. */

enum table_kind { TABLE_64, TABLE_32, TABLE_PDPT };

/* Begins with a new guest, and an MMU for it, all from the seed. */
void guest_begin(struct model *m, u64 seed);
/* Returns a frame that is used as a table, of this kind. */
gfn_t guest_table(struct model *m, enum table_kind kind);
/* Returns an entry of 8 bytes, or two of 4. */
u64 guest_random_entry(struct model *m, enum table_kind kind);
/* Returns the offset of a used entry in a table. */
u32 guest_random_offset(struct model *m, enum table_kind kind);
/* Returns the kind that the guest is likely to use in its mode. */
enum table_kind guest_random_kind(struct model *m);
u64 guest_random_cr3(struct model *m);

/* machine.c: the world of the MMU and the processor. */

/* Makes the MMU, and a processor without any translation. */
void machine_create(struct model *m);

/* history.c */

/* Returns the number of pages of the model's address space; their addresses. */
u32 model_pages(const struct model *m);
gva_t model_page_gva(const struct model *m, u32 page);
/* Called after a change of the tables: adds the new permitted translations. */
void history_note(struct model *m);
void history_flush(struct model *m);
void history_invlpg(struct model *m, gva_t gva);
/* A fault has made the processor forget the page (SDM vol. 3A, 4.10.4.1). */
void history_fault(struct model *m, u32 page);
/* Returns true if there is or was such a translation. */
bool history_permits(const struct model *m, u32 page, gfn_t gfn, u32 kind);
bool history_denies(const struct model *m, u32 page, u32 kind);

/* Compares the guest's memory with the mirror. */
void machine_check_memory(struct model *m);

/* check.c: the invariants over all shadow pages; all slots, or some. */
void model_check(struct model *m, bool full);
/* check_lists.c; @entries: the number of entries that must be on lists. */
void model_check_lists(struct model *m, u32 entries);

/* state.c: settings of a guest, and of the user of Umbra. */

void state_random_policy(struct model *m, struct mmu_policy *policy);
/* Enters a paging mode from the unpaged one. */
void state_begin(struct model *m);
void state_change(struct model *m);
void state_load_cr3(struct model *m);
/* Loads one of two roots many times in turn, as a kernel does. */
void state_switch(struct model *m);
/* Loads a CR3 target, if there is one, without an exit. */
void state_load_target(struct model *m);
void state_change_policy(struct model *m);
/* Starts, reads, or stops the dirty log. */
void state_dirty_log(struct model *m);

/* steps.c */
void model_step(struct model *m, u64 seed);

/* run.c */

/*
 * Runs guests for @steps steps, or, if @seconds is not 0, for that time.
 * Returns true if all went well; otherwise prints how it failed.
 */
bool model_run(u64 seed, u64 steps, u64 seconds);

#endif
