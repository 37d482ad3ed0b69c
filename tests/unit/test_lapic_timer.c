/* SPDX-License-Identifier: MIT */
/* The local APIC's timer. */
#include "lapic_world.h"

static void timer_one_shot(void **state)
{
	u64 start = now;

	apic_write(LVTT, 0x31);
	apic_write(TDCR, 0x3); /* by 16 */
	apic_write(TMICT, 1000);
	assert_int_equal(lapic_next_event(&apic), start + 16000 * TICK_NS);
	now += 4000 * TICK_NS;
	assert_int_equal(apic_read(TMCCT), 750);
	apic_write(TDCR, 0xb); /* by 1: the count goes on */
	assert_int_equal(apic_read(TMCCT), 750);
	assert_int_equal(lapic_next_event(&apic), now + 750 * TICK_NS);
	now += 750 * TICK_NS - 1;
	lapic_tick(&apic, now);
	assert_int_equal(lapic_pending(&apic), LAPIC_NO_VECTOR);
	lapic_tick(&apic, ++now);
	assert_int_equal(lapic_acknowledge(&apic), 0x31);
	apic_write(EOI, 0);
	assert_int_equal(apic_read(TMCCT), 0);
	assert_int_equal(lapic_next_event(&apic), LAPIC_NO_EVENT);
	apic_write(TMICT, 10);
	apic_write(TMICT, 0); /* stops it */
	lapic_tick(&apic, now + NS_PER_SEC);
	assert_int_equal(lapic_pending(&apic), LAPIC_NO_VECTOR);
}

static void timer_divisors(void **state)
{
	static const struct {
		u8 code, by;
	} rows[] = { { 0, 2 },	{ 1, 4 },  { 2, 8 },	{ 3, 16 },
		     { 8, 32 }, { 9, 64 }, { 10, 128 }, { 11, 1 } };

	apic_write(LVTT, 0x31);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		apic_write(TDCR, rows[i].code);
		apic_write(TMICT, 100);
		assert_int_equal(lapic_next_event(&apic),
				 now + 100 * TICK_NS * rows[i].by);
	}
}

static void timer_periodic(void **state)
{
	u64 period = 1000 * TICK_NS, start = now;

	apic_write(TDCR, 0xb);
	apic_write(LVTT, 0x20031);
	apic_write(TMICT, 1000);
	for (int i = 1; i < 4; i++) {
		lapic_tick(&apic, start + i * period);
		assert_int_equal(lapic_acknowledge(&apic), 0x31);
		apic_write(EOI, 0);
	}
	/* Late: one interrupt for many periods, and the rhythm is kept. */
	lapic_tick(&apic, start + 10 * period + 5);
	assert_int_equal(lapic_acknowledge(&apic), 0x31);
	apic_write(EOI, 0);
	assert_int_equal(lapic_pending(&apic), LAPIC_NO_VECTOR);
	assert_int_equal(lapic_next_event(&apic), start + 11 * period);
	now = start + 10 * period + period / 4;
	assert_int_equal(apic_read(TMCCT), 750);
	/* While masked it counts on, but has no event. */
	apic_write(LVTT, 0x30031);
	assert_int_equal(lapic_next_event(&apic), LAPIC_NO_EVENT);
	now += period;
	assert_int_equal(apic_read(TMCCT), 750);
	assert_int_equal(lapic_pending(&apic), LAPIC_NO_VECTOR);
}

/* With no limit of the period, neither the guest nor Umbra would have time. */
static void timer_without_rest(void **state)
{
	apic_write(TDCR, 0xb);
	apic_write(LVTT, 0x20031);
	apic_write(TMICT, 1);
	now += TICK_NS;
	lapic_tick(&apic, now);
	assert_int_equal(lapic_acknowledge(&apic), 0x31);
	assert_true(lapic_next_event(&apic) >= now + 10000);
	assert_int_equal(apic_read(TMCCT), 1);
}

