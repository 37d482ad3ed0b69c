/* SPDX-License-Identifier: MIT */
/* The real-time clock: the machine's time, interrupts, CMOS memory. */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

#include "guest/devices/rtc.h"

static u8 machine[128]; /* the machine's clock */
static bool present;

static bool host_read(u8 index, u8 *value)
{
	if (present)
		*value = machine[index];
	return present;
}

static struct rtc new_rtc(void)
{
	struct rtc rtc;

	memset(machine, 0xee, sizeof(machine));
	memcpy(machine, "\x58\0\x59\0\x23\0\x05\x20\x11\x26\xa6\x02", 12);
	present = true;
	rtc_init(&rtc, host_read, 256 * MIB);
	return rtc;
}

static u8 read_register(struct rtc *rtc, u8 index)
{
	rtc_select(rtc, index);
	return rtc_read(rtc);
}

static void write_register(struct rtc *rtc, u8 index, u8 value, u64 now)
{
	rtc_select(rtc, index);
	rtc_write(rtc, value, now);
}

static void time_of_day(void **state)
{
	struct rtc rtc = new_rtc();

	assert_int_equal(read_register(&rtc, 0x00), 0x58);
	assert_int_equal(read_register(&rtc, 0x84),
			 0x23); /* bit 7 is not the index's */
	assert_int_equal(read_register(&rtc, 0x09), 0x26);
	assert_int_equal(read_register(&rtc, 0x32), 0xee);
	assert_int_equal(read_register(&rtc, 0x0a),
			 0xa6); /* an update in progress */
	machine[0x0a] = 0x2f;
	assert_int_equal(read_register(&rtc, 0x0a), 0x26);
	assert_int_equal(read_register(&rtc, 0x0b), 0x02);
	machine[0x0b] = 0x76; /* format bits only, not its interrupts */
	assert_int_equal(read_register(&rtc, 0x0b), 0x06);
	assert_int_equal(read_register(&rtc, 0x0d), 0x80);
	write_register(&rtc, 0x04, 0x11, 0);
	assert_int_equal(read_register(&rtc, 0x04), 0x23);
}

static void memory_sizes(void **state)
{
	struct rtc rtc = new_rtc();

	assert_int_equal(read_register(&rtc, 0x15) | read_register(&rtc, 0x16)
							     << 8,
			 640);
	assert_int_equal(read_register(&rtc, 0x17) | read_register(&rtc, 0x18)
							     << 8,
			 0xffff);
	assert_int_equal(read_register(&rtc, 0x34) | read_register(&rtc, 0x35)
							     << 8,
			 240 * 16);
	write_register(&rtc, 0x40, 0x77, 0);
	assert_int_equal(read_register(&rtc, 0x40), 0x77);
	rtc_init(&rtc, host_read, 8 * MIB);
	assert_int_equal(read_register(&rtc, 0x30) | read_register(&rtc, 0x31)
							     << 8,
			 7 * 1024);
	assert_int_equal(
		read_register(&rtc, 0x34) | read_register(&rtc, 0x35) << 8, 0);
}

static void periodic(void **state)
{
	struct rtc rtc = new_rtc();
	u64 ms = NS_PER_SEC / 1000;

	assert_true(rtc_next_event(&rtc) == RTC_NO_EVENT);
	write_register(&rtc, 0x0b, 0x40, 0); /* 1024 Hz */
	assert_int_equal(rtc_next_event(&rtc), NS_PER_SEC / 1024);
	rtc_tick(&rtc, NS_PER_SEC / 1024 - 1);
	assert_false(rtc_irq(&rtc));
	rtc_tick(&rtc, 10 * ms); /* late: one interrupt, in step */
	assert_true(rtc_irq(&rtc));
	assert_int_equal(rtc_next_event(&rtc), 11 * (NS_PER_SEC / 1024));
	assert_int_equal(read_register(&rtc, 0x0c), 0xc0);
	assert_false(rtc_irq(&rtc));
	assert_int_equal(read_register(&rtc, 0x0c), 0x00);
	write_register(&rtc, 0x0a, 0x21, 0); /* rate 1 is 256 Hz */
	assert_int_equal(rtc_next_event(&rtc), NS_PER_SEC / 256);
	write_register(&rtc, 0x0a, 0x2f, 0);
	assert_int_equal(rtc_next_event(&rtc), NS_PER_SEC / 2);
	write_register(&rtc, 0x0a, 0x20, 0);
	assert_true(rtc_next_event(&rtc) == RTC_NO_EVENT);
	/* A new rate does not lose an interrupt that is due. */
	write_register(&rtc, 0x0a, 0x26, 0);
	write_register(&rtc, 0x0a, 0x2f, ms);
	assert_true(rtc_irq(&rtc));
	assert_int_equal(rtc_next_event(&rtc), ms + NS_PER_SEC / 2);
}

static void update_and_alarm(void **state)
{
	struct rtc rtc = new_rtc();
	u64 now = 0;

	write_register(&rtc, 0x01, 0x00, now);
	write_register(&rtc, 0x03, 0xff, now); /* any minute, any hour */
	write_register(&rtc, 0x05, 0xc0, now);
	write_register(&rtc, 0x0b, 0x10, now);
	now = rtc_next_event(&rtc);
	rtc_tick(&rtc, now);
	assert_false(rtc_irq(&rtc));
	machine[0] = 0x59;
	now = rtc_next_event(&rtc);
	rtc_tick(&rtc, now);
	assert_true(rtc_irq(&rtc));
	assert_int_equal(read_register(&rtc, 0x0c), 0x90);
	write_register(&rtc, 0x0b, 0x20, now);
	machine[0] = 0x00;
	now = rtc_next_event(&rtc);
	rtc_tick(&rtc, now);
	assert_int_equal(read_register(&rtc, 0x0c), 0xb0);
	/* It is polled with all interrupts off. */
	write_register(&rtc, 0x0b, 0x00, now);
	assert_int_equal(read_register(&rtc, 0x0c), 0x00);
	machine[0] = 0x01;
	assert_int_equal(read_register(&rtc, 0x0c), 0x10);
	assert_true(rtc_next_event(&rtc) == RTC_NO_EVENT);
}

/* SET: there is no update until it is clear, and its interrupt is off. */
static void set_holds_updates(void **state)
{
	struct rtc rtc = new_rtc();

	write_register(&rtc, 0x0b, 0xb0, 0);
	assert_int_equal(read_register(&rtc, 0x0b) & 0xf0, 0xa0);
	machine[0] = 0x02;
	rtc_tick(&rtc, rtc_next_event(&rtc));
	assert_int_equal(read_register(&rtc, 0x0c), 0x00);
	write_register(&rtc, 0x0b, 0x10, 0);
	machine[0] = 0x03;
	rtc_tick(&rtc, rtc_next_event(&rtc));
	assert_int_equal(read_register(&rtc, 0x0c), 0x90);
}

static void no_clock(void **state)
{
	struct rtc rtc = new_rtc();

	present = false;
	assert_int_equal(read_register(&rtc, 0x00), 0);
	assert_int_equal(read_register(&rtc, 0x0a), 0x26);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(time_of_day),
		cmocka_unit_test(memory_sizes),
		cmocka_unit_test(periodic),
		cmocka_unit_test(update_and_alarm),
		cmocka_unit_test(set_holds_updates),
		cmocka_unit_test(no_clock),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
