/* SPDX-License-Identifier: MIT */
/* How often Umbra looks at the guest's devices. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "vmx/loop/pacing.h"

#define LONGEST 100000

/* The cost is from the exit to the end of the outermost interrupt. */
static void cost(void **state)
{
	struct pacing p = { 0 };

	pacing_interrupt(&p, 1000);
	assert_int_equal(p.since, 1000);
	pacing_interrupt(&p, 1500);
	pacing_end(&p, 4000);
	assert_int_equal(p.cost, 3000);
	assert_int_equal(p.since, 0);
	pacing_interrupt(&p, 5000);
	pacing_end(&p, 5100);
	assert_int_equal(p.cost, 100);
}

/* The guest has as much time as the interrupt, or the look, takes. */
static void half_of_the_time(void **state)
{
	struct pacing p = { .cost = 3000, .look = 500 };

	pacing_look(&p, 10000, LONGEST);
	assert_int_equal(p.earliest, 16000);
	p.cost = 0;
	pacing_look(&p, 10000, LONGEST);
	assert_int_equal(p.earliest, 11000);
	p.cost = LONGEST;
	pacing_look(&p, 10000, LONGEST);
	assert_int_equal(p.earliest, 10000 + LONGEST);
}

/* An interrupt of an earlier setting of the timer does not count. */
static void stale_interrupts(void **state)
{
	struct pacing p = { .look = 500 };

	assert_true(pacing_is_due(&p, 10000, 9000));
	assert_true(pacing_is_due(&p, 10000, 10500));
	assert_false(pacing_is_due(&p, 10000, 10501));
}

/* No timer of the guest's is set: Umbra looks again at the next poll. */
static void no_event(void **state)
{
	assert_int_equal(pacing_next(~0ULL, 1000), 1000);
	assert_int_equal(pacing_next(999, 1000), 999);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cost),
		cmocka_unit_test(half_of_the_time),
		cmocka_unit_test(stale_interrupts),
		cmocka_unit_test(no_event),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
