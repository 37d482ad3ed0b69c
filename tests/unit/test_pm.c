/* SPDX-License-Identifier: MIT */
/* ACPI's fixed hardware: the timer, its event, and the ways to sleep. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "guest/devices/pm.h"

#define WRAP (1ULL << 32)
#define TICKS_NS(n) (((n)*NS_PER_SEC + PM_TIMER_HZ - 1) / PM_TIMER_HZ)

static struct pm pm;

static int setup(void **state)
{
	pm_init(&pm);
	return 0;
}

static u32 read_port(u16 port, unsigned int size, u64 now)
{
	u32 value = 0;

	for (unsigned int i = 0; i < size; i++)
		value |= (u32)pm_read(&pm, port + i, now) << (8 * i);
	return value;
}

static bool write_port(u16 port, u16 value, u64 now)
{
	bool low = pm_write(&pm, port, value, now);

	return pm_write(&pm, port + 1, value >> 8, now) || low;
}

static void timer(void **state)
{
	assert_int_equal(read_port(PM_PORT_TIMER, 4, 0), 0);
	assert_int_equal(read_port(PM_PORT_TIMER, 4, NS_PER_SEC), PM_TIMER_HZ);
	assert_int_equal(read_port(PM_PORT_TIMER, 4, 60 * NS_PER_SEC),
			 60 * PM_TIMER_HZ);
	/* 32 bits wide, and no slower after a year. */
	assert_int_equal(read_port(PM_PORT_TIMER, 4, 31536000 * NS_PER_SEC),
			 (31536000ULL * PM_TIMER_HZ) % WRAP);
	assert_false(write_port(PM_PORT_TIMER, 0xffff, 0));
	assert_int_equal(read_port(PM_PORT_TIMER, 4, 0), 0);
}

static void timer_event(void **state)
{
	u64 half = TICKS_NS(WRAP / 2);

	assert_int_equal(pm_next_event(&pm), PM_NO_EVENT);
	write_port(PM_PORT_EVENT + 2, 0x0001, 0);
	assert_int_equal(pm_next_event(&pm), half);
	pm_tick(&pm, half - 1);
	assert_false(pm_irq(&pm));
	pm_tick(&pm, half);
	assert_true(pm_irq(&pm));
	assert_int_equal(read_port(PM_PORT_EVENT, 2, half), 0x0001);
	/* Writing 0 leaves the status, writing 1 clears it. */
	write_port(PM_PORT_EVENT, 0xfffe, half);
	assert_true(pm_irq(&pm));
	write_port(PM_PORT_EVENT, 0x0001, half);
	assert_false(pm_irq(&pm));
	assert_int_equal(pm_next_event(&pm), TICKS_NS(WRAP));
	/* A guest that polls sees the status, too. */
	write_port(PM_PORT_EVENT + 2, 0, half);
	assert_int_equal(read_port(PM_PORT_EVENT, 2, TICKS_NS(WRAP)), 0x0001);
	assert_false(pm_irq(&pm));
}

static void registers(void **state)
{
	write_port(PM_PORT_EVENT + 2, 0xffff, 0);
	assert_int_equal(read_port(PM_PORT_EVENT + 2, 2, 0), 0x0521);
	assert_int_equal(read_port(PM_PORT_CONTROL, 2, 0), 0x0001);
	write_port(PM_PORT_CONTROL, 0x1c02, 0);
	assert_int_equal(read_port(PM_PORT_CONTROL, 2, 0), 0x1c03);
	assert_int_equal(read_port(0x606, 2, 0), 0);
	assert_false(write_port(0x606, 0xffff, 0));
}

static void sleep(void **state)
{
	for (u16 type = 0; type < 8; type++) {
		assert_false(write_port(PM_PORT_CONTROL, type << 10, 0));
		assert_int_equal(
			write_port(PM_PORT_CONTROL, 0x2000 | type << 10, 0),
			type == PM_SLEEP_TYPE_S5);
	}
	/* SLP_EN is not kept. */
	write_port(PM_PORT_CONTROL, 0x2000, 0);
	assert_int_equal(read_port(PM_PORT_CONTROL, 2, 0), 0x0001);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(timer, setup),
		cmocka_unit_test_setup(timer_event, setup),
		cmocka_unit_test_setup(registers, setup),
		cmocka_unit_test_setup(sleep, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
