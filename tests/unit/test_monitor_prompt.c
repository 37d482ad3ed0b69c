/* SPDX-License-Identifier: MIT */
/* The prompt: its lines, when the guest waits, and the exits that stop it. */
#include "monitor_world.h"

/* Types @keys, and serves the monitor as between two instructions. */
static void types(const char *keys)
{
	log_text[0] = '\0';
	typed = keys;
	monitor_serve(&vm);
	assert_string_equal(typed, "");
}

static void history_keeps_whole_lines(void **state)
{
	types("mmu update\rmmu vtlb\r\x1b[A\x1b[A\rcont\r");
	assert_memory_equal(mmu_policy(world_mmu),
			    &mmu_rung_policies[MMU_UPDATE],
			    sizeof(struct mmu_policy));
	assert_int_equal(vm.monitor.keys.request, REQUEST_NONE);
}

static bool says_it_waits(const char *keys)
{
	types(keys);
	return strstr(log_text, "the guest waits, its clocks go on");
}

static void waiting_is_said_where_it_is_true(void **state)
{
	assert_true(says_it_waits("run\r"));
	assert_false(says_it_waits("regs\r"));
	assert_false(says_it_waits("top\r"));
	assert_false(says_it_waits("q"));
	assert_false(says_it_waits("until exit hlt\r"));
	vm.vcpu.exit.kind = EXIT_HLT;
	monitor_exited(&vm);
	assert_true(says_it_waits("top\r"));
	assert_true(says_it_waits("qcont\r"));
	vm.monitor.keys.request = REQUEST_MONITOR;
	vm.ended = true;
	assert_false(says_it_waits(""));
}

static void the_exit_stops_the_guest(void **state)
{
	types("until exit hlt\rtop\r");
	vm.gdb.attached = vm.gdb.step.on = true;
	vm.vcpu.exit.kind = EXIT_CPUID;
	monitor_exited(&vm);
	assert_true(vm.monitor.runs && vm.monitor.top.on);
	vm.vcpu.exit.kind = EXIT_HLT;
	monitor_exited(&vm);
	assert_false(vm.monitor.runs || vm.monitor.top.on);
	assert_int_equal(vm.monitor.until, 0);
	/* The step is gdb's. */
	assert_true(vm.gdb.step.on);
}

/* Two kinds begin with "I/O", and no processor has the first one here. */
static void each_kind_that_begins_so_stops_it(void **state)
{
	types("until exit i/o\r");
	vm.vcpu.exit.kind = EXIT_EXTERNAL_INTERRUPT;
	monitor_exited(&vm);
	assert_true(vm.monitor.runs);
	vm.vcpu.exit.kind = EXIT_IO_INSTRUCTION;
	monitor_exited(&vm);
	assert_false(vm.monitor.runs);
	types("until exit #pf\r");
	vm.vcpu.exit.kind = KIND_FAULT(MMU_INJECT);
	monitor_exited(&vm);
	assert_false(vm.monitor.runs);
}

static void the_step_of_the_monitor_ends(void **state)
{
	types("step\r");
	assert_true(vm.monitor.runs && vm.gdb.step.on);
	assert_int_equal(vm.monitor.until, UNTIL_STEP);
	monitor_exited(&vm);
	assert_false(vm.monitor.runs || vm.gdb.step.on);
	assert_int_equal(vm.monitor.until, 0);
}

static void the_guest_of_gdb_is_not_stepped(void **state)
{
	vm.gdb.attached = true;
	types("step\rcont\r");
	assert_false(vm.gdb.step.on);
	assert_non_null(strstr(log_text, "no step: the guest is gdb's"));
}

/* The guest waits from one blank to the next one, or to another key. */
static void the_picture_is_held(void **state)
{
	static const char *const keys[] = { " ", "+" };

	types("top\r");
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		typed_later = keys[i];
		types(" ");
		assert_null(typed_later);
		assert_true(vm.monitor.top.on);
	}
	assert_string_equal(rung_name(mmu_policy(world_mmu)), "prefetch");
	typed_later = "qcont\r";
	types(" ");
	types("");
	assert_int_equal(vm.monitor.keys.request, REQUEST_NONE);
}

/* Only lines that have changed are sent, except after the guest's own lines. */
static void the_picture_is_drawn_again(void **state)
{
	size_t whole;

	types("top\r");
	shown_bytes = 0;
	types("");
	whole = shown_bytes;
	for (int guest_printed = 0; guest_printed < 2; guest_printed++) {
		if (guest_printed)
			vm.monitor.top.shown[0][0] = '\0';
		vm.monitor.top.next_ns = shown_bytes = 0;
		types("");
		assert_int_equal(shown_bytes > whole / 2, guest_printed);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(history_keeps_whole_lines, set_up),
		cmocka_unit_test_setup(waiting_is_said_where_it_is_true,
				       set_up),
		cmocka_unit_test_setup(the_exit_stops_the_guest, set_up),
		cmocka_unit_test_setup(each_kind_that_begins_so_stops_it,
				       set_up),
		cmocka_unit_test_setup(the_step_of_the_monitor_ends, set_up),
		cmocka_unit_test_setup(the_picture_is_held, set_up),
		cmocka_unit_test_setup(the_picture_is_drawn_again, set_up),
		cmocka_unit_test_setup(the_guest_of_gdb_is_not_stepped, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
