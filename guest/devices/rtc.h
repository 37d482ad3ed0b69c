/* SPDX-License-Identifier: MIT */
/*
 * The PC's real-time clock, a Motorola MC146818, and its CMOS memory. The time
 * of day is the machine's own, read from its clock at each access, so that the
 * guest's can't drift from it. So the guest can't set it either.
 */
#ifndef GUEST_DEVICES_RTC_H
#define GUEST_DEVICES_RTC_H

#include "lib/types.h"

#define RTC_BYTES 128
#define RTC_NO_EVENT (~0ULL)

struct rtc {
	/* Reads the machine's clock; returns false if there is none. */
	bool (*host_read)(u8 index, u8 *value);
	u8 index; /* the register at port 71h */
	u8 bytes[RTC_BYTES]; /* all but the time of day */
	u8 last_second; /* the machine's, when it was looked at last */
	u64 next_period; /* when the periodic interrupt is due, ns */
	u64 next_look; /* when the second must be looked at, ns */
};

/* `memory`: the guest's, in bytes, which a PC's firmware notes in the CMOS. */
void rtc_init(struct rtc *rtc, bool (*host_read)(u8 index, u8 *value),
	      u64 memory);

void rtc_select(struct rtc *rtc, u8 index); /* port 70h */
u8 rtc_read(struct rtc *rtc); /* port 71h */
void rtc_write(struct rtc *rtc, u8 value, u64 now);

/*
 * Returns when rtc_tick must be called next, in ns since boot, or RTC_NO_EVENT.
 */
u64 rtc_next_event(const struct rtc *rtc);
/* Raises the interrupts that are due. */
void rtc_tick(struct rtc *rtc, u64 now);

/* The level of the interrupt line. */
bool rtc_irq(const struct rtc *rtc);

#endif
