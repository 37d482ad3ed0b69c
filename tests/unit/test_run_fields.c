/* SPDX-License-Identifier: MIT */
/*
 * The run loop's fields of the VMCS: those that it writes before an entry, for
 * the exceptions that exit, and those that it reads after an exit, or after an
 * entry that has failed.
 */
#include "run_world.h"

static bool cpu_control_is_set(u32 control)
{
	u32 field =
		(u32)fake
			.vmcs[VMCS_PRIMARY_PROCESSOR_BASED_VM_EXECUTION_CONTROLS];

	assert_true(!field || field & CPU_OTHERS);
	return field & control;
}

/* --- Before an entry: exceptions, targets, filter ------------------------- */

/* The root is new, as always where the targets or the state are. */
static void point_at_new_root(void)
{
	vcpu->paging.root_is_new = true;
	point_at_shadow(vcpu);
}

/* All that the run loop may have to write is new. */
static void point_at_shadow_again(void)
{
	vcpu->paging.targets_are_new = vcpu->paging.state_is_new = true;
	point_at_new_root();
	assert_false(vcpu->paging.root_is_new || vcpu->paging.targets_are_new ||
		     vcpu->paging.state_is_new);
}

/* A load of CR3 writes the root alone. */
static void only_what_is_new_is_written(void **state)
{
	point_at_shadow_again();
	targets = (struct mmu_targets){ .count = 1, .value = { 0x9000 } };
	filter = (struct mmu_filter){ false, PFEC_P, PFEC_P, true, true };
	fake.traffic.writes = 0;
	point_at_new_root();
	assert_int_equal(fake.traffic.writes, 1);
	vcpu->paging.targets_are_new = true;
	point_at_new_root();
	assert_int_equal(vmread(VMCS_CR3_TARGET_VALUE_0), 0x9000);
	assert_int_equal(vmread(VMCS_PAGE_FAULT_ERROR_CODE_MASK), 0);
	vcpu->paging.state_is_new = true;
	point_at_new_root();
	assert_int_equal(vmread(VMCS_PAGE_FAULT_ERROR_CODE_MASK), PFEC_P);
	assert_int_equal(fake.vmcs[VMCS_EXCEPTION_BITMAP], ALWAYS);
}

static void exceptions_that_exit(void **state)
{
	static const struct {
		bool intercept;
		u64 cr0;
		bool stepping;
		u32 exceptions;
	} cases[] = {
		{ false, CR0_NE, false, ALWAYS },
		{ true, CR0_NE, false, ALWAYS | BIT(VECTOR_PF) },
		{ false, 0, false, ALWAYS | BIT(VECTOR_MF) },
		{ true, 0, false, ALWAYS | BIT(VECTOR_PF) | BIT(VECTOR_MF) },
		{ false, CR0_NE, true, ~0U },
	};

	for (u32 i = 0; i < ARRAY_SIZE(cases); i++) {
		filter.intercept = cases[i].intercept;
		vcpu->paging.cr0 = cases[i].cr0;
		vm.gdb.step.on = cases[i].stepping;
		point_at_shadow_again();
		if (fake.vmcs[VMCS_EXCEPTION_BITMAP] != cases[i].exceptions)
			fail_msg("case %u: 0x%lx", i,
				 fake.vmcs[VMCS_EXCEPTION_BITMAP]);
	}
}

/* A nested hypervisor pays for each VMWRITE. */
static void nothing_is_written_twice(void **state)
{
	filter = (struct mmu_filter){ true, PFEC_P, PFEC_P, true, true };
	targets.count = 2;
	point_at_shadow_again();
	fake.traffic.writes = 0;
	point_at_shadow_again();
	assert_int_equal(fake.vmcs[VMCS_GUEST_CR3], ROOT);
	assert_int_equal(fake.traffic.writes, 1);
	/* The bitmap alone: the filter is the same. */
	vcpu->paging.cr0 = 0;
	point_at_shadow_again();
	assert_int_equal(fake.traffic.writes, 3);
}

