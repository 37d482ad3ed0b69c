/* SPDX-License-Identifier: MIT */
/*
 * The checks of the machine from inside: does paging do what the manual
 * says? They hold on the bare machine, so they must hold on Umbra, under every
 * policy.
 */
#ifndef TESTS_GUESTS_CHECK_H
#define TESTS_GUESTS_CHECK_H

#include "guest/builtin/kernel.h"
#include "tests/guests/cpu.h"
#include "tests/guests/reference.h"

#define LEVELS 4
/* Two large pages, in memory that page_alloc() doesn't use. */
#define LARGE_A_GPA (8 * MIB)
#define LARGE_B_GPA (10 * MIB)
/* An entry that allows everything, and that no access changes. */
#define PTE_ALL (PTE_P | PTE_W | PTE_U | PTE_A | PTE_D)

/* check.c */
/* Sets EFER.NXE, and keeps it for the reference. */
void set_nxe(bool on);
/* Fails the running check, and prints @what, unless @ok. */
void require(bool ok, const char *what);
/*
 * Returns true if the next combination is to be tried: each one, or with the
 * argument N ("check:N") each Nth.
 */
bool is_chosen(void);
extern u32 stride; /* N, or 1 */
/* Returns true if the running check has complained enough. */
bool is_enough(void);

/* access.asm */
u64 access_read_kernel(u64 gva);
u64 access_read_user(u64 gva);
u64 access_write_kernel(u64 gva);
u64 access_write_user(u64 gva);
u64 access_fetch_kernel(u64 gva);
u64 access_fetch_user(u64 gva);

/* Switches paging off, reads, writes, and switches paging on. */
struct unpaged_visit {
	u64 read_gpa;
	u64 value_read; /* 32 bits */
	u64 write_gpa;
	u64 value_written; /* as two halves */
};
void unpaged_visit(struct unpaged_visit *visit);

/* oracle.c */
/*
 * Tries one access at @gva (8-byte aligned), and requires the result that the
 * tables in memory, the control registers and EFER demand: fault or none, error
 * code, CR2, the memory reached, and the A and D bits. The caller has flushed
 * its changes. A fetch is tried at offset FETCH_OFFSET of the page.
 */
void verify_access(gva_t gva, bool user, enum access_kind kind);
/* Tries all kinds of access, from both modes. */
void verify(gva_t gva);

#define FETCH_OFFSET 0x100
#define INSN_RET 0xc3

/* chain.c */
/* The tables that translate one address: [1] to [4], by their level. */
struct chain {
	u64 *table[LEVELS + 1];
	u64 *frame;
};
/* Returns a frame that begins with its own address, and is full of RETs. */
u64 *frame_alloc(void);
/* Makes new tables and a frame for @gva, linked with PTE_ALL, from PML4 on. */
void chain_build(struct chain *chain, gva_t gva);
/* Returns the entry at @level; 1 is the PTE. */
u64 *chain_entry(const struct chain *chain, gva_t gva, u32 level);
/* Returns the entry that links @chain's next table (or frame) at @level. */
u64 chain_link(const struct chain *chain, u32 level);

/* write_ops.c */
struct write_op {
	const char *name;
	/* Turns *entry from @old to @new; 16-byte aligned. */
	void (*run)(volatile u64 *entry, u64 old, u64 new);
	bool single; /* by one instruction that accesses it once */
	/* Umbra gives the table up: not for a table that the code needs. */
	bool gives_up;
};
extern const struct write_op write_ops[];
extern const u32 write_op_count;

/* DR6 without any event, SDM vol. 3B, 17.2.3. */
#define DR6_FIXED 0xffff0ff0

/* The checks, by file. */
void check_rights_4k(void);
void check_rights_2m(void);
void check_rights_smep_smap(void);
void check_accessed_dirty(void);
void check_reserved(void);

void check_dirty_log(void);

void check_write_ops(void);
void check_string_writes(void);
void check_stack_writes(void);
void check_cross_page_write(void);

void check_self_map(void);
void check_own_mapping(void);
void check_shared_frame(void);
void check_large_page_alias(void);
void check_reuse(void);
void check_split(void);
void check_gigabyte(void);

void check_straddle(void);
void check_address_spaces(void);
void check_unpaged(void);
void check_write_protect(void);
void check_no_execute(void);
void check_global(void);
void check_hole(void);

void check_single_step(void);
void check_int1(void);
void check_string_io_faults(void);
void check_cr4(void);

void check_breakpoints(void);

void check_nmi_iret(void);

void check_random(void);

#endif
