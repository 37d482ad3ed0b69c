/* SPDX-License-Identifier: MIT */
/*
 * Shadow entries: the four kinds can be distinguished, and TRAP is reserved for
 * the processor wherever mmu/spte.h says so, by a rule of the test's own.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "mmu/spte.h"

/*
 * SDM vol. 3A, tables 4-9 to 4-11 (PAE) and 4-15 to 4-20 (4-level), bit by
 * bit: must bit n of a present entry be 0?
 */
static bool must_be_zero(int n, int level, bool pae, bool ps, bool nxe,
			 int maxphyaddr)
{
	if (n == 63)
		return !nxe;
	if (n >= 52)
		return pae;
	if (n >= maxphyaddr)
		return true;
	if (n == 7)
		return level == 4;
	if (level == 3)
		return ps && n >= 13 && n <= 29;
	if (level == 2)
		return ps && n >= 13 && n <= 20;
	return false;
}

static bool is_reserved(u64 entry, int level, bool pae, bool nxe,
			int maxphyaddr)
{
	for (int n = 0; n < 64; n++)
		if ((entry >> n & 1) &&
		    must_be_zero(n, level, pae, entry >> 7 & 1, nxe,
				 maxphyaddr))
			return true;
	return false;
}

static void trap_is_reserved(void **state)
{
	u64 trap = spte_trap(true);

	(void)state;
	assert_true(trap & 1);
	for (int maxphyaddr = 36; maxphyaddr <= 52; maxphyaddr++) {
		for (int level = 1; level <= 4; level++) {
			assert_true(is_reserved(trap, level, false, false,
						maxphyaddr));
			/* Only this case depends on the processor. */
			assert_int_equal(is_reserved(trap, level, false, true,
						     maxphyaddr),
					 level > 1 || maxphyaddr < 52);
		}
		for (int level = 1; level <= 2; level++)
			for (int nxe = 0; nxe <= 1; nxe++)
				assert_true(is_reserved(trap, level, true, nxe,
							maxphyaddr));
	}
}

/*
 * Where no bit is reserved, TRAP is an entry with P=1 that no access may use:
 * U=0, NX, and a key that IA32_PKRS denies (4.6.1, 4.6.2). The same is true for
 * MMIO with any rights.
 */
static void trap_has_a_key(void **state)
{
	(void)state;
	for (u8 rights = 0; rights <= ACCESS_ALL; rights++) {
		for (int dirty = 0; dirty <= 1; dirty++) {
			u64 mmio = spte_make_mmio(true, rights, dirty);
			u64 trap = rights || dirty ? mmio : spte_trap(true);

			assert_int_equal(trap & 5, 1);
			assert_true(trap & BIT(63));
			assert_int_equal(
				SPTE_TRAP_PKRS >> (trap >> 59 & 15) * 2 & 3, 3);
			assert_int_equal(spte_mmio_rights(mmio), rights);
			assert_int_equal(spte_kind(mmio | PTE_A, 1), SPTE_MMIO);
		}
	}
	/* Entries that translate have key 0, which is not denied. */
	assert_int_equal(spte_make_leaf(~0ULL >> 24 ^ 1, ACCESS_ALL) >> 59, 0);
	assert_false(SPTE_TRAP_PKRS & 3);
}

static void trap_is_not_present(void **state)
{
	(void)state;
	assert_false(spte_trap(false) & 1);
	for (u8 level = 1; level <= 4; level++)
		assert_int_equal(spte_kind(spte_trap(false), level), SPTE_TRAP);
}

/* For any frame and flags, also the flags that the processor sets. */
static void kinds(void **state)
{
	(void)state;
	for (u8 level = 1; level <= 4; level++) {
		assert_int_equal(spte_kind(0, level), SPTE_ABSENT);
		assert_int_equal(spte_kind(spte_trap(true), level), SPTE_TRAP);
	}
	for (int bit = 12; bit < 52; bit++) {
		/* All frames except the last. */
		u64 frame = BITS(51, 12) & ~BIT(bit);

		for (u8 rights = 0; rights <= ACCESS_ALL; rights++) {
			u64 leaf = spte_make_leaf(frame >> 12, rights);

			leaf |= PTE_A | PTE_D;
			assert_int_equal(spte_kind(leaf, 1), SPTE_LEAF);
		}
		for (u8 level = 2; level <= 4; level++)
			assert_int_equal(
				spte_kind(spte_make_table(frame, ACCESS_U) |
						  PTE_A,
					  level),
				SPTE_TABLE);
	}
}

static void leaf_flags(void **state)
{
	(void)state;
	assert_int_equal(spte_make_leaf(5, 0), 0x5001 | BIT(63));
	assert_int_equal(spte_make_leaf(5, ACCESS_W), 0x5003 | BIT(63));
	assert_int_equal(spte_make_leaf(5, ACCESS_U), 0x5005 | BIT(63));
	assert_int_equal(spte_make_leaf(5, ACCESS_X), 0x5001);
	assert_int_equal(spte_make_leaf(5, ACCESS_ALL), 0x5007);
}

/* A present PDPTE of PAE paging has bits 1, 2, 5 to 8 clear (table 4-8). */
static void table_flags(void **state)
{
	(void)state;
	assert_int_equal(spte_make_table(0x7000, ACCESS_ALL), 0x7007);
	assert_int_equal(spte_make_table(0x7000, ACCESS_X), 0x7001);
	assert_int_equal(spte_make_table(0x7000, ACCESS_W), 0x7003 | PTE_NX);
	assert_int_equal(spte_make_pdpte(0x7000), 0x7001);
	assert_int_equal(spte_rights(spte_make_table(0x7000, ACCESS_U)),
			 ACCESS_U);
}

static void indices(void **state)
{
	gva_t gva = 0xffff800000000000ULL | 3ULL << 30 | 511ULL << 21 |
		    7ULL << 12 | 0xfff;

	(void)state;
	assert_int_equal(pt_index(gva, 4), 256);
	assert_int_equal(pt_index(gva, 3), 3);
	assert_int_equal(pt_index(gva, 2), 511);
	assert_int_equal(pt_index(gva, 1), 7);
	assert_int_equal(pt_span(1), 1);
	assert_int_equal(pt_span(2), 2 * MIB / PAGE_SIZE);
	assert_int_equal(pt_span(3), GIB / PAGE_SIZE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(trap_is_reserved),
		cmocka_unit_test(trap_has_a_key),
		cmocka_unit_test(trap_is_not_present),
		cmocka_unit_test(kinds),
		cmocka_unit_test(leaf_flags),
		cmocka_unit_test(table_flags),
		cmocka_unit_test(indices),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