/* A change of any part of the filter is written. */
static void filter_is_written(void **state)
{
	static const struct mmu_filter filters[] = {
		{ true, PFEC_P, PFEC_P, false, false },
		{ true, PFEC_P | PFEC_RSVD, PFEC_P, false, false },
		{ true, PFEC_P | PFEC_RSVD, PFEC_P | PFEC_RSVD, false, false },
		{ true, PFEC_P | PFEC_RSVD, PFEC_P | PFEC_RSVD, true, false },
		{ true, PFEC_P | PFEC_RSVD, PFEC_P | PFEC_RSVD, true, true },
		{ true, PFEC_P | PFEC_RSVD, PFEC_P | PFEC_RSVD, true, false },
	};

	for (u32 i = 0; i < ARRAY_SIZE(filters); i++) {
		filter = filters[i];
		point_at_shadow_again();
		assert_int_equal(vmread(VMCS_PAGE_FAULT_ERROR_CODE_MASK),
				 filter.mask);
		assert_int_equal(vmread(VMCS_PAGE_FAULT_ERROR_CODE_MATCH),
				 filter.match);
		assert_int_equal(cpu_control_is_set(CPU_INVLPG_EXITING),
				 filter.invlpg);
		assert_true(vmread(VMCS_CR4_GUEST_HOST_MASK) ==
			    (filter.pge_owned ? ~CR4_PGE : ~0ULL));
	}
	/* gdb's step: all page faults exit, and afterwards as before. */
	vm.gdb.step.on = true;
	point_at_shadow_again();
	assert_int_equal(vmread(VMCS_PAGE_FAULT_ERROR_CODE_MASK), 0);
	assert_int_equal(vmread(VMCS_PAGE_FAULT_ERROR_CODE_MATCH), 0);
	vm.gdb.step.on = false;
	point_at_shadow_again();
	assert_int_equal(vmread(VMCS_PAGE_FAULT_ERROR_CODE_MASK), filter.mask);
	assert_int_equal(vmread(VMCS_PAGE_FAULT_ERROR_CODE_MATCH),
			 filter.match);
}

static void targets_are_written(void **state)
{
	/* The field of a new VMCS may hold any value, and a target may be 0. */
	fake.vmcs[VMCS_CR3_TARGET_VALUE_0] = 7;
	targets = (struct mmu_targets){ .count = 1 };
	point_at_shadow_again();
	assert_int_equal(vmread(VMCS_CR3_TARGET_VALUE_0), 0);
	targets = (struct mmu_targets){ .count = 3, .value = { 1, 2, 3 } };
	point_at_shadow_again();
	for (u32 i = 0; i < targets.count; i++)
		assert_int_equal(vmread(VMCS_CR3_TARGET_VALUE_0 + 2 * i),
				 i + 1);
	assert_int_equal(vmread(VMCS_CR3_TARGET_COUNT), 3);
	assert_false(cpu_control_is_set(CPU_CR3_STORE_EXITING));
	/* One of them is another, and one has gone: two writes and the root. */
	fake.traffic.writes = 0;
	targets = (struct mmu_targets){ .count = 2, .value = { 1, 4 } };
	point_at_shadow_again();
	assert_int_equal(fake.traffic.writes, 3);
	assert_int_equal(vmread(VMCS_CR3_TARGET_VALUE_0), 1);
	assert_int_equal(vmread(VMCS_CR3_TARGET_VALUE_1), 4);
	assert_int_equal(vmread(VMCS_CR3_TARGET_COUNT), 2);
	/* A target comes back whose value is still in its field. */
	targets = (struct mmu_targets){ .count = 3, .value = { 1, 4, 3 } };
	point_at_shadow_again();
	assert_int_equal(vmread(VMCS_CR3_TARGET_VALUE_2), 3);
	assert_int_equal(vmread(VMCS_CR3_TARGET_COUNT), 3);
}

static void cr3_store_exits(void **state)
{
	targets.cr3_store_exits = true;
	point_at_shadow_again();
	assert_true(cpu_control_is_set(CPU_CR3_STORE_EXITING));
	targets.cr3_store_exits = false;
	point_at_shadow_again();
	assert_false(cpu_control_is_set(CPU_CR3_STORE_EXITING));
	/* A processor on which the control can't be 0. */
	capabilities.allowed[CONTROLS_CPU] = CPU_CR3_STORE_EXITING;
	point_at_shadow_again();
	assert_true(cpu_control_is_set(CPU_CR3_STORE_EXITING));
}

