/* SPDX-License-Identifier: MIT */
/* The run loop: the order of its calls, the audit and the canaries, its end. */
#include "run_world.h"

/* --- One entry, one exit -------------------------------------------------- */

static void order(void **state)
{
	enter_once();
	assert_steps("deliver doctor forget enter redeliver handle ");
	assert_int_equal(vm.stats.exits_total, 1);
	assert_int_equal(vm.stats.exits[EXIT_CPUID], 1);
	/* With all that a user may have asked for. */
	vm.gdb.step.on = true;
	vm.gdb.link.port = (void *)&vm;
	vm.monitor.until = UNTIL_EXIT;
	vm.audit = 1;
	vm.dump = true;
	enter_once();
	assert_steps("step_enter deliver leave enter step_left redeliver "
		     "handle monitor audit gdb_exited ");
	vcpu->launched = false;
	enter_once();
	assert_non_null(strstr(steps, "deliver dump doctor forget enter"));
	assert_int_equal(vm.stats.exits_total, 3);
}

/* The exit's record is in the place that the trace gave before the entry. */
static void exit_is_traced(void **state)
{
	static u64 ring[3 * PAGE_SIZE / sizeof(u64)];

	trace_init(&vm.trace, &vcpu->record, ring, 3, 1);
	vcpu->record = &vm.trace.none;
	enter_once();
	leave_fields(EXIT_HLT);
	enter_once();
	assert_int_equal(trace_count(&vm.trace), 2);
	assert_int_equal(trace_at(&vm.trace, 0)->what, EXIT_CPUID);
	assert_int_equal(trace_at(&vm.trace, 0)->number, 77);
	assert_int_equal(trace_at(&vm.trace, 1)->what, EXIT_HLT);
}

static void root_is_asked_for(void **state)
{
	enter_once();
	enter_once();
	assert_int_equal(roots, 1);
	vcpu->paging.root_is_new = true;
	enter_once();
	assert_int_equal(roots, 2);
	assert_false(vcpu->paging.root_is_new);
}

/* The guest may have loaded one of the targets. */
static void root_after_an_exit(void **state)
{
	targets = (struct mmu_targets){ .count = 1, .value = { 0x9000 } };
	enter_once();
	assert_steps("deliver doctor forget enter exited redeliver handle ");
	assert_int_equal(exited_cr3, ROOT);
	fake.vmcs[VMCS_GUEST_CR3] = 0x9000;
	enter_once();
	assert_int_equal(exited_cr3, 0x9000);
}

/* --- The audit and the canaries ------------------------------------------- */

static void audit_comes_in_turn(void **state)
{
	vm.audit = 3;
	for (u32 exit = 1; exit <= 7; exit++) {
		steps[0] = '\0';
		enter_once();
		assert_int_equal(!!strstr(steps, "audit"), exit % 3 == 0);
		assert_int_equal(canary_looks, exit / 3);
	}
}

/* Each may be pending again as soon as its audit has ended. Nor do they count. */
static void interrupts_are_not_audited(void **state)
{
	vm.audit = 2;
	for (u32 exit = 1; exit <= 8; exit++) {
		steps[0] = '\0';
		fake.vmcs[VMCS_EXIT_REASON] =
			exit % 2 ? EXIT_CPUID : EXIT_EXTERNAL_INTERRUPT;
		enter_once();
		assert_int_equal(!!strstr(steps, "audit"), exit % 4 == 3);
	}
}

static void audit_finds(void **state)
{
	finding = (struct mmu_audit){
		.invariant = 4, .what = "it is so", .slot = 17, .level = 2
	};
	vm.audit = 1;
	if (!setjmp(panicked)) {
		enter_once();
		fail_msg("the run goes on");
	}
	assert_log_has("audit: invariant 4 is broken after exit 1: it is so");
	assert_log_has("level 2, slot 17");
}

static void canary_is_damaged(void **state)
{
	canary_dies = true;
	vm.audit = 1;
	if (!setjmp(panicked)) {
		enter_once();
		fail_msg("the run goes on");
	}
	assert_log_has("canary: the word at 0x1234 has changed");
	/* The canary is reported before the damage that may be in the tables. */
	assert_null(strstr(steps, "audit"));
}

/* --- The whole run -------------------------------------------------------- */

