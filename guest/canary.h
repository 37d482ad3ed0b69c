/* SPDX-License-Identifier: MIT */
/*
 * Canaries: frames among the guest's that nothing uses, with a known pattern. A
 * canary that has changed shows a write outside of the guest's memory, even if
 * the audit finds no fault in the tables. The guest has other frames at the
 * canaries' numbers, so code that takes a guest-physical address for a
 * host-physical one hits a canary.
 */
#ifndef GUEST_CANARY_H
#define GUEST_CANARY_H

#include "guest/memory.h"

struct canaries {
	const struct guest_memory_ops *ops;
	hfn_t *hfn;
	u64 count;
	u64 next; /* the index of the frame that canary_check() checks next */
};

/*
 * Returns the bytes that the canaries of a guest of @frames frames take.
 * @stride: not 0.
 */
u64 canaries_memory(u64 frames, u64 stride);

/*
 * Takes one frame in @stride (not 0) from a guest that does not run yet, and
 * gives the guest another one. Returns false if there is not enough memory.
 */
bool canaries_plant(struct canaries *canaries, struct guest_memory *gm,
		    u64 stride);

/*
 * Checks one canary, the next one at each call. Returns false if it has
 * changed; then *@damaged is the host-physical address of the first word that
 * has changed.
 */
bool canary_check(struct canaries *canaries, hpa_t *damaged);

#endif