static void timer_by_deadline(void **state)
{
	u64 value;

	assert_true(lapic_write_msr(&apic, IA32_TSC_DEADLINE, now + 5, now));
	assert_int_equal(lapic_next_event(&apic), LAPIC_NO_EVENT);
	apic_write(LVTT, 0x40031);
	lapic_write_msr(&apic, IA32_TSC_DEADLINE, now + 500, now);
	assert_int_equal(lapic_next_event(&apic), now + 500);
	apic_write(TMICT, 100); /* no such count in this mode */
	assert_int_equal(apic_read(TMICT), 0);
	assert_int_equal(apic_read(TMCCT), 0);
	now += 500;
	lapic_tick(&apic, now);
	assert_int_equal(lapic_acknowledge(&apic), 0x31);
	apic_write(EOI, 0);
	assert_true(lapic_read_msr(&apic, IA32_TSC_DEADLINE, &value, now));
	assert_int_equal(value, 0);
	/* In the past: at once. Zero: disarmed. */
	lapic_write_msr(&apic, IA32_TSC_DEADLINE, 1, now);
	assert_int_equal(lapic_acknowledge(&apic), 0x31);
	apic_write(EOI, 0);
	lapic_write_msr(&apic, IA32_TSC_DEADLINE, now + 500, now);
	lapic_write_msr(&apic, IA32_TSC_DEADLINE, 0, now);
	assert_int_equal(lapic_next_event(&apic), LAPIC_NO_EVENT);
	/* A change of the mode ends it. */
	lapic_write_msr(&apic, IA32_TSC_DEADLINE, now + 500, now);
	apic_write(LVTT, 0x31);
	assert_int_equal(lapic_next_event(&apic), LAPIC_NO_EVENT);
}

/*
 * The timer is due and held back. On the machine it has already fired, by the
 * entry of the vector table that was there before the guest's next write.
 */
static void held_timer_is_not_lost(void **state)
{
	static const struct {
		u32 offset, value;
	} rows[] = { { TMICT, 1000000 }, { TMICT, 0 },	 { LVTT, 0x10031 },
		     { LVTT, 0x40031 },	 { LVTT, 0x52 }, { TDCR, 3 },
		     { SVR, 0xff } };

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		setup(state);
		apic_write(TDCR, 0xb);
		apic_write(LVTT, 0x31);
		apic_write(TMICT, 10);
		now += 11 * TICK_NS;
		apic.not_before = now + 1000;
		apic_write(rows[i].offset, rows[i].value);
		assert_true(lapic_requested(&apic, 0x31));
		assert_false(lapic_requested(&apic, 0x52));
	}
}

static void held_deadline_is_not_lost(void **state)
{
	for (int i = 0; i < 2; i++) {
		setup(state);
		apic_write(LVTT, 0x40031);
		lapic_write_msr(&apic, IA32_TSC_DEADLINE, now + 500, now);
		now += 501;
		apic.not_before = now + 1000;
		if (i)
			lapic_tsc_changed(&apic, now);
		else
			lapic_write_msr(&apic, IA32_TSC_DEADLINE, now + 500,
					now);
		assert_int_equal(lapic_acknowledge(&apic), 0x31);
		assert_int_equal(apic.tsc_deadline, i ? 0 : now + 500);
	}
}

/* A timer that was due while masked does not interrupt later. */
static void masked_timer_is_void(void **state)
{
	apic_write(TDCR, 0xb);
	apic_write(LVTT, 0x10031);
	apic_write(TMICT, 10);
	now += 11 * TICK_NS;
	apic.not_before = now + 1000;
	apic_write(LVTT, 0x31);
	lapic_tick(&apic, now + 2000);
	assert_int_equal(lapic_pending(&apic), LAPIC_NO_VECTOR);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(timer_one_shot, setup),
		cmocka_unit_test_setup(timer_divisors, setup),
		cmocka_unit_test_setup(timer_periodic, setup),
		cmocka_unit_test_setup(timer_without_rest, setup),
		cmocka_unit_test_setup(timer_by_deadline, setup),
		cmocka_unit_test_setup(held_timer_is_not_lost, setup),
		cmocka_unit_test_setup(held_deadline_is_not_lost, setup),
		cmocka_unit_test_setup(masked_timer_is_void, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
