/* SPDX-License-Identifier: MIT */
/*
 * The processor, as hostile as the SDM lets it be: it walks the shadow tables
 * at any moment, caches the entries in TLBs and paging-structure caches, and
 * drops nothing without need (SDM vol. 3A, 4.10).
 */
#ifndef TESTS_MODEL_TLB_H
#define TESTS_MODEL_TLB_H

#include "arch/x86/regs.h"
#include "lib/types.h"

#define TLB_BUCKETS 512
#define TLB_WAYS 4 /* different translations of one page at once */
#define PSC_BUCKETS 128
#define PSC_WAYS 2

/*
 * A translation of 4 KiB, or of all of a large page: the processor may keep
 * such a page whole, or in pieces (4.10.2.3).
 */
struct tlb_entry {
	u64 page; /* gva >> shift */
	u64 generation; /* valid if the processor's own */
	hpa_t frame;
	u8 shift;
	u8 page_shift; /* of the guest's whole page, not of a piece */
	bool w, u, nx, dirty;
	u8 key; /* protection key */
	bool global; /* G; the guest owns CR4.PGE, and may have set it */
};

/* A paging-structure cache's entry, at which a walk may begin. */
struct psc_entry {
	u64 prefix; /* gva, without the bits that index the entry's table */
	u64 generation;
	hpa_t table;
	bool w, u, nx;
};

struct processor {
	/* State; WP is always 1. */
	hpa_t cr3;
	bool pae; /* PAE paging, else 4-level */
	bool nxe, smep, smap, pks;
	u32 pkrs; /* IA32_PKRS, if pks */
	u8 maxphyaddr;
	u64 pdpte[4];
	/*
	 * Returns the 8 bytes of a paging structure at a host-physical address.
	 * Does not return if there is none (invariant 5).
	 */
	u64 *(*entry)(void *ctx, hpa_t hpa);
	void *ctx;
	u64 (*random)(void *ctx, u64 below);
	/*
	 * Caches. The guest runs with a VPID, so they survive exits and
	 * entries. A new generation drops all of them.
	 */
	u64 generation;
	u64 globals; /* the same for global translations */
	struct tlb_entry tlb[TLB_BUCKETS][TLB_WAYS];
	struct psc_entry psc[5][PSC_BUCKETS][PSC_WAYS]; /* by entry's level */
};

struct processor_result {
	bool fault;
	bool large; /* by (a piece of) a large page */
	u32 error_code;
	hpa_t hpa;
};

/* Drops all translations, also global ones. */
void processor_flush(struct processor *p);
/*
 * INVVPID of the guest's VPID, of this type (SDM vol. 3C, 30.3), which @p
 * supports. Returns false for VMfail.
 */
bool processor_invvpid(struct processor *p, u64 type, gva_t gva);
void processor_invlpg(struct processor *p, gva_t gva);
/* VM entry, for paging. Returns false if a PDPTE has reserved bits set. */
bool processor_enter(struct processor *p, hpa_t cr3);
/* MOV to CR3 that does not exit, in 4-level paging. */
void processor_load_cr3(struct processor *p, hpa_t cr3);
/* @kind: as in the reference, KIND_AC included. */
struct processor_result processor_access(struct processor *p, gva_t gva,
					 u32 kind);
/* Loads all that can be loaded for the address, as a prefetcher might. */
void processor_speculate(struct processor *p, gva_t gva);

#endif
