/* SPDX-License-Identifier: MIT */
/* The processor's state after an instruction, and the mode of code. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "vmx/guest_mode.h"
#include "vmx/events/step.h"

static void rip(void **state)
{
	const u64 high = 0xfffffffffffffffeULL;

	assert_int_equal(step_rip(0x1000, 2, INSN_MODE_64), 0x1002);
	assert_int_equal(step_rip(0xffffffff, 2, INSN_MODE_64), 0x100000001);
	assert_int_equal(step_rip(high, 2, INSN_MODE_64), 0);
	assert_int_equal(step_rip(0xffffffff, 2, INSN_MODE_32), 1);
}

static void flags(void **state)
{
	assert_int_equal(step_rflags(RFLAGS_RF | RFLAGS_IF | RFLAGS_TF),
			 RFLAGS_IF | RFLAGS_TF);
}

/* SDM vol. 3A, 6.8.3; 3B, 17.3.1; 3C, table 24-4. */
static void debug(void **state)
{
	const u32 ss = BLOCKING_BY_MOV_SS | BLOCKING_BY_NMI;
	const u64 held = PENDING_DEBUG_ENABLED | BIT(1);

	assert_int_equal(step_debug(RFLAGS_TF | RFLAGS_RF, 0, 0, 0), BIT(14));
	assert_int_equal(step_debug(RFLAGS_IF, 0, 0, 0), 0);
	assert_int_equal(step_debug(RFLAGS_IF, BIT(3), 0, 0), BIT(3));
	/* A #DB that MOV SS holds back comes with the next instruction. */
	assert_int_equal(step_debug(0, 0, ss, held), BIT(1));
	assert_int_equal(step_debug(0, 0, ss, BIT(14)), BIT(14));
	assert_int_equal(step_debug(RFLAGS_TF, BIT(0), ss, held),
			 BIT(14) | BIT(1) | BIT(0));
	/* A breakpoint that is not enabled raises no #DB. */
	assert_int_equal(step_debug(0, 0, ss, BIT(1)), 0);
	assert_int_equal(step_debug(0, 0, BLOCKING_BY_STI, held), 0);
}

/* Only the blocking by STI and MOV SS lasts for one instruction. */
static void blocking(void **state)
{
	u32 kept = BLOCKING_BY_NMI | BLOCKING_BY_SMI;

	assert_int_equal(step_interruptibility(BLOCKING_BY_STI | kept), kept);
	assert_int_equal(step_interruptibility(BLOCKING_BY_MOV_SS | kept),
			 kept);
	assert_int_equal(step_interruptibility(0), 0);
}

/* The condition of a short path: only RIP changes. */
static void plain(void **state)
{
	assert_true(step_is_plain(RFLAGS_IF, BLOCKING_BY_NMI, 0));
	assert_false(step_is_plain(RFLAGS_TF, 0, 0));
	assert_true(step_is_plain(RFLAGS_RF, 0, 0));
	assert_false(step_is_plain(0, BLOCKING_BY_STI, 0));
	assert_false(step_is_plain(0, BLOCKING_BY_MOV_SS, 0));
	for (u32 i = 0; i < 8; i++)
		assert_false(step_is_plain(0, 0, BIT(i)));
	assert_true(step_is_plain(0, 0, BIT(10)));
}

static void modes(void **state)
{
	assert_int_equal(code_mode(EFER_LMA, AR_L), INSN_MODE_64);
	assert_int_equal(code_mode(EFER_LMA, AR_DB), INSN_MODE_32);
	assert_int_equal(code_mode(EFER_LMA, 0), INSN_MODE_16);
	/* Outside long mode CS.L means nothing. */
	assert_int_equal(code_mode(EFER_LME, AR_L | AR_DB), INSN_MODE_32);
	assert_int_equal(code_mode(0, AR_L), INSN_MODE_16);

	/* CS has no base in 64-bit mode; elsewhere there are 32 bits. */
	assert_int_equal(linear_rip(INSN_MODE_64, 0x1000, 1ULL << 40),
			 1ULL << 40);
	assert_int_equal(linear_rip(INSN_MODE_32, 0xfffff000, 0x3000), 0x2000);
	assert_int_equal(linear_rip(INSN_MODE_16, 0xf0000, 0xfff0), 0xffff0);
	assert_int_equal(mov_cr_value(INSN_MODE_64, 0x123456789), 0x123456789);
	assert_int_equal(mov_cr_value(INSN_MODE_32, 0x123456789), 0x23456789);
}

static void rights(void **state)
{
	assert_int_equal(data_access(3, RFLAGS_AC), PFEC_U);
	assert_int_equal(data_access(0, RFLAGS_AC), WALK_AC);
	assert_int_equal(data_access(2, 0), 0);
}

/* SDM vol. 3C, 26.3.1.2. */
static void tr(void **state)
{
	const u32 tss16 = AR_P | AR_TSS16_BUSY, tss = AR_P | AR_TSS_BUSY;

	assert_int_equal(tr_rights_at_entry(EFER_LMA, tss16), tss);
	assert_int_equal(tr_rights_at_entry(EFER_LMA, tss), tss);
	assert_int_equal(tr_rights_at_entry(EFER_LME, tss16), tss16);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rip),	    cmocka_unit_test(flags),
		cmocka_unit_test(blocking), cmocka_unit_test(plain),
		cmocka_unit_test(modes),    cmocka_unit_test(rights),
		cmocka_unit_test(tr),	    cmocka_unit_test(debug),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
