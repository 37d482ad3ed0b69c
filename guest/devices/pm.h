/* SPDX-License-Identifier: MIT */
/*
 * ACPI's fixed hardware (ACPI 6.4, 4.8): the PM1 event and control registers,
 * and the power management timer. ACPI mode is always on. The only event is the
 * timer's, at each change of its highest bit.
 */
#ifndef GUEST_DEVICES_PM_H
#define GUEST_DEVICES_PM_H

#include "lib/types.h"

#define PM_TIMER_HZ 3579545
#define PM_NO_EVENT (~0ULL)

/* The ports, which guest/firmware/acpi.c tells the guest. */
#define PM_PORT_EVENT 0x600 /* PM1_STS, 2 bytes, and PM1_EN */
#define PM_PORT_CONTROL 0x604 /* PM1_CNT, 2 bytes */
#define PM_PORT_TIMER 0x608 /* 4 bytes */
#define PM_PORT_END 0x60c
#define PM_IRQ 9 /* the SCI, triggered by level */

/* The sleep type that DSDT's _S5 gives: soft-off. */
#define PM_SLEEP_TYPE_S5 0

struct pm {
	u16 status;
	u16 enable;
	u16 control;
	u64 half_periods; /* of the timer, seen so far */
};

void pm_init(struct pm *pm);

/* Returns a byte of the registers; @port: PM_PORT_EVENT to PM_PORT_END - 1. */
u8 pm_read(struct pm *pm, u16 port, u64 now);

/*
 * Writes such a byte; returns true if the guest has switched the machine off.
 */
bool pm_write(struct pm *pm, u16 port, u8 value, u64 now);

/* Returns the time when the SCI may rise by itself, in ns, or PM_NO_EVENT. */
u64 pm_next_event(const struct pm *pm);
/* Sets the timer's status if its highest bit has changed. */
void pm_tick(struct pm *pm, u64 now);

/* The level of the SCI. */
bool pm_irq(const struct pm *pm);

#endif