/* --- After an exit ---------------------------------------------------------- */

static void page_fault_is_read(void **state)
{
	const struct trace_record *record = vcpu->record;

	leave_fields(EXIT_EXCEPTION_OR_NMI);
	assert_true(vcpu_enter(vcpu));
	assert_int_equal(vcpu->exit.reason, EXIT_EXCEPTION_OR_NMI);
	assert_int_equal(vcpu->exit.kind, EXIT_EXCEPTION_OR_NMI);
	assert_int_equal(vcpu->exit.tsc, fake.tsc);
	assert_true(vcpu->exit.rip == 0xffffffff81000000);
	assert_int_equal(vcpu->exit.qualification, 0x1122334455667788);
	assert_int_equal(vcpu->exit.idt_vectoring, PAGE_FAULT);
	assert_int_equal(vcpu->exit.idt_vectoring_error, 3);
	assert_int_equal(vcpu->exit.interruption, PAGE_FAULT);
	assert_int_equal(vcpu->exit.interruption_error, 9);
	assert_int_equal(record->tsc, fake.tsc);
	assert_int_equal(record->kind, TRACE_EXIT);
	assert_int_equal(record->what, EXIT_EXCEPTION_OR_NMI);
	assert_int_equal(record->vector, VECTOR_PF);
	assert_int_equal(record->error, 9);
	assert_true(record->subject == vcpu->exit.rip);
	assert_int_equal(record->detail, vcpu->exit.qualification);
	assert_int_equal(fake.traffic.reads, fake.reads);
	/* The reason's bits above 15 tell more of the exit (table 24-16). */
	leave_fields(EXIT_EXCEPTION_OR_NMI | BIT(27));
	vcpu->exit.interruption = 0;
	assert_true(vcpu_enter(vcpu));
	assert_int_equal(vcpu->exit.interruption, PAGE_FAULT);
}

/* Fields that this exit does not have hold those of an earlier one. */
static void stale_fields_are_not_read(void **state)
{
	leave_fields(EXIT_CPUID);
	assert_true(vcpu_enter(vcpu));
	assert_int_equal(vcpu->exit.qualification, 0);
	assert_int_equal(vcpu->exit.idt_vectoring, 0);
	assert_int_equal(vcpu->exit.interruption, 0);
	assert_int_equal(vcpu->exit.interruption_error, 0);
	assert_int_equal(vcpu->record->vector, 0);
	assert_int_equal(vcpu->record->detail, 0);
	assert_int_equal(fake.traffic.reads, 2);
	assert_int_equal(fake.reads, 2);
	/* An exception without an error code, after one that had one. */
	leave_fields(EXIT_EXCEPTION_OR_NMI);
	vcpu->exit.interruption_error = 5;
	fake.vmcs[VMCS_VM_EXIT_INTERRUPTION_INFORMATION] =
		VMX_INTR(INTR_HARDWARE_EXCEPTION, VECTOR_DB);
	fake.vmcs[VMCS_IDT_VECTORING_INFORMATION] = 0;
	vcpu->exit.idt_vectoring_error = 6;
	assert_true(vcpu_enter(vcpu));
	assert_int_equal(vcpu->exit.interruption_error, 0);
	assert_int_equal(vcpu->exit.idt_vectoring, 0);
	assert_int_equal(vcpu->exit.idt_vectoring_error, 6);
	assert_int_equal(vcpu->record->vector, VECTOR_DB);
	assert_int_equal(vcpu->record->error, 0);
}

/* An interrupt may come while an event is delivered. */
static void event_under_delivery(void **state)
{
	leave_fields(EXIT_EXTERNAL_INTERRUPT);
	assert_true(vcpu_enter(vcpu));
	assert_int_equal(vcpu->exit.idt_vectoring, PAGE_FAULT);
	assert_int_equal(vcpu->exit.idt_vectoring_error, 3);
	assert_int_equal(vcpu->exit.interruption, 0);
	assert_int_equal(fake.traffic.reads, fake.reads);
}

/* The reason is an index of arrays. */
static void unknown_reason(void **state)
{
	leave_fields(0x1234);
	assert_true(vcpu_enter(vcpu));
	assert_int_equal(vcpu->exit.reason, EXIT_UNKNOWN);
}

