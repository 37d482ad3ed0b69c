/* SPDX-License-Identifier: MIT */
/* The interval timer: modes, latches, conversions, edges. */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

#include "guest/devices/pit.h"

/* Returns the first nanosecond after @ticks ticks, rounded up. */
static u64 ns_after(u64 ticks)
{
	return ((unsigned __int128)ticks * NS_PER_SEC + PIT_HZ - 1) / PIT_HZ;
}

static struct pit new_pit(void)
{
	struct pit pit;

	pit_init(&pit);
	return pit;
}

static u16 read16(struct pit *pit, unsigned int channel, u64 now)
{
	u8 low = pit_read(pit, channel, now);

	return low | pit_read(pit, channel, now) << 8;
}

static void program(struct pit *pit, unsigned int channel, u8 mode, u16 count,
		    u64 now)
{
	pit_write_control(pit, channel << 6 | 0x30 | mode << 1, now);
	pit_write(pit, channel, count, now);
	pit_write(pit, channel, count >> 8, now);
}

static void idle_at_first(void **state)
{
	struct pit pit = new_pit();

	assert_true(pit_next_event(&pit) == PIT_NO_EVENT);
	assert_int_equal(pit_tick(&pit, 100 * NS_PER_SEC), 0);
}

static void rate_generator(void **state)
{
	struct pit pit = new_pit();
	u64 start = ns_after(1000000);
	u64 edges = 0;

	program(&pit, 0, 2, 4773, start); /* Linux's 250 Hz */
	for (u64 i = 1; i <= 2500; i++) {
		u64 next = pit_next_event(&pit);

		assert_in_range(next, ns_after(1000000 + 4773 * i),
				ns_after(1000000 + 4773 * i) + 1);
		assert_int_equal(pit_tick(&pit, next - 2), 0);
		edges += pit_tick(&pit, next);
	}
	assert_int_equal(edges, 2500);
	/* A hundred periods late: all of them are counted. */
	assert_int_equal(
		pit_tick(&pit, pit_next_event(&pit) + ns_after(477300)), 101);
	assert_int_equal(
		read16(&pit, 0, ns_after(1000000 + 4773 * 5000 + 4000)), 773);
}

/* A day's worth of ticks, and a year's: the conversion does not drift. */
static void conversion(void **state)
{
	u64 days[] = { 1, 365, 3650 };

	for (size_t i = 0; i < 3; i++) {
		u64 ticks = days[i] * 86400 * PIT_HZ;
		struct pit pit = new_pit();

		program(&pit, 0, 4, 1000, ns_after(ticks) + 1);
		assert_in_range(pit_next_event(&pit), ns_after(ticks + 1001),
				ns_after(ticks + 1001) + 1);
		assert_int_equal(pit_tick(&pit, pit_next_event(&pit)), 1);
	}
}

static void one_shots(void **state)
{
	u8 modes[] = { 0, 4 };

	for (size_t i = 0; i < 2; i++) {
		struct pit pit = new_pit();

		program(&pit, 0, modes[i], 1000, ns_after(5000));
		assert_int_equal(read16(&pit, 0, ns_after(5600)), 400);
		assert_int_equal(pit_tick(&pit, ns_after(6000)), 0);
		assert_int_equal(pit_tick(&pit, ns_after(6001) + 1), 1);
		assert_true(pit_next_event(&pit) == PIT_NO_EVENT);
		assert_int_equal(pit_tick(&pit, ns_after(99999)), 0);
		/* It counts on through 0. */
		assert_int_equal(read16(&pit, 0, ns_after(6001)), 0xffff);
		/* A new count arms it again, without a control word. */
		pit_write(&pit, 0, 0x10, ns_after(100000));
		pit_write(&pit, 0, 0x00, ns_after(100000));
		assert_int_equal(pit_tick(&pit, ns_after(100017) + 1), 1);
	}
}

static void full_count(void **state)
{
	struct pit pit = new_pit();

	program(&pit, 0, 3, 0, ns_after(0));
	assert_in_range(pit_next_event(&pit), ns_after(65536),
			ns_after(65536) + 1);
	assert_int_equal(read16(&pit, 0, ns_after(16384)), 0x8000);
	assert_int_equal(read16(&pit, 0, ns_after(32768 + 16384)), 0x8000);
}

