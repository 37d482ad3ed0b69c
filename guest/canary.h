/* SPDX-License-Identifier: MIT */
/*
 * Canaries: frames that lie among the guest's, are nobody's, and hold a known
 * pattern. If one is found changed, something wrote outside of the guest's
 * memory, whatever the audit thinks of the tables. Their numbers are those of
 * frames that the guest has elsewhere, so who takes its addresses for the
 * machine's meets them.
 */
#ifndef GUEST_CANARY_H
#define GUEST_CANARY_H

#include "guest/memory.h"

struct canaries {
	const struct guest_memory_ops *ops;
	hfn_t *hfn;
	u64 count;
	u64 next; /* the index of the frame that canary_check() looks at next */
};

/* The bytes that the canaries of a guest with @frames take. @stride: not 0. */
u64 canaries_memory(u64 frames, u64 stride);

/*
 * Takes one frame in @stride (not 0) from a guest that does not run yet, and
 * gives the guest another one. Returns false if there is not enough memory.
 */
bool canaries_plant(struct canaries *canaries, struct guest_memory *gm,
		    u64 stride);

/*
 * Looks at one canary, at another one each time: @count calls look at all of
 * them. Returns false if it has changed; then *@damaged is the address of the
 * first word that has changed.
 */
bool canary_check(struct canaries *canaries, hpa_t *damaged);

#endif
