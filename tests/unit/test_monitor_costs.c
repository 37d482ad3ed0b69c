/* SPDX-License-Identifier: MIT */
/* The monitor's commands that count exits: `exits` and `top`. */
#include "monitor_world.h"

static void buckets_are_quarters(void **state)
{
	static const struct {
		u32 ticks;
		u64 shown;
	} cases[] = { { 0, 0 },	      { 3, 3 },	      { 4, 4 },
		      { 7, 7 },	      { 8, 8 },	      { 9, 8 },
		      { 10, 10 },     { 1000, 896 },  { 1024, 1024 },
		      { 1279, 1024 }, { 1280, 1280 }, { ~0U, 7ULL << 29 } };

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct cost cost;

		memset(&vm.stats.costs, 0, sizeof(vm.stats.costs));
		count_exit(EXIT_HLT, cases[i].ticks);
		cost = cost_of(&vm.stats.costs, EXIT_HLT);
		assert_int_equal(cost.count, 1);
		assert_int_equal(cost.minimum, cases[i].shown);
		assert_int_equal(cost.median, cases[i].shown);
		assert_int_equal(cost.percentile99, cases[i].shown);
	}
}

static void exits_have_a_spread(void **state)
{
	vm.stats.started_ns = NS_PER_SEC;
	vm.stats.ended_ns = 3 * NS_PER_SEC;
	fake.tsc = 4 * NS_PER_SEC;
	monitor_count_wait(&vm);
	for (int i = 0; i < 197; i++)
		count_exit(KIND_FAULT(MMU_INJECT), i < 50 ? 64 : 512);
	count_exit(KIND_FAULT(MMU_INJECT), 4096);
	count_exit(KIND_FAULT(MMU_INJECT), 4096);
	count_exit(KIND_FAULT(MMU_INJECT), 8192);
	count_exit(EXIT_HLT, 8);
	command_prints("exits",
		       "  #PF: injected                      200      100 "
		       "    64    512     4096\n");
	command_prints("exits",
		       "  HLT                                  1        0 "
		       "     8      8        8\n");
	command_prints("exits",
		       "  all                                201      100  in "
		       "2000 ms");
	assert_null(strstr(log_text, "bypassed"));
	vm.stats.faults_injected[0] = 3;
	vm.stats.faults_injected[PFEC_P] = 4;
	vm.stats.faults_taken = 20;
	command_prints("exits",
		       "  #PF: bypassed                       13  ever, by the "
		       "guest's own count\n");
	command_prints("exits reset", "counted from now on\n");
	vm.stats.ended_ns += NS_PER_SEC;
	count_exit(EXIT_HLT, 8);
	command_prints("exits",
		       "all                                  1        1  in "
		       "1000 ms");
	command_prints("exits ever", "for example: exits");
	command_prints("exits every", "for example: exits");
	command_prints("exits every 10000", "for example: exits");
}

static void exits_are_shown_again(void **state)
{
	run_command("exits every 2");
	log_text[0] = '\0';
	vm.stats.ended_ns = 2 * NS_PER_SEC - 1;
	monitor_tick(&vm);
	assert_string_equal(log_text, "");
	vm.stats.ended_ns = 2 * NS_PER_SEC;
	monitor_tick(&vm);
	assert_non_null(strstr(log_text, "in 2000 ms"));
	log_text[0] = '\0';
	monitor_tick(&vm);
	assert_string_equal(log_text, "");
	/* Decimal, unlike addresses. */
	run_command("exits every 10");
	log_text[0] = '\0';
	vm.stats.ended_ns = 12 * NS_PER_SEC - 1;
	monitor_tick(&vm);
	assert_string_equal(log_text, "");
	vm.stats.ended_ns = 12 * NS_PER_SEC;
	monitor_tick(&vm);
	assert_non_null(strstr(log_text, "in 10000 ms"));
	command_prints("exits every a", "for example: exits");
	/* The counts go on without the tables. */
	count_exit(EXIT_HLT, 8);
	command_prints("exits every 0", "exits are shown no more\n");
	vm.stats.ended_ns = 29 * NS_PER_SEC;
	log_text[0] = '\0';
	monitor_tick(&vm);
	assert_string_equal(log_text, "");
	command_prints("exits",
		       "all                                  1        0  in "
		       "17000 ms");
}