/* Four decimal digits: 0 is 10000. */
static void bcd(void **state)
{
	struct pit pit = new_pit();

	pit_write_control(&pit, 0x31, ns_after(0)); /* mode 0 */
	pit_write(&pit, 0, 0x00, ns_after(0));
	pit_write(&pit, 0, 0x10, ns_after(0));
	assert_int_equal(read16(&pit, 0, ns_after(1)), 0x0999);
	assert_int_equal(read16(&pit, 0, ns_after(877)), 0x0123);
	assert_int_equal(read16(&pit, 0, ns_after(1001)), 0x9999);
	pit_write_control(&pit, 0x35, ns_after(2000)); /* mode 2 */
	pit_write(&pit, 0, 0, ns_after(2000));
	pit_write(&pit, 0, 0, ns_after(2000));
	assert_int_equal(read16(&pit, 0, ns_after(2000)), 0x0000);
	assert_int_equal(read16(&pit, 0, ns_after(2001)), 0x9999);
	assert_int_equal(read16(&pit, 0, ns_after(3000)), 0x9000);
	assert_int_equal(pit_tick(&pit, ns_after(32000) + 1), 3);
	pit_write_control(&pit, 0xc2 | 0x20, ns_after(32000)); /* its status */
	assert_int_equal(pit_read(&pit, 0, ns_after(32000)) & 0x3f, 0x35);
	/* The next control word may end it. */
	program(&pit, 0, 2, 0x1000, ns_after(40000));
	assert_int_equal(read16(&pit, 0, ns_after(40001)), 0x0fff);
}

/* Linux's calibration of its TSC: gate on, mode 0, port 42h, 61h. */
static void calibration(void **state)
{
	struct pit pit = new_pit();
	u64 start = ns_after(777);

	pit_write_61(&pit, 0x01, start);
	program(&pit, 2, 0, 0xffff, start);
	assert_int_equal(pit_read_61(&pit, start) & 0x2f, 0x01);
	assert_int_equal(read16(&pit, 2, ns_after(777 + 256)), 0xfeff);
	assert_int_equal(pit_read_61(&pit, ns_after(777 + 65535)) & 0x20, 0);
	assert_int_equal(pit_read_61(&pit, ns_after(777 + 65536)) & 0x20, 0x20);
	assert_int_equal(pit_tick(&pit, ns_after(9999999)),
			 0); /* no IRQ of it */
}

static void gate(void **state)
{
	struct pit pit = new_pit();

	program(&pit, 2, 0, 1000, ns_after(0)); /* the gate is closed */
	assert_int_equal(read16(&pit, 2, ns_after(500)), 1000);
	pit_write_61(&pit, 1, ns_after(500));
	assert_int_equal(read16(&pit, 2, ns_after(600)), 900);
	pit_write_61(&pit, 0, ns_after(700));
	assert_int_equal(read16(&pit, 2, ns_after(5000)), 800);
	pit_write_61(&pit, 1, ns_after(6000));
	assert_int_equal(read16(&pit, 2, ns_after(6001)), 799);
	/* In mode 2 a rising gate starts the period again. */
	program(&pit, 2, 2, 1000, ns_after(7000));
	pit_write_61(&pit, 0, ns_after(7100));
	assert_int_equal(pit_read_61(&pit, ns_after(7999)) & 0x20, 0x20);
	pit_write_61(&pit, 1, ns_after(8000));
	assert_int_equal(read16(&pit, 2, ns_after(8010)), 990);
}

/* In modes 1 and 5 nothing happens until the gate rises. */
static void started_by_gate(void **state)
{
	const u8 modes[] = { 1, 5 };

	for (size_t i = 0; i < 2; i++) {
		struct pit pit = new_pit();

		program(&pit, 2, modes[i], 1000, ns_after(0));
		assert_int_equal(read16(&pit, 2, ns_after(500)), 1000);
		assert_int_equal(pit_read_61(&pit, ns_after(500)) & 0x20, 0x20);
		assert_int_equal(pit_read_61(&pit, ns_after(1000)) & 0x20,
				 0x20);
		pit_write_61(&pit, 1, ns_after(2000));
		assert_int_equal(read16(&pit, 2, ns_after(2400)), 600);
		assert_int_equal(pit_read_61(&pit, ns_after(2400)) & 0x20,
				 modes[i] == 1 ? 0 : 0x20);
		/* A new count waits; the gate may fall meanwhile. */
		program(&pit, 2, modes[i], 1000, ns_after(2500));
		pit_write_61(&pit, 0, ns_after(2600));
		pit_write_61(&pit, 1, ns_after(3000));
		pit_write_61(&pit, 0, ns_after(3100));
		assert_int_equal(pit_read_61(&pit, ns_after(4000)) & 0x20,
				 modes[i] == 1 ? 0x20 : 0);
		assert_int_equal(pit_read_61(&pit, ns_after(4001)) & 0x20,
				 0x20);
	}
}

