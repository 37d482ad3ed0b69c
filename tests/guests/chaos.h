/* SPDX-License-Identifier: MIT */
/* The chaos guest: random numbers, and its two kinds of operations. */
#ifndef TESTS_GUESTS_CHAOS_H
#define TESTS_GUESTS_CHAOS_H

#include "tests/guests/paging.h"

struct chaos_op {
	const char *name;
	/* try() calls it, so a trap ends it. NULL: a read through the chain. */
	void (*run)(void);
};

u32 random(void);
u32 random_below(u32 n);
u64 random_64(void);
/* Returns a value that a register may accept: few bits, or many, or all. */
u32 random_bits(void);

/* Operations that the guest survives in any case, and those that it may not. */
extern const struct chaos_op chaos_ops[], chaos_memory_ops[],
	chaos_lethal_ops[];
extern const u32 chaos_op_count, chaos_memory_op_count, chaos_lethal_op_count;

/* Free memory that may be overwritten at any time. */
#define SCRATCH_GPA (MEMORY_END - 4 * MIB)
#define SCRATCH_SIZE (2 * MIB)
u32 chaos_scratch(void); /* a random address in it */

/* Nothing answers here. */
#define HOLE_GPA 0xd0000000

/* The chain of tables that the operations change: for an address of its own. */
extern struct chain chaos_chain;

#endif
