/* SPDX-License-Identifier: MIT */
/*
 * How often Umbra looks at the guest's devices. However fast the guest's timers
 * are, its own code gets as much time as their interrupts cost. Times are ticks
 * of the TSC. Pure.
 */
#ifndef VMX_LOOP_PACING_H
#define VMX_LOOP_PACING_H

#include "lib/types.h"

struct pacing {
	u64 since; /* the exit that led to the interrupt being served, or 0 */
	u64 cost; /* of the last interrupt, from there to its end */
	u64 look; /* of the last exit for a look at the devices */
	u64 earliest; /* no look at the devices before that time */
};

/*
 * The exit at the time @exit leads to an interrupt, maybe within another one.
 */
static inline void pacing_interrupt(struct pacing *p, u64 exit)
{
	if (!p->since)
		p->since = exit;
}

/* No interrupt is being served any more. The exit at its end is a cost, too. */
static inline void pacing_end(struct pacing *p, u64 now)
{
	p->cost = now - p->since;
	p->since = 0;
}

/*
 * The devices have been looked at. A timer's interrupt costs p->cost, or the
 * exit for a look p->look; the guest's own code gets as much before the next
 * look. @longest: the longest wait for it.
 */
static inline void pacing_look(struct pacing *p, u64 now, u64 longest)
{
	p->earliest = now + MIN(2 * MAX(p->cost, p->look), longest);
}

/*
 * Returns when Umbra has something to do next, in ns since its start, by the
 * devices' next @event and the console's @poll. @event may be ~0, never, which
 * must not be converted to ticks: no TSC reaches it.
 */
static inline u64 pacing_next(u64 event, u64 poll)
{
	return MIN(event, poll);
}

/*
 * Returns true if an interrupt of Umbra's timer is for the look that is due at
 * @deadline. It may be an older one, if Umbra has looked for another reason
 * meanwhile and set the timer again.
 */
static inline bool pacing_is_due(const struct pacing *p, u64 now, u64 deadline)
{
	return now + p->look >= deadline;
}

#endif