/* An odd count in mode 3: the longer half comes first, and reads are even. */
static void odd_square(void **state)
{
	static const u16 shown[] = { 4, 2, 0, 4, 2, 4 };
	struct pit pit = new_pit();

	pit_write_61(&pit, 1, ns_after(0));
	program(&pit, 2, 3, 5, ns_after(0));
	for (u32 i = 0; i < ARRAY_SIZE(shown); i++) {
		assert_int_equal(read16(&pit, 2, ns_after(i)), shown[i]);
		assert_int_equal(pit_read_61(&pit, ns_after(i)) & 0x20,
				 i % 5 < 3 ? 0x20 : 0);
	}
}

static void refresh_toggle(void **state)
{
	struct pit pit = new_pit();
	int toggles = 0;

	for (u64 ns = 0; ns < 1000000; ns += 1000)
		toggles += (pit_read_61(&pit, ns) ^
			    pit_read_61(&pit, ns + 1000)) >>
				   4 &
			   1;
	assert_in_range(toggles, 65, 67); /* one in 15.085 us */
}

static void latches(void **state)
{
	struct pit pit = new_pit();

	program(&pit, 0, 2, 50000, ns_after(0));
	pit_write_control(&pit, 0x00, ns_after(1000));
	pit_write_control(&pit, 0x00, ns_after(2000)); /* the first one holds */
	assert_int_equal(read16(&pit, 0, ns_after(3000)), 49000);
	assert_int_equal(read16(&pit, 0, ns_after(3000)), 47000);
	/* Read-back of status and count: the status comes first. */
	pit_write_control(&pit, 0xc2, ns_after(4000));
	assert_int_equal(pit_read(&pit, 0, ns_after(5000)), 0xb4);
	assert_int_equal(read16(&pit, 0, ns_after(5000)), 46000);
	/* Before a count is written. */
	pit_write_control(&pit, 0x30, ns_after(6000));
	pit_write_control(&pit, 0xe2, ns_after(6000));
	assert_int_equal(pit_read(&pit, 0, ns_after(6000)), 0x70);
}

static void access_of_one_byte(void **state)
{
	struct pit pit = new_pit();

	pit_write_control(&pit, 0x14, ns_after(0)); /* low byte, mode 2 */
	pit_write(&pit, 0, 18, ns_after(0));
	assert_int_equal(pit_read(&pit, 0, ns_after(5)), 13);
	assert_int_equal(pit_read(&pit, 0, ns_after(6)), 12);
	pit_write_control(&pit, 0x24, ns_after(0)); /* high byte */
	pit_write(&pit, 0, 0x12, ns_after(0));
	assert_int_equal(pit_read(&pit, 0, ns_after(1)), 0x11);
	assert_in_range(pit_next_event(&pit), ns_after(0x1200),
			ns_after(0x1200) + 1);
	/* Half a count stops mode 0. */
	pit_write_control(&pit, 0x30, ns_after(0));
	pit_write(&pit, 0, 0x12, ns_after(0));
	assert_true(pit_next_event(&pit) == PIT_NO_EVENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(idle_at_first),
		cmocka_unit_test(rate_generator),
		cmocka_unit_test(conversion),
		cmocka_unit_test(one_shots),
		cmocka_unit_test(full_count),
		cmocka_unit_test(bcd),
		cmocka_unit_test(calibration),
		cmocka_unit_test(gate),
		cmocka_unit_test(started_by_gate),
		cmocka_unit_test(odd_square),
		cmocka_unit_test(refresh_toggle),
		cmocka_unit_test(latches),
		cmocka_unit_test(access_of_one_byte),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
