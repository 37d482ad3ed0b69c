/* SPDX-License-Identifier: MIT */
/*
 * The model: random guests in 64 frames of memory, run on the shadow MMU with
 * a hostile processor (tlb.h), each step judged by the reference (reference.h).
 */
#ifndef TESTS_MODEL_MODEL_H
#define TESTS_MODEL_MODEL_H

#include <setjmp.h>

#include "mmu/shadow.h"
#include "tests/model/reference.h"
#include "tests/model/tlb.h"

/*
 * The guest's memory: frames 0..47, 512..527 (so tables lie inside of 2 MiB
 * pages that are RAM in part), and nothing up to MODEL_GFN_COUNT.
 */
#define MODEL_FRAMES 64
#define MODEL_LOW_FRAMES 48
#define MODEL_HIGH_GFN 512
#define MODEL_GFN_COUNT 1032
/* These are used as tables most; some of them are high. */
#define MODEL_FIRST_TABLE 36
#define MODEL_TABLES 16

/* An access may exit so often (the invariants promise convergence). */
#define MODEL_MAX_EXITS 8

/*
 * Only these slots of a table are used, so there are 4^4 pages in the guest's
 * address space; the unpaged one has a page for each frame, and some others.
 */
#define MODEL_SLOTS 4
extern const u16 model_slots[MODEL_SLOTS];
#define MODEL_PAGED_PAGES 256
#define MODEL_UNPAGED_PAGES 72

/* A translation that the guest's tables have permitted. */
struct permit {
	gfn_t gfn;
	u8 shift; /* of the guest's page that it was part of */
	bool w, u, x, dirty;
};

/* All of a page's since the guest has last flushed it. */
#define HISTORY_MAX 32
struct history {
	u32 count;
	struct permit permits[HISTORY_MAX];
};

/* What can come of an access. */
enum model_event {
	EVENT_TRANSLATED, /* by the processor alone */
	EVENT_BYPASSED, /* P=0, and no exit */
	EVENT_FILLED,
	EVENT_NOT_PRESENT, /* injected */
	EVENT_FAULT, /* injected, P=1 */
	EVENT_TABLE_WRITE,
	EVENT_MMIO,
	MODEL_EVENTS
};

/* Unpaged, and paged by WP, NXE and SMEP. */
#define MODEL_STATES 9
/* Policies: update + 2 * bypass. */
#define MODEL_POLICIES 4

struct model {
	u8 *ram; /* by hfn - MODEL_HFN_BASE */
	u8 *mirror; /* what it should hold, by frame */
	u8 *arena;
	size_t arena_used;
	struct mmu_config config;
	struct mmu *mmu;
	struct mmu_vcpu vcpu;
	hpa_t root;
	struct mmu_filter filter;
	struct reference ref;
	struct processor cpu;
	struct history history[MODEL_PAGED_PAGES];
	u32 recent[8];
	u64 rng;
	u64 steps;
	bool verbose;
	bool counting;
	jmp_buf failed;
	char failure[256];
};

extern u64 model_coverage[MODEL_POLICIES][MODEL_STATES][MODEL_EVENTS];

/* world.c: memory, random numbers, failing. */

/* Begin anew: a guest, and an MMU for it, all by the seed. */
void model_begin(struct model *m, u64 seed);
u64 model_random(struct model *m, u64 below);
static inline bool chance(struct model *m, u32 percent)
{
	return model_random(m, 100) < percent;
}
void model_fail(struct model *m, const char *fmt, ...)
	__printf(2, 3) __noreturn;
void model_log(const struct model *m, const char *fmt, ...) __printf(2, 3);
/* The frame's number in the mirror, or -1: not RAM. */
int model_frame(gfn_t gfn);
gfn_t model_gfn(unsigned int frame);
/* Inverse of the p2m: the gfn, or HFN_NONE. */
gfn_t model_gfn_of_hpa(hpa_t hpa);
u8 *model_ram(struct model *m, gpa_t gpa);
u8 *model_mirror(struct model *m, gpa_t gpa);
/* A frame that is used as a table. */
gfn_t model_table(struct model *m);
/* An entry such as a guest, sane or not, may write. */
u64 model_random_entry(struct model *m);
/* Compare the guest's memory with what it should be. */
void model_check_memory(struct model *m);

/* history.c */

gva_t model_page_gva(const struct model *m, u32 page);
/* The tables have changed: what is permitted now is added. */
void history_note(struct model *m);
void history_flush(struct model *m);
void history_invlpg(struct model *m, gva_t gva);
/* Is there or was there such a translation? */
bool history_permits(const struct model *m, u32 page, gfn_t gfn, u32 access);

/* check.c: the invariants over all shadow pages; all slots, or some. */
void model_check(struct model *m, bool full);

/* steps.c */
void model_step(struct model *m, u64 seed);

/* run.c */

/* Returns whether all went well; prints how it failed if not. */
bool model_run(u64 seed, u64 steps);

#endif
