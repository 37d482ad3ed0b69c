/* SPDX-License-Identifier: MIT */
/* The real-time clock: see rtc.h. */
#include "guest/devices/rtc.h"

#include "lib/string.h"

enum rtc_register {
	RTC_SECONDS = 0x00,
	RTC_SECONDS_ALARM = 0x01,
	RTC_HOURS_ALARM = 0x05,
	RTC_YEAR = 0x09,
	RTC_A = 0x0a,
	RTC_B = 0x0b,
	RTC_C = 0x0c,
	RTC_D = 0x0d,
	/* The PC's own, as its firmware uses them. */
	CMOS_BASE_KIB = 0x15, /* two bytes each */
	CMOS_EXTENDED_KIB = 0x17, /* above 1 MiB */
	CMOS_EXTENDED_KIB_2 = 0x30,
	CMOS_CENTURY = 0x32,
	CMOS_ABOVE_16M = 0x34 /* in units of 64 KiB */
};

#define A_UPDATE_IN_PROGRESS BIT(7)
#define A_WRITABLE 0x7f
#define A_RATE 0x0f
#define A_DEFAULT 0x26 /* 32.768 kHz; 1024 Hz once it is enabled */
#define B_BINARY BIT(2)
#define B_24H BIT(1)
#define B_SET BIT(7) /* stops updates and their interrupts */
#define B_FORMAT (B_BINARY | B_24H)
/* Enabled in register B, raised in register C: the same bits. */
#define UPDATE_ENDED BIT(4)
#define ALARM BIT(5)
#define PERIODIC BIT(6)
#define INTERRUPTS (UPDATE_ENDED | ALARM | PERIODIC)
#define C_REQUEST BIT(7)
#define D_VALID BIT(7)

#define INDEX_MASK 0x7f /* bit 7 of port 70h would mask NMI */
#define ALARM_ANY 0xc0 /* both bits set: matches any time */
#define BASE_CLOCK_HZ 32768
/* Time between two looks at the clock, while the guest waits for a second. */
#define LOOK_PERIOD (NS_PER_SEC / 64)

static u8 host(const struct rtc *rtc, u8 index)
{
	u8 value = 0;

	rtc->host_read(index, &value);
	return value;
}

static void set_u16(struct rtc *rtc, u8 index, u64 value)
{
	value = MIN(value, 0xffff);
	rtc->bytes[index] = value;
	rtc->bytes[index + 1] = value >> 8;
}

void rtc_init(struct rtc *rtc, bool (*host_read)(u8 index, u8 *value),
	      u64 memory)
{
	u64 extended = memory > MIB ? memory - MIB : 0;

	memset(rtc, 0, sizeof(*rtc));
	rtc->host_read = host_read;
	rtc->bytes[RTC_A] = A_DEFAULT;
	set_u16(rtc, CMOS_BASE_KIB, 640);
	set_u16(rtc, CMOS_EXTENDED_KIB, extended / KIB);
	set_u16(rtc, CMOS_EXTENDED_KIB_2, extended / KIB);
	set_u16(rtc, CMOS_ABOVE_16M,
		memory > 16 * MIB ? (memory - 16 * MIB) / (64 * KIB) : 0);
	rtc->last_second = host(rtc, RTC_SECONDS);
	rtc->next_period = RTC_NO_EVENT;
	rtc->next_look = RTC_NO_EVENT;
}

static bool is_alarm(u8 index)
{
	return index <= RTC_HOURS_ALARM && index & 1;
}

/* The registers that are read from the machine's clock. */
static bool is_time(u8 index)
{
	return (index <= RTC_YEAR && !is_alarm(index)) || index == CMOS_CENTURY;
}

static bool alarm_matches(const struct rtc *rtc)
{
	for (u8 alarm = RTC_SECONDS_ALARM; alarm <= RTC_HOURS_ALARM;
	     alarm += 2) {
		u8 value = rtc->bytes[alarm];

		if ((value & ALARM_ANY) != ALARM_ANY &&
		    value != host(rtc, alarm - 1))
			return false;
	}
	return true;
}

