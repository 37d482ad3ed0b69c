/* SPDX-License-Identifier: MIT */
/* The access behind a page fault: instruction fetches, and SMAP. */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "arch/x86/emulator/insn.h"
#include "arch/x86/regs.h"
#include "mmu/guest_walk.h"
#include "vmx/exit_qualification.h"
#include "vmx/exits/faulting_access.h"

#define RIP 0x180ff8
#define TRAP (PFEC_P | PFEC_RSVD) /* the page is not in the shadow yet */

/* A supervisor's read with AC set, of the byte after the first, under SMAP. */
static struct page_fault_facts facts;

static int set_up(void **state)
{
	facts = (struct page_fault_facts){
		.error_code = TRAP,
		.gva = RIP + 1,
		.rip = RIP,
		.cr0 = CR0_PE | CR0_PG,
		.cr4 = CR4_PAE | CR4_SMAP,
		.data_access = WALK_AC,
	};
	return 0;
}

static void the_error_code_may_tell_all(void **state)
{
	static const u32 known[] = { PFEC_U, TRAP | PFEC_U, PFEC_U | PFEC_W,
				     TRAP | PFEC_I, PFEC_P };
	static const u32 open[] = { 0,
				    PFEC_W,
				    TRAP,
				    TRAP | PFEC_W,
				    PFEC_P | PFEC_W,
				    PFEC_P | PFEC_PK };

	for (size_t i = 0; i < ARRAY_SIZE(known); i++)
		assert_true(access_is_known(known[i], CR4_SMAP));
	for (size_t i = 0; i < ARRAY_SIZE(open); i++) {
		assert_true(access_is_known(open[i], CR4_PAE | CR4_SMEP));
		assert_false(access_is_known(open[i], CR4_PAE | CR4_SMAP));
	}
}

static void a_read_near_rip_may_be_a_fetch(void **state)
{
	assert_int_equal(faulting_access(&facts), TRAP | PFEC_I);
	facts.gva = RIP;
	assert_int_equal(faulting_access(&facts), TRAP | PFEC_I);
	facts.gva = RIP + INSN_MAX_LENGTH - 1;
	assert_int_equal(faulting_access(&facts), TRAP | PFEC_I);
	facts.gva = RIP + INSN_MAX_LENGTH;
	assert_int_equal(faulting_access(&facts), TRAP | WALK_AC);
	facts.gva = RIP - 1;
	assert_int_equal(faulting_access(&facts), TRAP | WALK_AC);
	/* The same for a page that is not present in the shadow. */
	facts.gva = RIP;
	facts.error_code = 0;
	assert_int_equal(faulting_access(&facts), PFEC_I);
}

/* The hardware says that it was no fetch: SDM vol. 3A, 4.7. */
static void reported_i_d_is_believed(void **state)
{
	facts.efer = EFER_NXE;
	assert_int_equal(faulting_access(&facts), TRAP | WALK_AC);
	/* NXE means nothing to 32-bit paging. */
	facts.cr4 &= ~CR4_PAE;
	assert_int_equal(faulting_access(&facts), TRAP | PFEC_I);
	facts.efer = 0;
	facts.cr4 |= CR4_SMEP;
	assert_int_equal(faulting_access(&facts), TRAP | WALK_AC);
	/* While the guest has no paging the processor runs without both. */
	facts.error_code = TRAP;
	facts.efer = EFER_NXE;
	facts.cr0 = CR0_PE;
	assert_int_equal(faulting_access(&facts), TRAP | PFEC_I);
}

static void a_write_is_no_fetch(void **state)
{
	facts.error_code = TRAP | PFEC_W;
	assert_int_equal(faulting_access(&facts), TRAP | PFEC_W | WALK_AC);
	facts.data_access = 0;
	assert_int_equal(faulting_access(&facts), TRAP | PFEC_W);
	facts.error_code = PFEC_P | PFEC_W;
	assert_int_equal(faulting_access(&facts), PFEC_P | PFEC_W);
	/* Implicit, at CPL 3: of a descriptor table, say. */
	facts.data_access = PFEC_U;
	assert_int_equal(faulting_access(&facts), PFEC_P | PFEC_W);
}

/* The push of a frame, and a fetch, are no instruction to emulate. */
static void operands_are_emulated(void **state)
{
	u32 event = VMX_INTR(INTR_EXTERNAL, 0x30);

	assert_true(access_is_operand(PFEC_W | PFEC_P, 0));
	assert_true(
		access_is_operand(PFEC_W | PFEC_P, event & ~VMX_INTR_VALID));
	assert_true(access_is_operand(WALK_AC, 0));
	assert_false(access_is_operand(PFEC_W | PFEC_P, event));
	assert_false(access_is_operand(PFEC_I, 0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(operands_are_emulated),
		cmocka_unit_test(the_error_code_may_tell_all),
		cmocka_unit_test_setup(a_read_near_rip_may_be_a_fetch, set_up),
		cmocka_unit_test_setup(reported_i_d_is_believed, set_up),
		cmocka_unit_test_setup(a_write_is_no_fetch, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
