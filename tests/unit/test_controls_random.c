/* SPDX-License-Identifier: MIT */
/*
 * The choice of controls on made-up processors: the bits that must be 1 and
 * that may be 1 are random (SDM vol. 3D, A.2 to A.5). A hidden test of lab 1.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <cmocka.h>

#include "vmx/controls.h"

#define PROCESSORS 200000
#define SEED 24
#define MAY_BE_1_SHIFT 32

static u32 random_bits(void)
{
	return (u32)mrand48();
}

/* Allows most wanted bits; otherwise each processor would be refused. */
static u64 random_capability(enum control_set set)
{
	u32 must = random_bits() & random_bits();
	u32 may = random_bits() | must;
	const struct control_table *table = &control_tables[set];

	for (size_t i = 0; i < table->count; i++) {
		if (random_bits() % 256 == 0)
			continue;
		must &= ~(u32)BIT(table->controls[i].bit);
		may |= BIT(table->controls[i].bit);
	}
	return (u64)may << MAY_BE_1_SHIFT | must;
}

static bool can_be(const struct control *control, u64 capability)
{
	bool may_be_0 = !(capability & BIT(control->bit));
	bool may_be_1 = capability >> MAY_BE_1_SHIFT & BIT(control->bit);

	switch (control->want) {
	case CONTROL_OFF:
	case CONTROL_SWITCHABLE:
		return may_be_0;
	case CONTROL_REQUIRED:
		return may_be_1;
	case CONTROL_SWITCHED:
		return may_be_0 && may_be_1;
	default:
		return true;
	}
}

static u32 wanted_bit(const struct control *control, u64 capability)
{
	bool on = control->want == CONTROL_REQUIRED ||
		  (control->want == CONTROL_OPTIONAL &&
		   capability >> MAY_BE_1_SHIFT & BIT(control->bit));

	return on ? (u32)BIT(control->bit) : 0;
}

/* Bits that the two rules after the choice may take away again. */
static u32 taken_away(enum control_set set)
{
	switch (set) {
	case CONTROLS_PIN:
		return PIN_VIRTUAL_NMIS;
	case CONTROLS_EXIT:
		return EXIT_LOAD_IA32_EFER;
	case CONTROLS_ENTRY:
		return ENTRY_LOAD_IA32_EFER;
	default:
		return 0;
	}
}

static void check_chosen(enum control_set set, u64 capability, u32 value)
{
	const struct control_table *table = &control_tables[set];
	u32 expected = (u32)capability, open = taken_away(set);

	for (size_t i = 0; i < table->count; i++) {
		const struct control *control = &table->controls[i];

		if (!can_be(control, capability))
			fail_msg("%s can't be as it is wanted where %s is "
				 "%#lx, and is not refused",
				 control->name, table->msr_name, capability);
		expected |= wanted_bit(control, capability);
	}
	if ((value ^ expected) & ~open)
		fail_msg("where %s is %#lx, the controls are %#x, and must be "
			 "%#x",
			 table->msr_name, capability, value, expected);
}

static void random_processors(void **state)
{
	u32 refused = 0;

	srand48(SEED);
	for (u32 n = 0; n < PROCESSORS; n++) {
		struct vmx_capabilities c = { 0 };
		struct control_refusal refusal;
		struct vmx_controls chosen;

		for (enum control_set set = 0; set < CONTROL_SETS; set++)
			c.allowed[set] = random_capability(set);
		if (!vmx_choose_controls(&c, &chosen, &refusal)) {
			refused++;
			if (can_be(refusal.control, c.allowed[refusal.set]))
				fail_msg("%s is refused, and can be as it is "
					 "wanted",
					 refusal.control->name);
			continue;
		}
		for (enum control_set set = 0; set < CONTROL_SETS; set++)
			if (set != CONTROLS_CPU2 ||
			    vmx_has(&chosen, CONTROLS_CPU,
				    CPU_SECONDARY_CONTROLS))
				check_chosen(set, c.allowed[set],
					     chosen.value[set]);
	}
	assert_in_range(refused, PROCESSORS / 20, PROCESSORS / 20 * 19);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_processors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
