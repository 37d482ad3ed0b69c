/* SPDX-License-Identifier: MIT */
/*
 * A world for the shadow MMU on the host: a guest of 64 frames, a walker of
 * the guest's tables written from the manual without a look at mmu/, and a
 * processor that walks the shadow tables as the hardware would.
 */
#ifndef TESTS_UNIT_MMU_WORLD_H
#define TESTS_UNIT_MMU_WORLD_H

#include "mmu/shadow.h"

#define WORLD_FRAMES 64
#define WORLD_MAXPHYADDR 40
/* Host frames differ from the guest's, so that a mix-up shows. */
#define WORLD_HFN_BASE 0x1000

/* A guest's entry that is in use, without its frame. */
#define LINKED (PTE_P | PTE_W | PTE_U | PTE_A | PTE_D)

extern u8 world_ram[WORLD_FRAMES][PAGE_SIZE];
extern struct mmu *world_mmu;
extern struct mmu_cpu world_cpu;
extern u64 world_events[MMU_EVENTS]; /* by kind; table writes: entries */
extern u64 world_flushes;
/* A frame that is a device's, not RAM; HFN_NONE: there is none. */
extern gfn_t world_device;

/* A new MMU, long mode, CR3 at frame 0, all RAM zero. */
void world_create(const struct mmu_policy *policy, u32 shadow_pages,
		  bool leaf_trap_present);

u64 *world_gpte(gfn_t table, u32 index);

/* The guest's translation, by the manual. */
struct reference {
	bool ok;
	gpa_t gpa;
	u32 error_code;
	/* The entries used, root first, and their number: for A and D. */
	u64 *entry[4];
	int entries;
};

struct reference reference_walk(gva_t gva, u32 access);

/* The processor's result of an access by way of the shadow. */
enum hardware_result { HW_OK, HW_FAULT_TO_GUEST, HW_EXIT };

struct hardware {
	enum hardware_result result;
	hpa_t hpa;
	u32 error_code;
};

struct hardware hardware_access(gva_t gva, u32 access);

/*
 * Makes an access with all its exits, and returns their number. The result is
 * HW_OK (it is done), the guest's fault, or HW_EXIT: it must be emulated at the
 * guest-physical address h->hpa.
 */
int world_access(gva_t gva, u32 access, struct hardware *h);

/*
 * Fails the test with the text, and with the entries on the way to @gva, the
 * guest's and the shadow's, unless @holds.
 */
void world_require(bool holds, gva_t gva, const char *fmt, ...) __printf(3, 4);
/* Makes an access that must have @exits exits; @why names the rule. */
void world_costs(gva_t gva, u32 access, int exits, const char *why);
/*
 * Makes an access that must have this result; returns the number of its exits.
 */
int world_ends(gva_t gva, u32 access, struct hardware right, const char *why);

static inline int world_reaches(gva_t gva, u32 access, gpa_t gpa,
				const char *why)
{
	hpa_t hpa = gpa + ((u64)WORLD_HFN_BASE << PAGE_SHIFT);

	return world_ends(gva, access, (struct hardware){ HW_OK, .hpa = hpa },
			  why);
}

static inline int world_faults(gva_t gva, u32 access, u32 error_code,
			       const char *why)
{
	return world_ends(gva, access,
			  (struct hardware){ HW_FAULT_TO_GUEST,
					     .error_code = error_code },
			  why);
}

static inline int world_emulates(gva_t gva, u32 access, gpa_t gpa,
				 const char *why)
{
	return world_ends(gva, access, (struct hardware){ HW_EXIT, .hpa = gpa },
			  why);
}

/* The guest's entry must have these flags of PTE_A and PTE_D (invariant 3). */
void world_accessed_dirty(gfn_t table, u32 index, u64 flags);

/* Checks all invariants that the structures show; fails the test. */
void world_audit(void);

u64 world_random(void);
extern u64 world_seed;

#endif
