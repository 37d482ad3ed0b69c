/* SPDX-License-Identifier: MIT */
/* Shared by the two halves of emulate_host.h; no other file includes this. */
#ifndef TESTS_UNIT_EMULATE_CASE_H
#define TESTS_UNIT_EMULATE_CASE_H

#include "arch/x86/emulator/emulate.h"
#include "tests/unit/insn_random.h"

#define WINDOW_SIZE 1024
#define VECTORS 16
/* GS differs from the other segments; 32-bit offsets still reach the arena. */
#define GS_BASE 0x10000

/* The host processor's registers. RSP points into the window. */
struct arena {
	u8 code[PAGE_SIZE];
	u64 gpr[GPR_COUNT];
	u8 vector[VECTORS][EMUL_MAX_BYTES];
	u64 rflags;
	u64 stack_pointer; /* of the caller of the stub */
	u8 below_stack[4 * PAGE_SIZE]; /* a signal's frame may come here */
	u8 window[WINDOW_SIZE];
};

extern struct arena *arena;
extern size_t insn_offset; /* in arena->code */
/* Without AVX the host executes no vector moves of 32 bytes. */
extern bool has_avx;

static inline u32 address_of(const void *p)
{
	return (u32)(uintptr_t)p;
}

static inline bool is_in_window(gva_t gva, u64 size)
{
	return gva - address_of(arena->window) <= WINDOW_SIZE - size;
}

/* One case: the same start for the host and the emulator. */
struct test_case {
	struct random_insn random;
	struct insn insn;
	struct cpu_regs regs;
	u64 base[SEG_COUNT];
	u16 selector[SEG_COUNT];
	u8 window[WINDOW_SIZE]; /* the emulator's */
	u8 vector[VECTORS][EMUL_MAX_BYTES]; /* the emulator's */
	unsigned int retries; /* compare-exchanges that shall fail first */
};

/*
 * Chooses an instruction that the host may execute, and the state before it.
 * Returns false if the choices make none.
 */
bool choose_case(struct choices *choices, struct test_case *c);

#endif