static void look_at_second(struct rtc *rtc)
{
	u8 second = host(rtc, RTC_SECONDS);

	if (second == rtc->last_second)
		return;
	rtc->last_second = second;
	if (rtc->bytes[RTC_B] & B_SET)
		return;
	rtc->bytes[RTC_C] |= UPDATE_ENDED;
	if (alarm_matches(rtc))
		rtc->bytes[RTC_C] |= ALARM;
}

/* The periodic interrupt's period in ns, or 0; data sheet, table 5. */
static u64 period(const struct rtc *rtc)
{
	u8 rate = rtc->bytes[RTC_A] & A_RATE;

	if (!rate || !(rtc->bytes[RTC_B] & PERIODIC))
		return 0;
	if (rate <= 2) /* 256 and 128 Hz, at this base clock */
		rate += 7;
	return (NS_PER_SEC << (rate - 1)) / BASE_CLOCK_HZ;
}

static void schedule(struct rtc *rtc, u64 now)
{
	u64 length = period(rtc);
	bool look = rtc->bytes[RTC_B] & (UPDATE_ENDED | ALARM);

	rtc->next_period = length ? now + length : RTC_NO_EVENT;
	rtc->next_look = look ? now + LOOK_PERIOD : RTC_NO_EVENT;
}

void rtc_select(struct rtc *rtc, u8 index)
{
	rtc->index = index & INDEX_MASK;
}

bool rtc_irq(const struct rtc *rtc)
{
	return rtc->bytes[RTC_C] & rtc->bytes[RTC_B] & INTERRUPTS;
}

u8 rtc_read(struct rtc *rtc)
{
	u8 value;

	if (is_time(rtc->index))
		return host(rtc, rtc->index);
	switch (rtc->index) {
	case RTC_A:
		return rtc->bytes[RTC_A] |
		       (host(rtc, RTC_A) & A_UPDATE_IN_PROGRESS);
	case RTC_B: /* the time has the machine's format */
		return rtc->bytes[RTC_B] | (host(rtc, RTC_B) & B_FORMAT);
	case RTC_C: /* a read clears the requests */
		look_at_second(rtc);
		value = rtc->bytes[RTC_C] | (rtc_irq(rtc) ? C_REQUEST : 0);
		rtc->bytes[RTC_C] = 0;
		return value;
	case RTC_D:
		return D_VALID;
	default:
		return rtc->bytes[rtc->index];
	}
}

void rtc_write(struct rtc *rtc, u8 value, u64 now)
{
	/*
	 * This comes before a change of the rate: the period until now has the
	 * old rate.
	 */
	rtc_tick(rtc, now);
	if (is_time(rtc->index))
		return;
	switch (rtc->index) {
	case RTC_A:
		rtc->bytes[RTC_A] = value & A_WRITABLE;
		schedule(rtc, now);
		break;
	case RTC_B:
		/* A second that ended before raises no interrupt. */
		look_at_second(rtc);
		if (value & B_SET)
			value &= ~UPDATE_ENDED;
		rtc->bytes[RTC_B] = value & ~B_FORMAT;
		schedule(rtc, now);
		break;
	case RTC_C:
	case RTC_D:
		break; /* read-only */
	default:
		rtc->bytes[rtc->index] = value;
	}
}

u64 rtc_next_event(const struct rtc *rtc)
{
	return MIN(rtc->next_period, rtc->next_look);
}

void rtc_tick(struct rtc *rtc, u64 now)
{
	if (now >= rtc->next_period) {
		u64 length = period(rtc);
		u64 missed = (now - rtc->next_period) / length;

		/* Missed periods are one interrupt, as on the chip. */
		rtc->bytes[RTC_C] |= PERIODIC;
		rtc->next_period += (missed + 1) * length;
	}
	if (now >= rtc->next_look) {
		look_at_second(rtc);
		rtc->next_look = now + LOOK_PERIOD;
	}
}
