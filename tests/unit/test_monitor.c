/* SPDX-License-Identifier: MIT */
/* The monitor's commands. */
#include "monitor_world.h"

/* Each command's example works, and prints no line that is too long. */
static void examples_work(void **state)
{
	char text[TYPED_SIZE];

	for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
		const struct command *c = &commands[i];

		assert_int_equal(strncmp(c->example, c->name, strlen(c->name)),
				 0);
		run_command(c->example);
		/*
		 * A wrong argument is explained, and so is a command by help.
		 */
		assert_int_equal(!!strstr(log_text, "for example"),
				 c->run == run_help);
		assert_null(strstr(log_text, "no command"));
		snprintf(text, sizeof(text), "help %s", c->name);
		command_prints(text, c->example);
		command_prints("help", c->help);
	}
}

static void wrong_ones_are_explained(void **state)
{
	command_prints("wal 0", "no command \"wal\"; help lists them");
	command_prints("help wal", "no command \"wal\"");
	command_prints("poweroff/", "no command \"poweroff/\"");
	assert_false(vm.ended);
	command_prints("walk", "for example: walk ffffffff81000000");
	command_prints("walk zero", "for example: walk");
	command_prints("walk 1 2", "for example: walk");
	command_prints("cont 1",
		       "cont: let the guest go on\nfor example: cont\n");
	command_prints("x/257b 0", "for example: x");
	command_prints("x/99999999999999999999999 0", "for example: x");
	command_prints("x/f 0", "for example: x");
	command_prints("mmu fast", "for example: mmu bypass off");
	assert_int_equal(vm.monitor.keys.request, REQUEST_MONITOR);
	run_command("");
	assert_string_equal(log_text, "");
}

static void commands_end_the_prompt(void **state)
{
	run_command("cont");
	assert_int_equal(vm.monitor.keys.request, REQUEST_NONE);
	assert_false(vm.ended);
	run_command("reset");
	assert_true(vm.ended);
	assert_int_equal(ended, END_GUEST_RESET);
	run_command("poweroff");
	assert_int_equal(ended, END_GUEST_POWER_OFF);
}

static void walk_shows_both(void **state)
{
	command_prints("walk 5000",
		       "    4      0x1000 PWUAD                   TABLE 0x");
	command_prints("walk 5000",
		       "    1      0x14000 PWUAD                  TRAP\n");
	command_prints("walk 5000", "  guest-physical 0x14000\n");
	command_prints("walk 5000",
		       "  user write    exit (TRAP): Umbra fills the entry\n");
	command_prints("walk 0x6008", "    1      0x0 ");
	assert_null(strstr(log_text, "guest-physical"));
	run_command("mmu update");
	command_prints("walk 6008",
		       "  kernel fetch  exit (TRAP): Umbra injects #PF, "
		       "not present\n");
	command_prints("walk 800000000000", "0x800000000000 is no address");
}

static void walk_follows_a_fault(void **state)
{
	struct guest_walk walk;

	mmu_root(&vm.vcpu.paging);
	mmu_page_fault(&vm.vcpu.paging, GVA, PFEC_P | PFEC_RSVD, &walk);
	command_prints("walk 5000", "LEAF 0x1014000 P");
	command_prints("walk 5000", "  kernel read   hit, no exit\n");
	command_prints("walk 6000",
		       "    1      0x0                            ABSENT\n");
	command_prints("walk 6000",
		       "  user read     no exit (ABSENT): the guest's own "
		       "#PF, not present\n");
}

static void pages_are_listed(void **state)
{
	cause_fault(GVA, 0);
	command_prints("pages", "3 PT   0x3           1    0    0    0    1  ");
	command_prints("pages",
		       " PML4 0x0           0    0    0    1    0  root\n");
	command_prints("pages", "\n4 in use of ");
	command_prints("pages 1", " role\n");
	assert_null(strstr(log_text, "PML4"));
	command_prints("pages z", "for example: pages 8");
}

static void a_frame_is_explained(void **state)
{
	/* The page table maps itself, and the page beside is clean. */
	*world_gpte(3, SLOT + 1) = 3 << 12 | LINKED;
	*world_gpte(3, SLOT + 2) = (PAGE << 12 | LINKED) & ~PTE_D;
	cause_fault(GVA, 0);
	cause_fault(GVA + PAGE_SIZE, 0);
	cause_fault(GVA + 2 * PAGE_SIZE, 0);
	command_prints("why 3", " 3 PT   0x3 ");
	command_prints("why 3", "PT of gfn 0x3, slot 0x6: 0x1003000 PU");
	command_prints("why 3", "  write-protected: it is a guest table\n");
	command_prints("why 14", "slot 0x5: 0x1014000 PWU");
	command_prints("why 14", "  writes go through\n");
	command_prints("why 14",
		       "  write-protected: D is clear in the guest's entry\n");
	command_prints("why 14", "entries that map it: 2\n");
	command_prints("why 40", "there is no RAM\n");
}

