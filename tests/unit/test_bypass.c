/* SPDX-License-Identifier: MIT */
/*
 * The trick: an entry that the guest lacks is not present in the shadow, one
 * that Umbra lacks is reserved, and the filter lets not-present faults by. And
 * the cases where there must be no bypass.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "mmu/role.h"
#include "mmu_world.h"
#include "tests/model/words.h"

/* Tables, root first, in frames 0 to 3. */
#define PT 3
#define GVA 0x5000ULL
#define TARGET 21ULL

static void create_world(enum mmu_rung rung, bool leaf_trap_present)
{
	struct hardware h;

	world_create(&mmu_rung_policies[rung], 64, leaf_trap_present);
	for (gfn_t level = 0; level < PT; level++)
		*world_gpte(level, 0) = (level + 1) << 12 | LINKED;
	*world_gpte(PT, 1) = TARGET << 12 | LINKED;
	*world_gpte(PT, 7) = TARGET << 12 | PTE_P;
	world_access(0x1000, 0, &h);
}

static int set_up(void **state)
{
	create_world(MMU_BYPASS, true);
	return 0;
}

static const char *exits_in_words(bool exits)
{
	return exits ? "exits" : "does not exit";
}

static void filter_is(u32 error_code, bool exits)
{
	struct mmu_filter filter = mmu_filter(&world_cpu);

	if (mmu_filter_exits(&filter, error_code) != exits)
		fail_msg("a fault with %s and error code %#x %s; with mask %#x "
			 "and match %#x it %s (SDM vol. 3C, 25.2)",
			 error_code & PFEC_P ? "P=1" : "P=0", error_code,
			 exits_in_words(exits), filter.mask, filter.match,
			 exits_in_words(!exits));
}

static void filter(void **state)
{
	for (u32 code = 0; code < 2 * PFEC_I; code++)
		filter_is(code, code & PFEC_P);
}

/* The shadow entry of the last level for GVA's page number @slot. */
static enum spte_kind kind_of(u32 slot)
{
	const struct shadow_page *sp = world_cpu.root;

	while (sp->role.level > 1)
		sp = &world_mmu->pages[sp->links[0].target];
	return spte_kind(sp->spt[slot], 1);
}

static void classified(void **state)
{
	if (kind_of(5) != SPTE_ABSENT)
		fail_msg("invariant 1: the guest's entry 5 is not present, so "
			 "the shadow's must be ABSENT, and is TRAP\n%s",
			 words_page("invariant 1"));
	if (kind_of(7) != SPTE_TRAP)
		fail_msg(
			"invariant 1: the guest's entry 7 is present, and not "
			"filled, so the shadow's must be TRAP: ABSENT lies\n%s",
			words_page("invariant 1"));
}

static void demand_fault(void **state)
{
	struct hardware h;
	int exits = world_access(GVA, PFEC_W, &h);

	world_require(h.result == HW_FAULT_TO_GUEST, GVA,
		      "the fault is the guest's own");
	world_require(!exits, GVA, "the demand fault must not exit, and has %d",
		      exits);
	world_costs(0x7000, 0, 1, "a page that is not filled yet is Umbra's");
}

/*
 * The guest maps the page that was absent, and unmaps it: the shadow follows.
 */
static void absence_ends(void **state)
{
	u64 entry = TARGET << 12 | PTE_P;
	struct hardware h;

	for (int i = 0; i < 2; i++) {
		world_costs(GVA, 0, 0, "absent: the fault bypasses Umbra");
		mmu_write(&world_cpu, PT * PAGE_SIZE + 5 * 8, &entry, 8);
		world_access(GVA, 0, &h);
		world_require(h.result == HW_OK, GVA,
			      "invariant 1: the guest has mapped the page, and "
			      "the shadow still says ABSENT");
		mmu_write(&world_cpu, PT * PAGE_SIZE + 5 * 8, &(u64){ 0 }, 8);
	}
	world_audit();
}

static void must_bypass(bool bypasses, const char *why)
{
	if (mmu_bypasses(world_mmu, world_cpu.role) != bypasses)
		fail_msg("%s: mmu_bypasses() must be %s", why,
			 bypasses ? "true" : "false");
	filter_is(0, !bypasses);
}

static void only_where_it_is_sound(void **state)
{
	const u64 cr0 = CR0_PE | CR0_PG, lma = EFER_LME | EFER_LMA;

	must_bypass(true, "4-level paging with a reserved bit");
	mmu_set_state(&world_cpu, CR0_PE, 0, 0, 0, NULL);
	must_bypass(false, "an unpaged guest has no page faults of its own");
	create_world(MMU_UPDATE, true);
	must_bypass(false, "the switch `bypass` is off");
	create_world(MMU_BYPASS, false);
	must_bypass(false, "no bit of a leaf is reserved with MAXPHYADDR 52 "
			   "and NXE=1");
	mmu_set_state(&world_cpu, cr0, 0, CR4_PAE, lma, NULL);
	must_bypass(true, "with NXE=0 bit 63 is reserved");
}

static void tables_must_be_cached(void **state)
{
	struct mmu_policy policy = mmu_rung_policies[MMU_BYPASS];

	must_bypass(true, "the rung `bypass`");
	policy.cache = false;
	mmu_set_policy(&world_cpu, &policy);
	must_bypass(false, "the tables are not cached, so nothing tells when "
			   "absence ends");
}

#define TEST(name) cmocka_unit_test_setup(name, set_up)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(filter),
		TEST(classified),
		TEST(demand_fault),
		TEST(absence_ends),
		TEST(only_where_it_is_sound),
		TEST(tables_must_be_cached),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
