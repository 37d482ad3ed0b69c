/* SPDX-License-Identifier: MIT */
/* The ACPI power management registers: see pm.h. Names are ACPI's. */
#include "guest/devices/pm.h"

#include "lib/string.h"

/* Bits of PM1_STS and of PM1_EN (tables 4.13 and 4.14). */
#define PM1_TMR BIT(0)
#define PM1_GBL BIT(5)
#define PM1_PWRBTN BIT(8)
#define PM1_RTC BIT(10)
#define PM1_ENABLES (PM1_TMR | PM1_GBL | PM1_PWRBTN | PM1_RTC)
/* PM1_CNT (table 4.15). */
#define PM1_SCI_EN BIT(0) /* ACPI mode: the events raise the SCI */
#define PM1_BM_RLD BIT(1)
#define PM1_SLP_TYP_SHIFT 10
#define PM1_SLP_TYP 7
#define PM1_SLP_EN BIT(13) /* write-only */
#define PM1_CONTROLS (PM1_BM_RLD | (PM1_SLP_TYP << PM1_SLP_TYP_SHIFT))

/* The timer's highest bit, TMR_VAL_EXT being set in the FADT. */
#define TIMER_HIGH_BIT 31

/* The registers' offsets. */
enum { STATUS, ENABLE = 2, CONTROL = 4, TIMER = 8 };

void pm_init(struct pm *pm)
{
	memset(pm, 0, sizeof(*pm));
	pm->control = PM1_SCI_EN;
}

static u64 ns_to_ticks(u64 ns)
{
	return ns / NS_PER_SEC * PM_TIMER_HZ +
	       ns % NS_PER_SEC * PM_TIMER_HZ / NS_PER_SEC;
}

/* The first ns at which this number of ticks is over. */
static u64 ticks_to_ns(u64 ticks)
{
	return ticks / PM_TIMER_HZ * NS_PER_SEC +
	       (ticks % PM_TIMER_HZ * NS_PER_SEC + PM_TIMER_HZ - 1) /
		       PM_TIMER_HZ;
}

void pm_tick(struct pm *pm, u64 now)
{
	u64 half_periods = ns_to_ticks(now) >> TIMER_HIGH_BIT;

	if (half_periods == pm->half_periods)
		return;
	pm->half_periods = half_periods;
	pm->status |= PM1_TMR;
}

u64 pm_next_event(const struct pm *pm)
{
	if (!(pm->enable & PM1_TMR))
		return PM_NO_EVENT;
	return ticks_to_ns((pm->half_periods + 1) << TIMER_HIGH_BIT);
}

bool pm_irq(const struct pm *pm)
{
	return pm->status & pm->enable;
}

/*
 * All bytes of a wider access come with the same time, so they are of one
 * value of the timer.
 */
u8 pm_read(struct pm *pm, u16 port, u64 now)
{
	u16 offset = port - PM_PORT_EVENT;
	unsigned int shift = 8 * (offset & 1);

	if (offset >= TIMER)
		return ns_to_ticks(now) >> (8 * (offset - TIMER));
	switch (offset & ~1) {
	case STATUS:
		pm_tick(pm, now);
		return pm->status >> shift;
	case ENABLE:
		return pm->enable >> shift;
	case CONTROL:
		return pm->control >> shift;
	default:
		return 0; /* between the control register and the timer */
	}
}

static bool write_control(struct pm *pm, u16 mask, u16 value)
{
	u16 writable = mask & PM1_CONTROLS;

	pm->control = (pm->control & ~writable) | (value & writable);
	return value & PM1_SLP_EN && (pm->control >> PM1_SLP_TYP_SHIFT &
				      PM1_SLP_TYP) == PM_SLEEP_TYPE_S5;
}

bool pm_write(struct pm *pm, u16 port, u8 byte, u64 now)
{
	u16 offset = port - PM_PORT_EVENT;
	unsigned int shift = 8 * (offset & 1);
	u16 mask = 0xff << shift, value = byte << shift;

	pm_tick(pm, now);
	switch (offset & ~1) {
	case STATUS: /* a one clears the event */
		pm->status &= ~value;
		return false;
	case ENABLE:
		mask &= PM1_ENABLES;
		pm->enable = (pm->enable & ~mask) | (value & mask);
		return false;
	case CONTROL:
		return write_control(pm, mask, value);
	default:
		return false; /* the timer is read-only */
	}
}