static void the_log_and_rights_protect(void **state)
{
	*world_gpte(3, SLOT) &= ~PTE_W;
	*world_gpte(3, SLOT + 1) = (PAGE + 1) << 12 | LINKED;
	cause_fault(GVA, 0);
	command_prints("why 14",
		       "  write-protected: the guest's tables give no W\n");
	mmu_dirty_log_start(&vm.vcpu.paging);
	cause_fault(GVA + PAGE_SIZE, 0);
	command_prints("why 15", "  write-protected: the dirty log waits");
}

static void map_shows_ranges(void **state)
{
	*world_gpte(3, SLOT + 1) = (PAGE + 1) << 12 | LINKED;
	*world_gpte(3, SLOT + 2) = (PAGE + 2) << 12 | PTE_P | PTE_NX;
	/* The last page of the address space, by tables of its own. */
	*world_gpte(0, 511) = 4 << 12 | LINKED;
	*world_gpte(4, 511) = 5 << 12 | LINKED;
	*world_gpte(5, 511) = 6 << 12 | LINKED;
	*world_gpte(6, 511) = PAGE << 12 | LINKED;
	cause_fault(GVA, 0);
	command_prints("map",
		       "0000000000005000-0000000000006fff  rwxu            8 ");
	command_prints(
		"map",
		"0000000000007000-0000000000007fff  r---            4            0\n");
	command_prints("map",
		       "fffffffffffff000-ffffffffffffffff  rwxu            4 ");
	assert_null(strstr(log_text, "for more"));
	command_prints("map 6001", "0000000000006001-0000000000006fff");
	command_prints("map fffffffffffff000",
		       "ffffffffffffffff  rwxu            4 ");
	command_prints("map 8000", "nothing is mapped above\n");
	command_prints("map 800000000000", "for example: map");
}

/* Each entry of the top table leads to the same table. */
static void map_ends(void **state)
{
	for (u32 i = 0; i < 512; i++) {
		*world_gpte(0, i) = 1 << 12 | LINKED;
		*world_gpte(1, i) = 2 << 12 | LINKED;
		*world_gpte(2, i) = 3 << 12 | LINKED;
		*world_gpte(3, i) = PAGE << 12 | LINKED;
	}
	command_prints("map",
		       "0000000000000000-000000003fffffff  rwxu      1048576 ");
	command_prints("map", "for more: map 40000000\n");
}

static void memory_is_shown(void **state)
{
	memcpy(world_ram[PAGE] + PAGE_SIZE - 8, "umbra!!!", 8);
	command_prints("x/3xg 5ff8",
		       "  0x0000000000005ff8  2121216172626d75\n"
		       "  0x0000000000006000  is no RAM, or not mapped\n");
	assert_null(strstr(log_text, "6008"));
	run_command("x 5000");
	assert_string_equal(log_text,
			    "  0x0000000000005000  0000000000000000\n");
	command_prints("x/bd 5ff8", "  0x0000000000005ff8  117\n");
	*(world_ram[PAGE] + PAGE_SIZE - 2) = 0xfe;
	command_prints("x/2dh 5ffc", "  0x0000000000005ffe  8702\n");
	command_prints("x/2xb 5ffe",
		       "  0x0000000000005ffe  fe\n  0x0000000000005fff  21\n");
	command_prints("x/db 5ffe", "  0x0000000000005ffe  -2\n");
	command_prints("x/w 5ffc", "  0x0000000000005ffc  21fe2161\n");
	/* A device is not read. */
	*world_gpte(3, SLOT + 1) = (WORLD_FRAMES + 1) << 12 | LINKED;
	command_prints("x/w 6000",
		       "  0x0000000000006000  is no RAM, or not mapped\n");
}

