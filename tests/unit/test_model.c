/* SPDX-License-Identifier: MIT */
/*
 * The shadow MMU against the model, for some millions of random steps.
 * MODEL_SEED and MODEL_STEPS, in the environment, repeat a run or lengthen it;
 * MODEL_SECONDS runs for that time instead, and with MODEL_BRIEF a failure is
 * reported without shortening the run.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "tests/model/model.h"

#define DEFAULT_STEPS 10000000
#define DEFAULT_SEED 20261120

static u64 from_environment(const char *name, u64 otherwise)
{
	const char *value = getenv(name);

	return value ? strtoull(value, NULL, 0) : otherwise;
}

static void random_guests(void **state)
{
	u64 seed = from_environment("MODEL_SEED", DEFAULT_SEED);
	u64 steps = from_environment("MODEL_STEPS", DEFAULT_STEPS);

	printf("model: MODEL_SEED=%lu MODEL_STEPS=%lu\n", seed, steps);
	fflush(stdout);
	if (!model_run(seed, steps, from_environment("MODEL_SECONDS", 0)))
		fail_msg("Umbra and the model of the processor differ, or a "
			 "case was never met: the lines above say where. "
			 "MODEL_SEED=%lu repeats the run",
			 seed);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(random_guests) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