/* The columns that a line takes on a screen. */
static size_t columns_of(const char *text)
{
	size_t count = 0;

	for (; *text; text++) {
		if (*text == '\x1b')
			text = strchr(text, 'm');
		else
			count++;
	}
	return count;
}

static const char *drawn_line(u32 row)
{
	top_draw(&vm);
	for (u32 i = 0; i < TOP_ROWS; i++)
		assert_in_range(columns_of(vm.monitor.top.lines[i]), 0,
				COLUMNS);
	return vm.monitor.top.lines[row];
}

#define ROW_FAULT (ROW_TABLES + 1 + SLOT)

static void top_shows_both_tables(void **state)
{
	run_command("top");
	assert_true(vm.monitor.top.on);
	vm.monitor.top.fault = GVA;
	mmu_root(&vm.vcpu.paging);
	assert_non_null(
		strstr(drawn_line(ROW_FAULT), PLAIN " " REVERSE "005 PWUAD"));
	assert_non_null(strstr(drawn_line(ROW_TABLES + 1),
			       REVERSE "000 PWUAD    TABLE " PLAIN));
	cause_fault(GVA, 0);
	assert_non_null(strstr(drawn_line(ROW_FAULT),
			       REVERSE BOLD "005 PWUAD    LEAF  " PLAIN));
	assert_non_null(strstr(drawn_line(ROW_FAULT),
			       REVERSE "005 PWUAD    LEAF  " PLAIN));
	assert_non_null(strstr(drawn_line(ROW_ADDRESS), "0x0000000000005000"));
	/* The end of a table. */
	vm.monitor.top.fault = ~0ULL;
	assert_non_null(strstr(drawn_line(ROW_TABLES + TOP_ENTRIES), "1ff "));
}

/* The shadow of 32-bit paging has four PDPTEs: no other slot repeats them. */
static void top_ends_at_4_gib(void **state)
{
	run_command("top");
	mmu_set_state(&vm.vcpu.paging, CR0_PE | CR0_PG | CR0_WP, 0, 0, 0, NULL);
	cause_fault(0, 0);
	vm.monitor.top.fault = 0;
	assert_non_null(strstr(drawn_line(ROW_TABLES + 1), "TABLE"));
	assert_null(strstr(drawn_line(ROW_TABLES + 1 + PAE_PDPTES), "TABLE"));
}

static void top_counts_exits(void **state)
{
	count_exit(EXIT_HLT, 8);
	drawn_line(0);
	count_exit(EXIT_HLT, 8);
	count_exit(EXIT_HLT, 8);
	vm.stats.ended_ns += NS_PER_SEC;
	assert_non_null(strstr(drawn_line(ROW_EXITS),
			       "HLT                                2 "));
	/* There are more kinds than fit. */
	for (u32 kind = 0; kind < EXIT_KINDS; kind++)
		count_exit(kind, 8);
	drawn_line(0);
	run_command("exits reset");
	assert_string_equal(drawn_line(ROW_EXITS), "");
}

static void top_has_keys(void **state)
{
	run_command("top");
	top_key(&vm, '3');
	assert_false(mmu_policy(world_mmu)->bypass);
	assert_non_null(strstr(drawn_line(ROW_POLICY), "update"));
	top_key(&vm, '+');
	assert_memory_equal(mmu_policy(world_mmu),
			    &mmu_rung_policies[MMU_BYPASS],
			    sizeof(struct mmu_policy));
	top_key(&vm, '6');
	assert_non_null(strstr(drawn_line(ROW_POLICY), "custom"));
	top_key(&vm, '-'); /* of no rung: none is below */
	top_key(&vm, '9');
	assert_non_null(strstr(drawn_line(ROW_POLICY), "custom"));
	top_key(&vm, '+');
	assert_non_null(strstr(drawn_line(ROW_POLICY), "cached"));
	top_key(&vm, 'q');
	assert_false(vm.monitor.top.on);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(buckets_are_quarters, set_up),
		cmocka_unit_test_setup(exits_have_a_spread, set_up),
		cmocka_unit_test_setup(exits_are_shown_again, set_up),
		cmocka_unit_test_setup(top_shows_both_tables, set_up),
		cmocka_unit_test_setup(top_ends_at_4_gib, set_up),
		cmocka_unit_test_setup(top_counts_exits, set_up),
		cmocka_unit_test_setup(top_has_keys, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