static void strings_and_code_are_shown(void **state)
{
	static const u8 code[] = { 0x48, 0x89, 0x02, 0x0f, 0x22, 0xdf };
	char *page = (char *)world_ram[PAGE];

	strcpy(page, "Umb\tra");
	memset(page + 0x100, '-', 100);
	command_prints("x/2s 5000", "  0x0000000000005000  \"Umb.ra\"\n"
				    "  0x0000000000005007  \"\"\n");
	command_prints("x/3s 5100",
		       "5130  \"------------------------------------"
		       "------------\"\n  0x0000000000005160  \"----\"\n");
	memset(page + PAGE_SIZE - 4, '+', 4);
	command_prints("x/2s 5ffc",
		       "  \"++++\"\n  0x0000000000006000  is no RAM");
	memcpy(page, code, sizeof(code));
	command_prints("x/3i 5000",
		       "  0x0000000000005000  MOV QWORD [RDX], RAX\n"
		       "  0x0000000000005003  bytes 0f 22 df 00: unknown "
		       "to Umbra's decoder\n");
	assert_null(strstr(log_text, "5006"));
}

static void fields_by_prefix(void **state)
{
	fake.vmcs[VMCS_GUEST_CR3] = 0x1234;
	fake.vmcs[VMCS_TSC_OFFSET] = 0x77;
	command_prints("vmcs guest_cr3",
		       "  GUEST_CR3                              "
		       "          0x1234\n");
	assert_null(strstr(log_text, "GUEST_CR4"));
	command_prints("vmcs guest_cr", "GUEST_CR4 ");
	command_prints(
		"vmcs",
		"TSC_OFFSET                                       0x77\n");
	command_prints("vmcs guest_crx", "for example: vmcs");
}

static void audit_at_will(void **state)
{
	cause_fault(GVA, 0);
	command_prints("audit", "the invariants hold over 4 shadow pages\n");
	*world_gpte(3, SLOT) = 0;
	command_prints("audit",
		       "invariant 2 is broken: filled, but the guest's entry "
		       "is absent\n");
	command_prints("audit", "of gfn 0x3, level 1, slot 0x5: 0x1014");
}

static void dirty_frames_are_shown(void **state)
{
	u64 byte = 1;

	command_prints("dirty", "the dirty log is off\n");
	command_prints("dirty on", "the dirty log is on\n");
	for (gfn_t gfn = PAGE; gfn < PAGE + 3; gfn++)
		mmu_write(&vm.vcpu.paging, gfn << PAGE_SHIFT, &byte, 1);
	mmu_write(&vm.vcpu.paging, (WORLD_FRAMES - 1) << PAGE_SHIFT, &byte, 1);
	command_prints("dirty", "  gfn 0x14-0x16\n  gfn 0x3f-0x3f\n4 frames");
	command_prints("dirty", "0 frames written since");
	command_prints("dirty off", "the dirty log is off\n");
	command_prints("dirty o", "for example: dirty on");
}

static void a_change_is_compared(void **state)
{
	vm.stats.ended_ns = 2 * NS_PER_SEC;
	vm.stats.exits_total = 200;
	command_prints("mmu update",
		       "  exits                     100            0\n");
	vm.stats.ended_ns = 3 * NS_PER_SEC;
	vm.stats.exits_total = 260;
	vm.stats.exits[EXIT_CR_ACCESS] = 7;
	command_prints("mmu", "  exits                     100           60\n");
	command_prints("mmu", "  CR accesses                 0            7\n");
	/* Two switches at once: the guest ran with the second only. */
	run_command("mmu bypass");
	command_prints("mmu open=0",
		       "  exits                      60            0\n");
}

static void until_a_kind(void **state)
{
	char text[] = " run";

	command_prints("until exit #pf: table", "until an exit: #pf: table\n");
	assert_int_equal(vm.monitor.until, UNTIL_EXIT);
	assert_true(vm.monitor.runs);
	command_prints("stop", "the guest waits");
	assert_false(vm.monitor.runs);
	command_prints("until exit ext", "until an exit: ext\n");
	assert_string_equal(vm.monitor.kind, "ext");
	command_prints("until exit hlt x", "for example: until");
	command_prints("until entry hlt", "for example: until");
	/* A guest that goes on is not in a step. */
	vm.monitor.until = UNTIL_STEP;
	vm.gdb.step.on = true;
	command_prints("run", "the prompt stays");
	assert_true(vm.monitor.runs);
	assert_false(vm.gdb.step.on);
	/* A command that gdb sends can't let the guest go on. */
	vm.monitor.runs = false;
	log_text[0] = '\0';
	monitor_command(&vm, text, false);
	assert_non_null(strstr(log_text, "only at Umbra's prompt"));
	assert_false(vm.monitor.runs);
	assert_int_equal(vm.monitor.keys.request, REQUEST_MONITOR);
}

