/* SPDX-License-Identifier: MIT */
/*
 * The local APIC's timer (SDM vol. 3A, 10.5.4). Nothing is counted: it keeps
 * the time when it fires, and the count follows from the time until then.
 */
#include "guest/devices/lapic_internal.h"

#define TICK_NS (NS_PER_SEC / LAPIC_TIMER_HZ)

/*
 * Minimum period of a periodic timer. With a shorter one, interrupts would take
 * all the guest's time, and it could not even stop the timer.
 */
#define MIN_PERIOD_NS 20000

static u32 mode(const struct lapic *lapic)
{
	return lapic->reg[REG_LVT + LVT_TIMER] & LVT_TIMER_MODE;
}

/* Returns the length of one count in ns, by bits 3, 1 and 0 (figure 10-10). */
static u64 count_ns(const struct lapic *lapic)
{
	u32 divide = lapic->reg[REG_DIVIDE];
	u32 code = (divide >> 1 & 4) | (divide & 3);

	return TICK_NS << ((code + 1) % 8); /* 111b divides by 1 */
}

u32 lapic_timer_current(const struct lapic *lapic, u64 now)
{
	u64 unit = count_ns(lapic);

	if (lapic->due == LAPIC_NO_EVENT || mode(lapic) == TIMER_TSC_DEADLINE)
		return 0;
	if (now < lapic->due)
		return MIN((lapic->due - now + unit - 1) / unit,
			   lapic->reg[REG_INITIAL]);
	/* It is held back; a periodic one has begun its next period. */
	if (mode(lapic) != TIMER_PERIODIC || !lapic->reg[REG_INITIAL])
		return 0;
	return lapic->reg[REG_INITIAL] -
	       (now - lapic->due) / unit % lapic->reg[REG_INITIAL];
}

static void count_from(struct lapic *lapic, u32 count, u64 now)
{
	lapic->due = count ? now + count * count_ns(lapic) : LAPIC_NO_EVENT;
}

void lapic_timer_set_initial(struct lapic *lapic, u32 count, u64 now)
{
	if (mode(lapic) == TIMER_TSC_DEADLINE)
		return;
	lapic->reg[REG_INITIAL] = count;
	count_from(lapic, count, now);
}

/* The count goes on from where it is, at the new rate. */
void lapic_timer_set_divide(struct lapic *lapic, u32 value, u64 now)
{
	u32 count = lapic_timer_current(lapic, now);

	lapic->reg[REG_DIVIDE] = value;
	if (mode(lapic) != TIMER_TSC_DEADLINE)
		count_from(lapic, count, now);
}

void lapic_timer_set_deadline(struct lapic *lapic, u64 tsc)
{
	if (mode(lapic) != TIMER_TSC_DEADLINE)
		return;
	lapic->tsc_deadline = tsc;
	lapic->due = LAPIC_NO_EVENT;
	if (tsc)
		lapic->due = lapic->config.tsc_to_ns(lapic->config.ctx, tsc);
}

void lapic_tsc_changed(struct lapic *lapic, u64 now)
{
	lapic_timer_fire(lapic, now);
	lapic_timer_set_deadline(lapic, lapic->tsc_deadline);
}

void lapic_timer_mode_changed(struct lapic *lapic, u32 before)
{
	u32 changed = before ^ mode(lapic);

	/* Each of the two ways to count disarms the other (10.5.4.1). */
	if (!(changed & TIMER_TSC_DEADLINE))
		return;
	lapic->reg[REG_INITIAL] = 0;
	lapic->tsc_deadline = 0;
	lapic->due = LAPIC_NO_EVENT;
}

u64 lapic_next_event(const struct lapic *lapic)
{
	/* A masked timer interrupts nothing: it may fire at a later access. */
	if (lapic->reg[REG_LVT + LVT_TIMER] & APIC_MASKED)
		return LAPIC_NO_EVENT;
	return lapic->due;
}

void lapic_timer_fire(struct lapic *lapic, u64 now)
{
	u64 period;

	if (now < lapic->due)
		return;
	if (mode(lapic) == TIMER_PERIODIC && lapic->reg[REG_INITIAL]) {
		period = lapic->reg[REG_INITIAL] * count_ns(lapic);
		period = MAX(period, MIN_PERIOD_NS);
		/* All missed periods make one request. */
		lapic->due += ((now - lapic->due) / period + 1) * period;
	} else {
		lapic->due = LAPIC_NO_EVENT;
		lapic->tsc_deadline = 0;
	}
	lapic_deliver_local(lapic, LVT_TIMER);
}

void lapic_tick(struct lapic *lapic, u64 now)
{
	if (now >= lapic->not_before)
		lapic_timer_fire(lapic, now);
}