static void run_until_the_end(void **state)
{
	left_at = 2;
	vm.shown_exits = 20;
	vm.status.last_line = 1;
	vm.monitor.waited_ns = 5;
	vm_run(&vm);
	assert_int_equal(entries, 2);
	assert_int_equal(vm.typed, -1);
	assert_int_equal(vm.stats.started_ns, 5000);
	assert_int_equal(vm.status.last_line, 5000);
	assert_int_equal(vm.monitor.waited_ns, 0);
	/* Two looks at the devices, a root and two events: a tick each. */
	assert_int_equal(vm.stats.ended_ns, 5000 + 2 * TICKS + 5);
	assert_int_equal(shown_exits, 20);
	assert_log_lacks("canaries");
	assert_steps("serve deliver doctor forget enter redeliver handle "
		     "serve deliver leave enter redeliver handle "
		     "disarm status trace screen stats send gdb_end ");
}

/* The devices are served when it is time, or during an interrupt. */
static void devices_have_their_time(void **state)
{
	left_at = 3;
	vm.deadline = fake.tsc + 2 * TICKS;
	vm_run(&vm);
	assert_steps("deliver doctor forget enter redeliver handle "
		     "deliver leave enter redeliver handle "
		     "serve deliver leave enter redeliver handle "
		     "disarm status trace screen stats send gdb_end ");
	set_up(state);
	left_at = 1;
	vm.deadline = ~0ULL;
	vm.pacing.since = 1;
	vm_run(&vm);
	assert_int_equal(strncmp(steps, "serve ", strlen("serve ")), 0);
}

/*
 * The cost of an exit is with all that comes before the next entry:
 * stats_leave_root() checks its time.
 */
static void time_is_read_last(void **state)
{
	delivers = false;
	left_at = 3;
	loads_cr3 = true;
	vm.deadline = ~0ULL;
	vm_run(&vm);
	assert_int_equal(roots, 3);
	set_up(state);
	delivers = false;
	left_at = 3;
	vm_run(&vm);
	assert_int_equal(entries, 3);
}

static void ends_between_two_exits(void **state)
{
	ends_in_serve = true;
	vm_run(&vm);
	assert_int_equal(entries, 0);
}

static void a_key_changes_the_policy(void **state)
{
	left_at = 1;
	policy_changes = true;
	vm_run(&vm);
	assert_int_equal(roots, 2);
	assert_false(vcpu->paging.root_is_new);
}

/* The next exit is shown to those whom the user has asked for at the prompt. */
static void a_watch_begins(void **state)
{
	left_at = 1;
	asked = UNTIL_EXIT;
	vm_run(&vm);
	assert_steps("serve deliver doctor forget enter redeliver handle "
		     "monitor disarm status trace screen stats send "
		     "gdb_end ");
}

/* HLT serves the console itself. Nothing is due before the next entry. */
static void a_watch_begins_in_hlt(void **state)
{
	left_at = 2;
	vm.deadline = ~0ULL;
	asked_in_hlt = UNTIL_STEP;
	vm_run(&vm);
	assert_steps("deliver doctor forget enter redeliver handle monitor "
		     "step_enter deliver leave enter step_left redeliver "
		     "handle monitor disarm status trace screen stats send "
		     "gdb_end ");
}

static void run_under_gdb(void **state)
{
	left_at = 1;
	vm.gdb.link.port = (void *)&vm;
	vm_run(&vm);
	/* The wait for gdb is no part of the run. */
	assert_int_equal(vm.stats.started_ns, 5000 + TICKS);
	assert_steps("gdb_begin serve deliver doctor forget enter redeliver "
		     "handle gdb_exited disarm status trace screen stats "
		     "send gdb_end ");
}

static void reports(void **state)
{
	left_at = 1;
	vm.canaries.count = 4;
	vm.operation.shown = true;
	vm_run(&vm);
	assert_int_equal(canary_looks, 4);
	assert_log_has("canaries: 4 frames kept from the guest, all untouched");
	assert_null(strstr(steps, "trace"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(order, set_up),
		cmocka_unit_test_setup(exit_is_traced, set_up),
		cmocka_unit_test_setup(root_is_asked_for, set_up),
		cmocka_unit_test_setup(root_after_an_exit, set_up),
		cmocka_unit_test_setup(audit_comes_in_turn, set_up),
		cmocka_unit_test_setup(interrupts_are_not_audited, set_up),
		cmocka_unit_test_setup(audit_finds, set_up),
		cmocka_unit_test_setup(canary_is_damaged, set_up),
		cmocka_unit_test_setup(run_until_the_end, set_up),
		cmocka_unit_test_setup(devices_have_their_time, set_up),
		cmocka_unit_test_setup(time_is_read_last, set_up),
		cmocka_unit_test_setup(ends_between_two_exits, set_up),
		cmocka_unit_test_setup(a_key_changes_the_policy, set_up),
		cmocka_unit_test_setup(a_watch_begins, set_up),
		cmocka_unit_test_setup(a_watch_begins_in_hlt, set_up),
		cmocka_unit_test_setup(run_under_gdb, set_up),
		cmocka_unit_test_setup(reports, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