/* gdb waits for the end of its step, whatever a person types at the console. */
static void gdbs_step_stays(void **state)
{
	static const char *const go[] = { "run", "stop", "until exit hlt",
					  "cont" };

	vm.gdb.attached = vm.gdb.step.on = true;
	for (size_t i = 0; i < ARRAY_SIZE(go); i++) {
		run_command(go[i]);
		assert_true(vm.gdb.step.on);
	}
	/*
	 * The next of these commands forgets the exit for which until waited.
	 */
	assert_int_equal(vm.monitor.until, 0);
}

static void policy_is_changed(void **state)
{
	command_prints("mmu", "mmu=bypass\n");
	assert_memory_equal(mmu_policy(world_mmu),
			    &mmu_rung_policies[MMU_BYPASS],
			    sizeof(struct mmu_policy));
	command_prints("mmu targets", "mmu=targets\n");
	command_prints("mmu open=0", "mmu=targets mmu.open=0\n");
	command_prints("mmu", "mmu.open         0  let the guest write");
	assert_true(mmu_policy(world_mmu)->targets);
	assert_false(mmu_policy(world_mmu)->open);
}

static void trace_is_shown_and_filtered(void **state)
{
	command_prints("trace show", "no exit is recorded\n");
	for (u64 n = 0; n < 3; n++) {
		vm.stats.exits_total++;
		trace_expect_exit(&vm.trace, &vm.vcpu.record);
		trace_exit(vm.vcpu.record, 10 * n, EXIT_HLT, 0x1000 + n, 0);
		trace_keep_exit(&vm.trace);
		trace_mmu(&vm.trace, 10 * n, MMU_EVENT_FILL, PAGE, GVA);
	}
	command_prints("trace show", "the last 3 exits: ticks since");
	command_prints("trace show 2",
		       "  +10       rip 0x0000000000001002 HLT\n"
		       "    fill     gfn 0x14       0x5000\n");
	assert_null(strstr(log_text, "rip 0x0000000000001000"));
	command_prints("trace off", "recorded from now on: off\n");
	assert_int_equal(vm.trace.kinds, 0);
	run_command("trace on");
	assert_int_equal(vm.trace.kinds, TRACE_ALL);
	run_command("trace exit,target");
	assert_int_equal(vm.trace.kinds,
			 BIT(TRACE_EXIT) | BIT(TRACE_MMU + MMU_EVENT_TARGET));
	trace_mmu(&vm.trace, 30, MMU_EVENT_TARGET, 0x77, 1);
	command_prints("trace show", "    target   gfn 0x77       0x1\n");
	command_prints("trace", "for example: trace show 8");
	command_prints("trace exits", "for example: trace");
	command_prints("trace on 1", "for example: trace");
	command_prints("trace show all", "for example: trace");
}

/* trace=N prints these at the end, with the numbers of the exits. */
static void printed_kinds_stay(void **state)
{
	vm.shown_exits = 8;
	run_command("trace exit,fill");
	run_command("trace off");
	assert_int_equal(vm.trace.kinds, TRACE_ALL);
	run_command("trace exit,inject");
	assert_int_equal(vm.trace.kinds, TRACE_PRINTED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(examples_work, set_up),
		cmocka_unit_test_setup(wrong_ones_are_explained, set_up),
		cmocka_unit_test_setup(commands_end_the_prompt, set_up),
		cmocka_unit_test_setup(walk_shows_both, set_up),
		cmocka_unit_test_setup(walk_follows_a_fault, set_up),
		cmocka_unit_test_setup(pages_are_listed, set_up),
		cmocka_unit_test_setup(a_frame_is_explained, set_up),
		cmocka_unit_test_setup(the_log_and_rights_protect, set_up),
		cmocka_unit_test_setup(map_shows_ranges, set_up),
		cmocka_unit_test_setup(map_ends, set_up),
		cmocka_unit_test_setup(memory_is_shown, set_up),
		cmocka_unit_test_setup(strings_and_code_are_shown, set_up),
		cmocka_unit_test_setup(fields_by_prefix, set_up),
		cmocka_unit_test_setup(audit_at_will, set_up),
		cmocka_unit_test_setup(dirty_frames_are_shown, set_up),
		cmocka_unit_test_setup(a_change_is_compared, set_up),
		cmocka_unit_test_setup(until_a_kind, set_up),
		cmocka_unit_test_setup(gdbs_step_stays, set_up),
		cmocka_unit_test_setup(policy_is_changed, set_up),
		cmocka_unit_test_setup(trace_is_shown_and_filtered, set_up),
		cmocka_unit_test_setup(printed_kinds_stay, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
