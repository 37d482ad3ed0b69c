/* SPDX-License-Identifier: MIT */
/*
 * The choice of the page-fault filter (mmu/filter.c): by P, the bypass, or by
 * U, and what bars the second one.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "mmu_world.h"

/* Tables, root first, in frames 0 to 3. */
#define PT 3
#define TARGET 21ULL
#define READ_ONLY 9 /* slots of PT: a page that the user may not write */
#define CLEAN 10 /* ... that it may, and D is 0 */
#define KERNELS 11 /* ... of the kernel's alone, which is absent */

static int set_up(void **state)
{
	world_create(&mmu_rung_policies[MMU_TARGETS], 64, true);
	for (gfn_t level = 0; level < PT; level++)
		*world_gpte(level, 0) = (level + 1) << 12 | LINKED;
	*world_gpte(PT, READ_ONLY) = TARGET << 12 | PTE_P | PTE_U | PTE_A;
	/* Nothing is filled before its use: A is 0. */
	*world_gpte(PT, CLEAN) = TARGET << 12 | PTE_P | PTE_U | PTE_W;
	mmu_set_state(&world_cpu, world_cpu.cr0 | CR0_WP, 0, world_cpu.cr4,
		      world_cpu.efer, NULL);
	return 0;
}

static bool must_exit(u32 error_code)
{
	struct mmu_filter filter = mmu_filter(&world_cpu);

	return mmu_filter_exits(&filter, error_code);
}

/* The user's write to a page that is read-only: its fault costs @exits. */
static void denied_costs(int exits)
{
	struct hardware h;

	assert_int_equal(world_access(READ_ONLY << 12, PFEC_U | PFEC_W, &h),
			 exits);
	assert_int_equal(h.result, HW_FAULT_TO_GUEST);
	assert_int_equal(h.error_code, PFEC_P | PFEC_U | PFEC_W);
}

static void absent_costs(int exits)
{
	struct hardware h;

	assert_int_equal(world_access(KERNELS << 12, PFEC_W, &h), exits);
	assert_int_equal(h.result, HW_FAULT_TO_GUEST);
	assert_int_equal(h.error_code, PFEC_W);
}

/* Two denied faults exit in vain: then the second filter is preferred. */
static void prefer_second(void)
{
	struct hardware h;

	world_access(READ_ONLY << 12, PFEC_U, &h);
	denied_costs(1);
	denied_costs(1);
}

/* The third denied fault passes, until the kernel's exit in vain. */
static void user_faults_pass(void **state)
{
	struct hardware h;

	world_access(READ_ONLY << 12, PFEC_U, &h);
	absent_costs(0);
	prefer_second();
	for (u32 code = 0; code < 2 * PFEC_I; code++)
		assert_int_equal(must_exit(code),
				 !(code & PFEC_U) || (code & PFEC_RSVD));
	for (u32 i = 0; i < 3; i++)
		denied_costs(0);
	for (u32 i = 0; i < 4; i++)
		absent_costs(1);
	absent_costs(0);
	denied_costs(1);
	world_audit();
}

/* The user reads a page whose D is 0: a write must exit, to set D. */
static void not_while_w_is_withheld(void **state)
{
	struct hardware h;

	prefer_second();
	denied_costs(0);
	world_cpu.root_is_new = world_cpu.state_is_new = false;
	world_access(CLEAN << 12, PFEC_U, &h);
	assert_true(world_cpu.root_is_new && world_cpu.state_is_new);
	world_costs(CLEAN << 12, PFEC_U | PFEC_W, 1, "D is not set yet");
	assert_true(*world_gpte(PT, CLEAN) & PTE_D);
	/* W is back, but the processor may know the entry without it. */
	denied_costs(1);
	mmu_unshadow(&world_cpu, PT);
	world_access(READ_ONLY << 12, PFEC_U, &h);
	denied_costs(0);
	world_audit();
}

/* A kernel starts unpaged, and has read its tables then. */
static void withheld_unpaged(void **state)
{
	struct guest_walk walk;
	u64 cr0 = world_cpu.cr0;

	mmu_set_state(&world_cpu, CR0_PE, 0, 0, 0, NULL);
	mmu_root(&world_cpu);
	mmu_page_fault(&world_cpu, PT * PAGE_SIZE, PFEC_U, &walk);
	assert_int_equal(walk.status, WALK_OK);
	mmu_set_state(&world_cpu, cr0, 0, CR4_PAE, EFER_LME | EFER_LMA, NULL);
	prefer_second();
	denied_costs(0);
	world_audit();
}

static void only_where_the_user_is_judged(void **state)
{
	struct mmu_policy policy = mmu_rung_policies[MMU_TARGETS];

	prefer_second();
	denied_costs(0);
	mmu_set_state(&world_cpu, world_cpu.cr0 & ~CR0_WP, 0, world_cpu.cr4,
		      world_cpu.efer, NULL);
	assert_true(must_exit(PFEC_P | PFEC_U));
	set_up(NULL);
	world_mmu->config.user_filter_works = false;
	for (u32 i = 0; i < 4; i++)
		denied_costs(1);
	set_up(NULL);
	policy.denied = false;
	mmu_set_policy(&world_cpu, &policy);
	for (u32 i = 0; i < 4; i++)
		denied_costs(1);
}

#define TEST(name) cmocka_unit_test_setup(name, set_up)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(user_faults_pass),
		TEST(not_while_w_is_withheld),
		TEST(withheld_unpaged),
		TEST(only_where_the_user_is_judged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
