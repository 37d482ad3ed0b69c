/* SPDX-License-Identifier: MIT */
/*
 * The common part of the test guests: a kernel of 32-bit code that enters and
 * leaves each paging mode (4-level paging in compatibility mode), tries
 * accesses that may fault, and prints. Memory below MEMORY_END is
 * identity-mapped, for the supervisor only, except the section .user.
 *
 * A guest has a function main(); it counts its checks with check_one(), and
 * runtime.c ends it with "N passed, N failed".
 */
#ifndef TESTS_GUESTS_RUNTIME_H
#define TESTS_GUESTS_RUNTIME_H

#include "guest/builtin/console.h"
#include "lib/string.h"
#include "tests/guests/cpu.h"
#include "tests/guests/reference.h"

#define MEMORY_END (32 * MIB)
/* Free memory for the guest, up to MEMORY_END. */
#define FREE_GPA (8 * MIB)

/* runtime.c */
/* The boot loader's values in EAX and EBX. */
#define MB1_LOADED 0x2badb002
#define MB2_LOADED 0x36d76289
extern u32 boot_magic;
extern const u32 *boot_info;
void main(const char *arguments);
/* Counts a check. Returns true if the caller must print its failure. */
bool check_failed(bool ok);
void __noreturn guest_exit(u32 status);
/* Returns the number in "@name=N" among the arguments, or @otherwise. */
u32 argument(const char *arguments, const char *name, u32 otherwise);
extern bool has_smep, has_smap, has_nx; /* by CPUID */

/* mode.c */
extern const char *const mode_names[MODES];
/* Enters a paged mode from the unpaged state, and goes back to it. */
void mode_enter(enum mode next);
void mode_leave(void);
/* Restores registers and descriptors of the present mode. */
void mode_repair(void);
/* Sets or clears P in the gate of an exception; mode_repair() sets it. */
void gate_present(u32 vector, bool present);

/* trap.asm */
enum try_kind {
	TRY_READ = ACCESS_READ,
	TRY_WRITE = ACCESS_WRITE,
	TRY_FETCH = ACCESS_FETCH,
	TRY_CR3,
	TRY_CR4,
	TRY_CALL
};
/*
 * The access that try() makes: a 4-byte read or write at @gva, or a call of the
 * code there; or a load of @value into a control register; or, from the kernel,
 * a call of the 32-bit function at @gva.
 */
struct
try {
	u64 gva;
	u32 kind;
	u32 user; /* from user mode */
	u32 ac; /* with RFLAGS.AC set */
	u32 value; /* written, or read, or returned by the code in EAX */
	/* The exception, when there was one: */
	u32 trapped;
	u32 vector;
	u32 error_code;
	u32 eip;
	u64 cr2;
};
extern struct try tried;
void try(void);

/* INVLPG of an address beyond 4 GiB takes 64-bit code: see start.asm. */
void invlpg(u64 gva);

#endif