/* --- The flush ------------------------------------------------------------ */

/* One INVVPID of the scope's type does it; without a VPID, none. */
static void flush(void **state)
{
	vcpu->invvpid_types[TLB_ADDRESS] = INVVPID_ADDRESS;
	vcpu->invvpid_types[TLB_SHADOW] = INVVPID_CONTEXT_RETAINING_GLOBALS;
	vcpu->flush.scope = TLB_SHADOW;
	assert_true(vcpu_enter(vcpu));
	assert_int_equal(fake.invvpids, 0);
	vcpu->controls.value[CONTROLS_CPU2] |= CPU2_ENABLE_VPID;
	vcpu->flush = (struct tlb_flush){ TLB_ADDRESS, 0x7000 };
	assert_true(vcpu_enter(vcpu));
	assert_true(vcpu_enter(vcpu));
	assert_int_equal(fake.invvpids, 1);
	assert_int_equal(fake.invvpid.type, INVVPID_ADDRESS);
	assert_int_equal(fake.invvpid.vpid, GUEST_VPID);
	assert_int_equal(fake.invvpid.address, 0x7000);
	vcpu->flush.scope = TLB_SHADOW;
	assert_true(vcpu_enter(vcpu));
	assert_int_equal(vcpu->invvpids, 2);
	assert_int_equal(fake.invvpid.type, INVVPID_CONTEXT_RETAINING_GLOBALS);
}

/* --- An entry that fails -------------------------------------------------- */

static void first_entry(void **state)
{
	vcpu->flush.scope = TLB_ALL;
	assert_true(vcpu_enter(vcpu));
	assert_steps("doctor enter ");
	assert_true(vcpu->launched);
	assert_true(vcpu_enter(vcpu));
	assert_steps("enter ");
}

static void instruction_fails(void **state)
{
	entry_fails = true;
	vcpu->launched = true;
	fake.vmcs[VMCS_VM_INSTRUCTION_ERROR] = 7;
	assert_false(vcpu_enter(vcpu));
	assert_log_has(
		"VM entry failed: VM-instruction error 7, VM entry with invalid "
		"control field(s)");
	assert_log_has("entry doctor: nothing wrong");
	assert_steps("enter doctor ");
	/* The doctor has told the reason. */
	log_text[0] = '\0';
	verdict = DOCTOR_CONTROLS;
	assert_false(vcpu_enter(vcpu));
	assert_log_lacks("nothing wrong");
}

static void guest_state_is_refused(void **state)
{
	leave_fields(EXIT_REASON_ENTRY_FAILURE | EXIT_INVALID_GUEST_STATE);
	assert_false(vcpu_enter(vcpu));
	assert_int_equal(vcpu->exit.reason, EXIT_INVALID_GUEST_STATE);
	assert_log_has("VM-entry failure: invalid guest state");
	/* The next entry is the first one still. */
	assert_false(vcpu->launched);
}

static void failure_ends_the_run(void **state)
{
	entry_fails = true;
	enter_once();
	assert_true(vm.ended);
	assert_int_equal(vm.end_reason, END_VM_ENTRY_FAILURE);
	assert_int_equal(vm.stats.exits_total, 0);
	assert_steps("deliver doctor forget enter doctor dump ");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(exceptions_that_exit, set_up),
		cmocka_unit_test_setup(only_what_is_new_is_written, set_up),
		cmocka_unit_test_setup(nothing_is_written_twice, set_up),
		cmocka_unit_test_setup(filter_is_written, set_up),
		cmocka_unit_test_setup(targets_are_written, set_up),
		cmocka_unit_test_setup(cr3_store_exits, set_up),
		cmocka_unit_test_setup(page_fault_is_read, set_up),
		cmocka_unit_test_setup(stale_fields_are_not_read, set_up),
		cmocka_unit_test_setup(event_under_delivery, set_up),
		cmocka_unit_test_setup(unknown_reason, set_up),
		cmocka_unit_test_setup(flush, set_up),
		cmocka_unit_test_setup(first_entry, set_up),
		cmocka_unit_test_setup(instruction_fails, set_up),
		cmocka_unit_test_setup(guest_state_is_refused, set_up),
		cmocka_unit_test_setup(failure_ends_the_run, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
