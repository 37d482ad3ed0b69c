/* SPDX-License-Identifier: MIT */
/*
 * How often Umbra looks at the guest's devices: however fast the guest's timers
 * are, the guest has as much time for its own code as their interrupts cost.
 * Times are ticks of the TSC. Pure.
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

/* The exit of time @exit has led to an interrupt, maybe within another one. */
static inline void pacing_interrupt(struct pacing *p, u64 exit)
{
	if (!p->since)
		p->since = exit;
}

/* No interrupt is being served any more: its end has cost an exit, too. */
static inline void pacing_end(struct pacing *p, u64 now)
{
	p->cost = now - p->since;
	p->since = 0;
}

/*
 * The devices have been looked at: a timer's interrupt takes @p->cost of the
 * time until the next look, or the exit @p->look, and as much is left. At most
 * @longest.
 */
static inline void pacing_look(struct pacing *p, u64 now, u64 longest)
{
	p->earliest = now + MIN(2 * MAX(p->cost, p->look), longest);
}

/*
 * The time in ns, of a clock that starts with Umbra, at which Umbra has
 * something to do. @event may be ~0, never: no TSC reaches that, so it must not
 * be converted.
 */
static inline u64 pacing_next(u64 event, u64 poll)
{
	return MIN(event, poll);
}

/*
 * Returns true if an interrupt of Umbra's timer is for the look that is due at
 * @deadline. An older interrupt may have waited while Umbra looked for another
 * reason and set the timer again.
 */
static inline bool pacing_is_due(const struct pacing *p, u64 now, u64 deadline)
{
	return now + p->look >= deadline;
}

#endif
