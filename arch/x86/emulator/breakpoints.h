/* SPDX-License-Identifier: MIT */
/*
 * The guest's breakpoints on data and ports, for accesses that Umbra makes in
 * the processor's place (SDM vol. 3B, 17.2.4 and 17.2.5). Pure.
 */
#ifndef ARCH_X86_EMULATOR_BREAKPOINTS_H
#define ARCH_X86_EMULATOR_BREAKPOINTS_H

#include "lib/types.h"

#define BREAKPOINTS 4
#define DR7_ENABLED BITS(7, 0) /* L0, G0 and so on to G3 */

/* An access as a set of the R/W fields of DR7 that it matches. */
#define BREAK_WRITE (BIT(1) | BIT(3))
#define BREAK_READ BIT(3)
#define BREAK_PORT BIT(2)

struct breakpoints {
	u64 dr7; /* 0: none is enabled, and no access needs to be compared */
	u64 address[BREAKPOINTS]; /* DR0 to DR3 */
	bool io; /* CR4.DE */
	u32 hits; /* by one instruction, or an iteration: B0 to B3 of DR6 */
};

/*
 * Adds to @b->hits the breakpoints that an access to @len bytes at @address, or
 * at that port, hits.
 */
void breakpoints_compare(struct breakpoints *b, u32 access, u64 address,
			 size_t len);

/* The same, fast while no breakpoint is enabled. */
static inline void breakpoints_see(struct breakpoints *b, u32 access,
				   u64 address, size_t len)
{
	if (b->dr7)
		breakpoints_compare(b, access, address, len);
}

#endif
