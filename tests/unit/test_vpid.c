/* SPDX-License-Identifier: MIT */
/* VPIDs: when one is used, and the INVVPID for each flush. */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

#include "vmx/vpid.h"

#define HAS(type) EPT_VPID_CAP_TYPE(INVVPID_##type)
#define ALL_TYPES (EPT_VPID_CAP_INVVPID | BITS(43, 40))

/* --- The processor ---------------------------------------------------------- */

static struct vmx_capabilities with_vpid(void)
{
	return (struct vmx_capabilities){
		.ept_vpid = ALL_TYPES,
		.allowed = { [CONTROLS_CPU] = CPU_SECONDARY_CONTROLS << 32,
			     [CONTROLS_CPU2] = CPU2_ENABLE_VPID << 32 },
	};
}

static void assert_objection(const struct vmx_capabilities *c,
			     const char *words)
{
	for (enum vpid_wish wish = VPID_OFF; wish <= VPID_AUTO; wish++) {
		const char *objection = vpid_objection(c, wish, false);

		assert_non_null(objection);
		assert_non_null(strstr(objection, words));
	}
}

static void what_is_missing(void **state)
{
	struct vmx_capabilities c = with_vpid();

	c.allowed[CONTROLS_CPU2] = 0;
	assert_objection(&c, "MSR 48Bh");
	/* The value of an MSR that does not exist does not count. */
	c = with_vpid();
	c.allowed[CONTROLS_CPU] = 0;
	assert_objection(&c, "MSR 48Bh");
	c = with_vpid();
	c.ept_vpid &= ~EPT_VPID_CAP_INVVPID;
	assert_objection(&c, "MSR 48Ch");
	/* Some flushes are wider than an address; the first drops globals. */
	c.ept_vpid = EPT_VPID_CAP_INVVPID | HAS(ADDRESS) |
		     HAS(CONTEXT_RETAINING_GLOBALS);
	assert_objection(&c, "MSR 48Ch");
	c.ept_vpid = EPT_VPID_CAP_INVVPID | HAS(CONTEXT);
	assert_null(vpid_objection(&c, VPID_ON, false));
	c.ept_vpid = EPT_VPID_CAP_INVVPID | HAS(ALL_CONTEXTS);
	assert_null(vpid_objection(&c, VPID_ON, false));
}

static void what_the_user_wishes(void **state)
{
	const struct vmx_capabilities c = with_vpid();

	assert_string_equal(vpid_objection(&c, VPID_OFF, false),
			    "off (vpid=0)");
	assert_string_equal(vpid_objection(&c, VPID_OFF, true), "off (vpid=0)");
	assert_null(vpid_objection(&c, VPID_ON, false));
	assert_null(vpid_objection(&c, VPID_ON, true));
	assert_null(vpid_objection(&c, VPID_AUTO, false));
	assert_non_null(strstr(vpid_objection(&c, VPID_AUTO, true), "below"));
}

/* --- The flush -------------------------------------------------------------- */

static struct tlb_flush merged(struct tlb_flush first, struct tlb_flush second)
{
	tlb_flush_merge(&first, second);
	return first;
}

static struct tlb_flush flush_of(enum tlb_scope scope)
{
	return (struct tlb_flush){ scope, 0x1000 };
}

static void the_larger_of_two(void **state)
{
	for (enum tlb_scope a = TLB_NOTHING; a <= TLB_ALL; a++)
		for (enum tlb_scope b = TLB_NOTHING; b <= TLB_ALL; b++)
			assert_int_equal(merged(flush_of(a), flush_of(b)).scope,
					 MAX(a, b));
}

static void addresses(void **state)
{
	const struct tlb_flush one = { TLB_ADDRESS, 0x1000 };
	const struct tlb_flush other = { TLB_ADDRESS, 0x2000 };

	assert_int_equal(merged(flush_of(TLB_NOTHING), other).gva, 0x2000);
	assert_int_equal(merged(other, flush_of(TLB_NOTHING)).gva, 0x2000);
	assert_int_equal(merged(other, other).scope, TLB_ADDRESS);
	assert_int_equal(merged(other, other).gva, 0x2000);
	assert_int_equal(merged(one, other).scope, TLB_SHADOW);
	assert_int_equal(merged(merged(one, other), one).scope, TLB_SHADOW);
}

/* INVVPID of such an address would fail. */
static void not_canonical(void **state)
{
	const struct tlb_flush nothing = flush_of(TLB_NOTHING);
	struct tlb_flush flush = { TLB_ADDRESS, BIT(47) };

	assert_int_equal(merged(nothing, flush).scope, TLB_SHADOW);
	assert_int_equal(merged(flush_of(TLB_ADDRESS), flush).scope,
			 TLB_SHADOW);
	assert_int_equal(merged(flush_of(TLB_ALL), flush).scope, TLB_ALL);
	flush.gva = ~0xfffULL;
	assert_int_equal(merged(nothing, flush).scope, TLB_ADDRESS);
}

/* With each possible set of types: the first type of the order that exists. */
static void assert_types(enum tlb_scope scope, const enum invvpid_type *wanted,
			 size_t count)
{
	for (u64 types = 0; types < 16; types++) {
		u64 cap = EPT_VPID_CAP_INVVPID | types << 40;
		u8 types_of[TLB_SCOPES];
		size_t i = 0;

		if (!(cap & (HAS(CONTEXT) | HAS(ALL_CONTEXTS))))
			continue;
		while (!(types & BIT(wanted[i])))
			i++;
		assert_true(i < count);
		invvpid_types(cap, types_of);
		assert_int_equal(types_of[scope], wanted[i]);
	}
}

static void the_narrowest_type(void **state)
{
	static const enum invvpid_type order[] = {
		INVVPID_ADDRESS, INVVPID_CONTEXT_RETAINING_GLOBALS,
		INVVPID_CONTEXT, INVVPID_ALL_CONTEXTS
	};

	assert_types(TLB_ADDRESS, order, 4);
	assert_types(TLB_SHADOW, order + 1, 3);
	assert_types(TLB_ALL, order + 2, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_missing),
		cmocka_unit_test(what_the_user_wishes),
		cmocka_unit_test(the_larger_of_two),
		cmocka_unit_test(addresses),
		cmocka_unit_test(not_canonical),
		cmocka_unit_test(the_narrowest_type),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
