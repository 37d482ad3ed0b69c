/* SPDX-License-Identifier: MIT */
/* The exit of a task switch: the old task's next instruction, and events. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "vmx/exit_qualification.h"
#include "vmx/exits/task_exit.h"

#define TSS 0x28
#define BY(source) ((u64)(source) << 30 | TSS)
#define ERROR_CODE VMX_INTR_ERROR_CODE

/* CALL, JMP and IRET: the task goes on after them. */
static void test_instructions(void **state)
{
	static const enum task_source sources[] = { TASK_CALL, TASK_IRET,
						    TASK_JMP };

	for (size_t i = 0; i < ARRAY_SIZE(sources); i++) {
		struct task_exit exit = task_exit(BY(sources[i]), 0);

		assert_int_equal(exit.selector, TSS);
		assert_int_equal(exit.source, sources[i]);
		assert_true(exit.skips_instruction);
		assert_false(exit.pushes_error_code);
		assert_false(exit.is_external);
		assert_int_equal(exit.nmi, sources[i] == TASK_IRET
						   ? NMI_BLOCKING_ENDS
						   : NMI_BLOCKING_STAYS);
	}
	/* The upper bits of the qualification have another meaning. */
	assert_int_equal(task_exit(BY(TASK_GATE) | BIT(16), 0).selector, TSS);
}

static struct task_exit switch_by_event(enum vmx_intr_type type, u32 vector,
					u32 flags)
{
	return task_exit(BY(TASK_GATE), VMX_INTR(type, vector) | flags);
}

/* An exception and an interrupt come before an instruction, INT n is one. */
static void test_events(void **state)
{
	static const enum vmx_intr_type software[] = {
		INTR_SOFTWARE_INTERRUPT, INTR_SOFTWARE_EXCEPTION,
		INTR_PRIVILEGED_SOFTWARE_EXCEPTION
	};
	static const enum vmx_intr_type external[] = {
		INTR_EXTERNAL, INTR_NMI, INTR_HARDWARE_EXCEPTION
	};

	for (size_t i = 0; i < ARRAY_SIZE(software); i++) {
		struct task_exit exit = switch_by_event(software[i], 0x40, 0);

		assert_true(exit.skips_instruction);
		assert_false(exit.is_external || exit.pushes_error_code);
		exit = switch_by_event(external[i], 0x40, 0);
		assert_true(exit.is_external);
		assert_false(exit.skips_instruction || exit.pushes_error_code);
	}
	assert_true(
		switch_by_event(INTR_HARDWARE_EXCEPTION, VECTOR_GP, ERROR_CODE)
			.pushes_error_code);
	/* Information that is not valid is no event. */
	assert_true(task_exit(BY(TASK_GATE), ERROR_CODE | INTR_NMI << 8)
			    .skips_instruction);
	assert_false(task_exit(BY(TASK_GATE), ERROR_CODE | INTR_NMI << 8)
			     .pushes_error_code);
}

static void test_nmi(void **state)
{
	assert_int_equal(switch_by_event(INTR_NMI, VECTOR_NMI, 0).nmi,
			 NMI_BLOCKING_BEGINS);
	assert_int_equal(switch_by_event(INTR_EXTERNAL, VECTOR_NMI, 0).nmi,
			 NMI_BLOCKING_STAYS);
	assert_int_equal(
		switch_by_event(INTR_SOFTWARE_INTERRUPT, VECTOR_NMI, 0).nmi,
		NMI_BLOCKING_STAYS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_instructions),
		cmocka_unit_test(test_events),
		cmocka_unit_test(test_nmi),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
