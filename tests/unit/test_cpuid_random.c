/* SPDX-License-Identifier: MIT */
/*
 * CPUID's leaf 15h for any rate of the TSC, and the leaf that answers for any
 * number (SDM vol. 2A, CPUID). A hidden test of lab 3.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <cmocka.h>

#include "arch/x86/cpuid.h"
#include "arch/x86/msr.h"
#include "guest/cpuid.h"

#define ROUNDS 100000
#define SEED 21
#define SLOWEST_TSC 100000000U /* Hz */
#define FASTEST_TSC 6000000000U
#define SECONDS_A_DAY 86400

static u64 rate_told(u64 tsc_hz)
{
	const struct cpuid_policy_input input = { .tsc_hz = tsc_hz };
	const struct cpuid_regs host = { 0 };
	struct cpuid_regs out;

	cpuid_policy(CPUID_TSC, 0, &host, &input, &out);
	if (!out.eax || !out.ebx)
		fail_msg("a TSC of %lu Hz: leaf 15h has the ratio %u/%u, and a "
			 "guest takes 0 for unknown",
			 tsc_hz, out.ebx, out.eax);
	return (u64)out.ecx * out.ebx / out.eax;
}

/* The guest's clock may be wrong by a second a day. */
static void any_rate(void **state)
{
	srand48(SEED);
	for (u32 n = 0; n < ROUNDS; n++) {
		u64 hz = SLOWEST_TSC +
			 (u64)(drand48() * (FASTEST_TSC - SLOWEST_TSC));
		u64 told = rate_told(hz);

		if (told > hz || hz - told > hz / SECONDS_A_DAY)
			fail_msg("a TSC of %lu Hz is told as one of %lu Hz", hz,
				 told);
	}
}

/* The three ranges begin at 0, 40000000h and 80000000h. */
static void any_leaf(void **state)
{
	srand48(SEED);
	for (u32 n = 0; n < ROUNDS; n++) {
		u32 near = (u32)mrand48() % 64;
		u32 leaf = (u32)mrand48() & 3
				   ? ((u32)mrand48() & 3) << 30 | near
				   : (u32)mrand48();
		bool limited = mrand48() & 1;
		u64 misc = limited ? MISC_ENABLE_LIMIT_CPUID : 0;
		u32 last = limited ? CPUID_CACHE_DESCRIPTORS : CPUID_TSC;
		u32 answering = cpuid_answering_leaf(leaf, misc);
		bool there = leaf <= last || (leaf >= CPUID_HYPERVISOR &&
					      leaf <= CPUID_ADDRESS_SIZE);

		if (answering != (there ? leaf : last))
			fail_msg("leaf %#x (the basic ones end at %#x): %#x "
				 "answers",
				 leaf, last, answering);
		if (cpuid_answering_leaf(answering, misc) != answering)
			fail_msg("leaf %#x answers, and is not there itself",
				 answering);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(any_rate),
		cmocka_unit_test(any_leaf),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
