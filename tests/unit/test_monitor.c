/* SPDX-License-Identifier: MIT */
/* The monitor: its keys, the line at its prompt, and its commands. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "fake_processor.h"
#include "mmu_world.h"

/* The commands print to a text of ours. */
#define log_info test_log
#include "vmx/monitor/commands.c"
#include "vmx/monitor/costs.c"
#include "vmx/monitor/policy.c"
#include "vmx/monitor/shadow.c"
#include "vmx/monitor/state.c"
#include "vmx/monitor/survey.c"
#include "vmx/monitor/top.c"
#include "vmx/trace/command.c"
/* A text that fills the buffer is cut off; the compiler asks. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-truncation"
#include "vmx/report/trace.c"
#pragma GCC diagnostic pop
#undef log_info

#define GVA 0x5000ULL
#define SLOT 5
#define PAGE 20ULL
/* Columns of a screen, and the prefix of a line. */
#define COLUMNS 80
#define PREFIX_LENGTH 7

static char printed[8192];
static struct vm vm;
static enum end_reason ended;
static u8 ring[PAGE_SIZE] __attribute__((aligned(4096)));

/* --- The rest of vmx/ ------------------------------------------------------- */

void test_log(const char *fmt, ...)
{
	size_t length = strlen(printed);
	va_list args;
	int added;

	va_start(args, fmt);
	added = vsnprintf(printed + length, sizeof(printed) - length, fmt,
			  args);
	va_end(args);
	assert_in_range(added, 0, COLUMNS - PREFIX_LENGTH);
	strcat(printed, "\n");
}

u64 time_ns(void)
{
	return fake.tsc;
}

void vmx_dump_registers(struct vcpu *vcpu)
{
	test_log("registers");
}

void vm_end_by_user(struct vm *v, enum end_reason reason)
{
	v->ended = true;
	ended = reason;
}

void vmx_change_policy(struct vcpu *vcpu, const struct mmu_policy *policy)
{
	mmu_set_policy(&vcpu->mmu, policy);
}

/* tests/unit/test_gdb_serve.c has the steps. */
bool monitor_step(struct vm *v, char *const words[], size_t count)
{
	return true;
}

void step_end(struct vm *v)
{
	v->gdb.step.on = false;
}

/* A page at GVA; frames 0 to 3 are the tables of the lowest 2 MiB. */
static int set_up(void **state)
{
	world_create(&mmu_rung_policies[MMU_BYPASS], 64, true);
	for (gfn_t level = 0; level < 3; level++)
		*world_gpte(level, 0) = (level + 1) << 12 | LINKED;
	*world_gpte(3, SLOT) = PAGE << 12 | LINKED;
	memset(&vm, 0, sizeof(vm));
	vm.mmu = world_mmu;
	vm.vcpu.mmu = world_vcpu;
	world_mmu->vcpu = &vm.vcpu.mmu;
	vm.monitor.keys.request = REQUEST_MONITOR;
	memset(ring, 0, sizeof(ring));
	trace_init(&vm.trace, ring, 1, NS_PER_SEC);
	return 0;
}

static void command(const char *text)
{
	char line[TYPED_SIZE];

	printed[0] = '\0';
	snprintf(line, sizeof(line), "%s", text);
	monitor_command(&vm, line, true);
}

static void prints(const char *text, const char *expected)
{
	command(text);
	if (!strstr(printed, expected))
		fail_msg("%s prints\n%swithout \"%s\"", text, printed,
			 expected);
}

/* --- The keys --------------------------------------------------------------- */

static void keys_for_umbra(void **state)
{
	static const struct {
		u8 key;
		enum console_request request;
	} keys[] = { { 'h', REQUEST_HELP },
		     { 's', REQUEST_STATISTICS },
		     { 'm', REQUEST_MONITOR },
		     { 'x', REQUEST_END },
		     { '?', REQUEST_HELP } };

	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		struct console_keys k = { 0 };

		assert_true(keys_pass(&k, keys[i].key));
		assert_false(keys_pass(&k, 1));
		assert_int_equal(k.request, REQUEST_NONE);
		assert_false(keys_pass(&k, keys[i].key));
		assert_int_equal(k.request, keys[i].request);
		assert_true(keys_pass(&k, keys[i].key));
	}
}

static void two_are_one_for_the_guest(void **state)
{
	struct console_keys k = { 0 };

	assert_false(keys_pass(&k, 1));
	assert_true(keys_pass(&k, 1));
	assert_true(keys_pass(&k, 'x'));
	assert_int_equal(k.request, REQUEST_NONE);
}

/* --- The line --------------------------------------------------------------- */

static struct line line;
static char echo[TYPED_ECHO_SIZE];

/* Returns true if the last byte has finished the line. */
static bool type(const char *bytes)
{
	bool done = false;

	for (; *bytes; bytes++) {
		assert_false(done);
		done = line_take(&line, (u8)*bytes, echo);
	}
	return done;
}

static void line_is_edited(void **state)
{
	memset(&line, 0, sizeof(line));
	line_begin(&line);
	assert_false(type("wall\x7fk\x08\x08lk"));
	assert_string_equal(line.text, "walk");
	assert_string_equal(echo, "k");
	assert_false(type("\x7f"));
	assert_string_equal(echo, "\b \b");
	assert_string_equal(line.text, "wal");
	assert_false(type("\x15"));
	assert_string_equal(line.text, "");
	assert_string_equal(echo, "\r" MONITOR_PROMPT "\x1b[K");
	/* Nothing to erase; controls that are no editing. */
	assert_false(type("\x7f\x02\t"));
	assert_string_equal(line.text, "");
	assert_true(type("cont\r"));
	assert_string_equal(echo, "\n");
	assert_string_equal(line.text, "cont");
}

static void line_is_not_too_long(void **state)
{
	memset(&line, 0, sizeof(line));
	line_begin(&line);
	for (int i = 0; i < 2 * TYPED_SIZE; i++)
		assert_false(type("x"));
	assert_int_equal(strlen(line.text), TYPED_SIZE - 1);
	assert_string_equal(echo, "");
	assert_false(type("\x7f"));
	assert_int_equal(strlen(line.text), TYPED_SIZE - 2);
}

static void last_line_comes_back(void **state)
{
	memset(&line, 0, sizeof(line));
	line_begin(&line);
	assert_true(type("mmu\n"));
	line_begin(&line);
	assert_true(type("\n")); /* an empty line is none */
	line_begin(&line);
	assert_false(type("x\x1b[A"));
	assert_string_equal(line.text, "mmu");
	assert_false(type("\x1b[A")); /* there is none before */
	assert_string_equal(line.text, "mmu");
	assert_false(type("\x1b[B"));
	assert_string_equal(line.text, "");
	/* Other keys: Right, Delete, Alt and a letter. */
	assert_false(type("a\x1b[C\x1b[3~\x1bzb"));
	assert_string_equal(line.text, "ab");
}

static void history_is_a_ring(void **state)
{
	char text[] = "0\n", expected[] = "0";

	memset(&line, 0, sizeof(line));
	for (int i = 0; i <= HISTORY; i++, text[0]++) {
		line_begin(&line);
		assert_true(type(text));
	}
	line_begin(&line);
	for (int i = HISTORY; i > 0; i--) {
		expected[0] = (char)('0' + i);
		assert_false(type("\x1b[A"));
		assert_string_equal(line.text, expected);
	}
	assert_false(type("\x1b[A")); /* "0" is forgotten */
	assert_string_equal(line.text, "1");
	assert_false(type("\x1b[B"));
	assert_string_equal(line.text, "2");
	assert_string_equal(echo, "\r" MONITOR_PROMPT "2\x1b[K");
}

/* Types @text and Tab. */
static void completes(const char *text, const char *expected)
{
	memset(&line, 0, sizeof(line));
	line_begin(&line);
	type(text);
	monitor_complete(&line, echo);
	assert_string_equal(line.text, expected);
	assert_int_equal(line.length, strlen(expected));
	assert_non_null(strstr(echo, expected));
}

static void tab_completes(void **state)
{
	completes("re", "re"); /* regs, reset */
	completes("wa", "walk ");
	completes("pow", "poweroff ");
	completes("mm", "mmu ");
	completes("mmu by", "mmu bypass");
	completes("mmu vt", "mmu vtlb ");
	completes("vmcs GUEST_CR", "vmcs GUEST_CR");
	completes("vmcs GUEST_RI", "vmcs GUEST_RIP ");
	completes("trace unsh", "trace unshadow ");
	completes("nothing", "nothing");
	completes("", "");
}

/* --- The words -------------------------------------------------------------- */

static void words_are_cut(void **state)
{
	char text[] = "  walk  ffff ", many[] = "a b c", none[] = "  ";
	char *words[2];

	assert_int_equal(parse_words(text, words, 2), 2);
	assert_string_equal(words[0], "walk");
	assert_string_equal(words[1], "ffff");
	/* The last one is the rest. */
	assert_int_equal(parse_words(many, words, 2), 2);
	assert_string_equal(words[1], "b c");
	assert_int_equal(parse_words(none, words, 2), 0);
}

static void numbers_are_hexadecimal(void **state)
{
	static const char *const wrong[] = {
		"",    "0x", "g", "-1", "1 ", "0x0x1", "10000000000000000",
		"12/", "1:"
	};
	u64 value;

	assert_true(parse_hex("ffffffff81Ab0000", &value));
	assert_int_equal(value, 0xffffffff81ab0000);
	assert_true(parse_hex("0X10", &value));
	assert_int_equal(value, 16);
	assert_true(parse_hex("ffffffffffffffff", &value));
	assert_int_equal(value, ~0ULL);
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++)
		assert_false(parse_hex(wrong[i], &value));
}

static bool change_policy(const char *text, struct mmu_policy *policy)
{
	char copy[TYPED_SIZE], *words[2] = { NULL, NULL };

	snprintf(copy, sizeof(copy), "%s", text);
	return parse_words(copy, words, 2) &&
	       parse_policy(words[0], words[1], policy);
}

static void policy_by_word(void **state)
{
	static const char *const wrong[] = {
		"",	     "bypas=0",	     "cache",	  "bypass=2",
		"cache=",    "vtlb=1",	     "mmu.cache", "prefetch=513",
		"rung=fast", "mmu.update=x", "rung",	  "prefetch=on",
	};
	struct mmu_policy policy = mmu_rung_policies[MMU_TARGETS], before;

	assert_true(change_policy("mmu.bypass=0", &policy));
	assert_false(policy.bypass);
	assert_true(policy.targets);
	assert_true(change_policy("bypass on", &policy));
	assert_true(policy.bypass);
	assert_true(change_policy("bypass off", &policy));
	assert_false(policy.bypass);
	assert_true(change_policy("bypass=1", &policy));
	assert_true(change_policy("prefetch=17", &policy));
	assert_int_equal(policy.prefetch, 16);
	before = policy;
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++)
		assert_false(change_policy(wrong[i], &policy));
	assert_memory_equal(&policy, &before, sizeof(policy));
	assert_true(change_policy("rung vtlb", &policy));
	assert_memory_equal(&policy, &mmu_rung_policies[MMU_VTLB],
			    sizeof(policy));
	assert_true(change_policy("update", &policy));
	assert_memory_equal(&policy, &mmu_rung_policies[MMU_UPDATE],
			    sizeof(policy));
}

/* --- The commands ----------------------------------------------------------- */

/* The example of each works, and none prints a line too long. */
static void examples_work(void **state)
{
	char text[TYPED_SIZE];

	for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
		const struct command *c = &commands[i];

		assert_int_equal(strncmp(c->example, c->name, strlen(c->name)),
				 0);
		command(c->example);
		/* A wrong argument is explained; so is what help is asked. */
		assert_int_equal(!!strstr(printed, "for example"),
				 c->run == run_help);
		assert_null(strstr(printed, "no command"));
		snprintf(text, sizeof(text), "help %s", c->name);
		prints(text, c->example);
		prints("help", c->help);
	}
}

static void wrong_ones_are_explained(void **state)
{
	prints("wal 0", "no command \"wal\"; help lists them");
	prints("help wal", "no command \"wal\"");
	prints("walk", "for example: walk ffffffff81000000");
	prints("walk zero", "for example: walk");
	prints("walk 1 2", "for example: walk");
	prints("cont 1", "for example: cont");
	prints("x/257b 0", "for example: x");
	prints("x/99999999999999999999999 0", "for example: x");
	prints("x/i 0", "for example: x");
	prints("mmu fast", "for example: mmu bypass off");
	assert_int_equal(vm.monitor.keys.request, REQUEST_MONITOR);
	command("");
	assert_string_equal(printed, "");
}

static void commands_end_the_prompt(void **state)
{
	command("cont");
	assert_int_equal(vm.monitor.keys.request, REQUEST_NONE);
	assert_false(vm.ended);
	command("reset");
	assert_true(vm.ended);
	assert_int_equal(ended, END_GUEST_RESET);
	command("poweroff");
	assert_int_equal(ended, END_GUEST_POWER_OFF);
}

static void walk_shows_both(void **state)
{
	prints("walk 5000",
	       "    4      0x1000 PWUAD                   TABLE 0x");
	prints("walk 5000", "    1      0x14000 PWUAD                  TRAP\n");
	prints("walk 5000", "  guest-physical 0x14000\n");
	prints("walk 5000",
	       "  user write    exit (TRAP): Umbra fills the entry\n");
	prints("walk 0x6008", "    1      0x0 ");
	assert_null(strstr(printed, "guest-physical"));
	command("mmu update");
	prints("walk 6008", "  kernel fetch  exit (TRAP): Umbra injects #PF, "
			    "not present\n");
	prints("walk 800000000000", "0x800000000000 is no address");
}

static void walk_follows_a_fault(void **state)
{
	struct guest_walk walk;

	mmu_root(&vm.vcpu.mmu);
	mmu_page_fault(&vm.vcpu.mmu, GVA, PFEC_P | PFEC_RSVD, &walk);
	prints("walk 5000", "LEAF 0x1014000 P");
	prints("walk 5000", "  kernel read   hit, no exit\n");
	prints("walk 6000",
	       "    1      0x0                            ABSENT\n");
	prints("walk 6000", "  user read     no exit (ABSENT): the guest's own "
			    "#PF, not present\n");
}

static void fault(gva_t gva, u32 access)
{
	struct guest_walk walk;

	mmu_root(&vm.vcpu.mmu);
	mmu_page_fault(&vm.vcpu.mmu, gva, PFEC_P | PFEC_RSVD | access, &walk);
}

static void pages_are_listed(void **state)
{
	fault(GVA, 0);
	prints("pages", "3 PT   0x3           1    0    0    0    1  ");
	prints("pages", " PML4 0x0           0    0    0    1    0  root\n");
	prints("pages", "\n4 in use of ");
	prints("pages 1", " role\n");
	assert_null(strstr(printed, "PML4"));
	prints("pages z", "for example: pages 8");
}

static void a_frame_is_explained(void **state)
{
	/* The page table maps itself, and the page beside is clean. */
	*world_gpte(3, SLOT + 1) = 3 << 12 | LINKED;
	*world_gpte(3, SLOT + 2) = (PAGE << 12 | LINKED) & ~PTE_D;
	fault(GVA, 0);
	fault(GVA + PAGE_SIZE, 0);
	fault(GVA + 2 * PAGE_SIZE, 0);
	prints("why 3", " 3 PT   0x3 ");
	prints("why 3", "PT of gfn 0x3, slot 0x6: 0x1003000 PU");
	prints("why 3", "  write-protected: it is a guest table\n");
	prints("why 14", "slot 0x5: 0x1014000 PWU");
	prints("why 14", "  writes go through\n");
	prints("why 14",
	       "  write-protected: D is clear in the guest's entry\n");
	prints("why 14", "entries that map it: 2\n");
	prints("why 40", "there is no RAM\n");
}

static void the_log_and_rights_protect(void **state)
{
	*world_gpte(3, SLOT) &= ~PTE_W;
	*world_gpte(3, SLOT + 1) = (PAGE + 1) << 12 | LINKED;
	fault(GVA, 0);
	prints("why 14", "  write-protected: the guest's tables give no W\n");
	mmu_dirty_log_start(&vm.vcpu.mmu);
	fault(GVA + PAGE_SIZE, 0);
	prints("why 15", "  write-protected: the dirty log waits");
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
	fault(GVA, 0);
	prints("map", "0000000000005000-0000000000006fff  rwxu            8 ");
	prints("map",
	       "0000000000007000-0000000000007fff  r---            4            0\n");
	prints("map", "fffffffffffff000-ffffffffffffffff  rwxu            4 ");
	assert_null(strstr(printed, "for more"));
	prints("map 6001", "0000000000006001-0000000000006fff");
	prints("map 800000000000", "for example: map");
}

/* Each entry of the top leads to the same table: 512 GiB of 1 page each. */
static void map_ends(void **state)
{
	for (u32 i = 0; i < 512; i++) {
		*world_gpte(0, i) = 1 << 12 | LINKED;
		*world_gpte(1, i) = 2 << 12 | LINKED;
		*world_gpte(2, i) = 3 << 12 | LINKED;
		*world_gpte(3, i) = PAGE << 12 | LINKED;
	}
	prints("map", "0000000000000000-000000003fffffff  rwxu      1048576 ");
	prints("map", "for more: map 40000000\n");
}

static void memory_is_shown(void **state)
{
	memcpy(world_ram[PAGE] + PAGE_SIZE - 8, "umbra!!!", 8);
	prints("x/2xg 5ff8", "  0x0000000000005ff8  2121216172626d75\n"
			     "  0x0000000000006000  is not mapped\n");
	command("x 5000");
	assert_string_equal(printed,
			    "  0x0000000000005000  0000000000000000\n");
	prints("x/bd 5ff8", "  0x0000000000005ff8  117\n");
	*(world_ram[PAGE] + PAGE_SIZE - 2) = 0xfe;
	prints("x/2dh 5ffc", "  0x0000000000005ffe  8702\n");
	prints("x/2xb 5ffe",
	       "  0x0000000000005ffe  fe\n  0x0000000000005fff  21\n");
	prints("x/db 5ffe", "  0x0000000000005ffe  -2\n");
	prints("x/w 5ffc", "  0x0000000000005ffc  21fe2161\n");
}

static void exit_after(u32 kind, u64 ticks)
{
	vm.stats.costs.counts[kind][cost_bucket(ticks)]++;
}

static void buckets_are_quarters(void **state)
{
	static const struct {
		u64 ticks, shown;
	} cases[] = { { 0, 0 },	      { 3, 3 },	      { 4, 4 },
		      { 7, 7 },	      { 8, 8 },	      { 9, 8 },
		      { 10, 10 },     { 1000, 896 },  { 1024, 1024 },
		      { 1279, 1024 }, { 1280, 1280 }, { ~0ULL, 7ULL << 30 } };

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct cost cost;

		memset(&vm.stats.costs, 0, sizeof(vm.stats.costs));
		exit_after(EXIT_HLT, cases[i].ticks);
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
		exit_after(KIND_FAULT(MMU_INJECT), i < 50 ? 64 : 512);
	exit_after(KIND_FAULT(MMU_INJECT), 4096);
	exit_after(KIND_FAULT(MMU_INJECT), 4096);
	exit_after(KIND_FAULT(MMU_INJECT), 8192);
	exit_after(EXIT_HLT, 8);
	prints("exits", "  #PF: injected                      200      100 "
			"    64    512     4096\n");
	prints("exits", "  HLT                                  1        0 "
			"     8      8        8\n");
	prints("exits", "  all                                201      100  in "
			"2000 ms");
	command("exits reset");
	vm.stats.ended_ns += NS_PER_SEC;
	exit_after(EXIT_HLT, 8);
	prints("exits", "all                                  1        1  in "
			"1000 ms");
	prints("exits ever", "for example: exits");
	prints("exits every", "for example: exits");
	prints("exits every 10000", "for example: exits");
}

static void exits_are_shown_again(void **state)
{
	command("exits every 2");
	vm.stats.ended_ns = 2 * NS_PER_SEC - 1;
	monitor_tick(&vm);
	assert_string_equal(printed, "");
	vm.stats.ended_ns = 2 * NS_PER_SEC;
	monitor_tick(&vm);
	assert_non_null(strstr(printed, "in 2000 ms"));
	printed[0] = '\0';
	monitor_tick(&vm);
	assert_string_equal(printed, "");
	/* Decimal, unlike addresses. */
	command("exits every 10");
	vm.stats.ended_ns = 12 * NS_PER_SEC - 1;
	monitor_tick(&vm);
	assert_string_equal(printed, "");
	vm.stats.ended_ns = 12 * NS_PER_SEC;
	monitor_tick(&vm);
	assert_non_null(strstr(printed, "in 10000 ms"));
	prints("exits every a", "for example: exits");
	printed[0] = '\0';
	command("exits every 0");
	vm.stats.ended_ns = 29 * NS_PER_SEC;
	monitor_tick(&vm);
	assert_string_equal(printed, "");
}

static void fields_by_prefix(void **state)
{
	fake.vmcs[VMCS_GUEST_CR3] = 0x1234;
	fake.vmcs[VMCS_TSC_OFFSET] = 0x77;
	prints("vmcs guest_cr3", "  GUEST_CR3                              "
				 "          0x1234\n");
	assert_null(strstr(printed, "GUEST_CR4"));
	prints("vmcs guest_cr", "GUEST_CR4 ");
	prints("vmcs",
	       "TSC_OFFSET                                       0x77\n");
	prints("vmcs guest_crx", "for example: vmcs");
}

static void audit_at_will(void **state)
{
	fault(GVA, 0);
	prints("audit", "the invariants hold over 4 shadow pages\n");
	*world_gpte(3, SLOT) = 0;
	prints("audit", "invariant 2 is broken: filled, but the guest's entry "
			"is absent\n");
	prints("audit", "of gfn 0x3, level 1, slot 0x5: 0x1014");
}

static void dirty_frames_are_shown(void **state)
{
	u64 byte = 1;

	prints("dirty", "the dirty log is off\n");
	prints("dirty on", "the dirty log is on\n");
	for (gfn_t gfn = PAGE; gfn < PAGE + 3; gfn++)
		mmu_write(&vm.vcpu.mmu, gfn << PAGE_SHIFT, &byte, 1);
	mmu_write(&vm.vcpu.mmu, (WORLD_FRAMES - 1) << PAGE_SHIFT, &byte, 1);
	prints("dirty", "  gfn 0x14-0x16\n  gfn 0x3f-0x3f\n4 frames");
	prints("dirty", "0 frames written since");
	prints("dirty off", "the dirty log is off\n");
	prints("dirty o", "for example: dirty on");
}

static void a_change_is_compared(void **state)
{
	vm.stats.ended_ns = 2 * NS_PER_SEC;
	vm.stats.exits_total = 200;
	prints("mmu update", "  exits                     100            0\n");
	vm.stats.ended_ns = 3 * NS_PER_SEC;
	vm.stats.exits_total = 260;
	vm.stats.exits[EXIT_CR_ACCESS] = 7;
	prints("mmu", "  exits                     100           60\n");
	prints("mmu", "  CR accesses                 0            7\n");
	/* Two switches at once: the guest ran with the second only. */
	command("mmu bypass");
	prints("mmu open=0", "  exits                      60            0\n");
}

static void until_a_kind(void **state)
{
	char text[] = " run";

	prints("until exit #pf: table", "until an exit: #PF: table write\n");
	assert_int_equal(vm.monitor.until, KIND_FAULT(MMU_TABLE_WRITE) + 1);
	assert_true(vm.monitor.runs);
	prints("stop", "the guest waits");
	assert_false(vm.monitor.runs);
	prints("until exit ext", "until an exit: external interrupt\n");
	prints("until exit hlt x", "for example: until");
	prints("until entry hlt", "for example: until");
	/* A guest that goes on is not in a step. */
	vm.gdb.step.on = true;
	prints("run", "the prompt stays");
	assert_true(vm.monitor.runs);
	assert_false(vm.gdb.step.on);
	/* A command that gdb sends can't let the guest go on. */
	vm.monitor.runs = false;
	printed[0] = '\0';
	monitor_command(&vm, text, false);
	assert_non_null(strstr(printed, "only at Umbra's prompt"));
	assert_false(vm.monitor.runs);
	assert_int_equal(vm.monitor.keys.request, REQUEST_MONITOR);
}

/* The columns that a line takes on a screen. */
static size_t columns(const char *text)
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

static const char *drawn(u32 row)
{
	top_draw(&vm);
	for (u32 i = 0; i < TOP_ROWS; i++)
		assert_in_range(columns(vm.monitor.top.lines[i]), 0, COLUMNS);
	return vm.monitor.top.lines[row];
}

#define ROW_FAULT (ROW_TABLES + 1 + SLOT)

static void top_shows_both_tables(void **state)
{
	command("top");
	assert_true(vm.monitor.top.on);
	vm.monitor.top.fault = GVA;
	mmu_root(&vm.vcpu.mmu);
	assert_non_null(
		strstr(drawn(ROW_FAULT), PLAIN " " REVERSE "005 PWUAD"));
	assert_non_null(strstr(drawn(ROW_TABLES + 1),
			       REVERSE "000 PWUAD    TABLE " PLAIN));
	fault(GVA, 0);
	assert_non_null(strstr(drawn(ROW_FAULT),
			       REVERSE BOLD "005 PWUAD    LEAF  " PLAIN));
	assert_non_null(
		strstr(drawn(ROW_FAULT), REVERSE "005 PWUAD    LEAF  " PLAIN));
	assert_non_null(strstr(drawn(ROW_ADDRESS), "0x0000000000005000"));
	/* The end of a table. */
	vm.monitor.top.fault = ~0ULL;
	assert_non_null(strstr(drawn(ROW_TABLES + TOP_ENTRIES), "1ff "));
}

/* The shadow of 32-bit paging has four PDPTEs: no other slot repeats them. */
static void top_ends_at_4_gib(void **state)
{
	command("top");
	mmu_set_state(&vm.vcpu.mmu, CR0_PE | CR0_PG | CR0_WP, 0, 0, 0, NULL);
	fault(0, 0);
	vm.monitor.top.fault = 0;
	assert_non_null(strstr(drawn(ROW_TABLES + 1), "TABLE"));
	assert_null(strstr(drawn(ROW_TABLES + 1 + PAE_PDPTES), "TABLE"));
}

static void top_counts_exits(void **state)
{
	exit_after(EXIT_HLT, 8);
	drawn(0);
	exit_after(EXIT_HLT, 8);
	exit_after(EXIT_HLT, 8);
	vm.stats.ended_ns += NS_PER_SEC;
	assert_non_null(strstr(drawn(ROW_EXITS),
			       "HLT                                2 "));
	/* More kinds than there is room for. */
	for (u32 kind = 0; kind < EXIT_KINDS; kind++)
		exit_after(kind, 8);
	drawn(0);
	command("exits reset");
	assert_string_equal(drawn(ROW_EXITS), "");
}

static void top_has_keys(void **state)
{
	command("top");
	top_key(&vm, '3');
	assert_false(mmu_policy(world_mmu)->bypass);
	assert_non_null(strstr(drawn(ROW_POLICY), "update"));
	top_key(&vm, '+');
	assert_memory_equal(mmu_policy(world_mmu),
			    &mmu_rung_policies[MMU_BYPASS],
			    sizeof(struct mmu_policy));
	top_key(&vm, '6');
	assert_non_null(strstr(drawn(ROW_POLICY), "custom"));
	top_key(&vm, '-'); /* of no rung: none is below */
	top_key(&vm, '9');
	assert_non_null(strstr(drawn(ROW_POLICY), "custom"));
	top_key(&vm, '+');
	assert_non_null(strstr(drawn(ROW_POLICY), "cached"));
	top_key(&vm, 'q');
	assert_false(vm.monitor.top.on);
}

static void policy_is_changed(void **state)
{
	prints("mmu", "mmu=bypass\n");
	assert_memory_equal(mmu_policy(world_mmu),
			    &mmu_rung_policies[MMU_BYPASS],
			    sizeof(struct mmu_policy));
	prints("mmu targets", "mmu=targets\n");
	prints("mmu open=0", "mmu=targets mmu.open=0\n");
	prints("mmu", "mmu.open         0  let the guest write");
	assert_true(mmu_policy(world_mmu)->targets);
	assert_false(mmu_policy(world_mmu)->open);
}

static void trace_is_shown_and_filtered(void **state)
{
	for (u64 n = 0; n < 3; n++) {
		const struct vmx_exit exit = { .tsc = 10 * n,
					       .reason = EXIT_HLT,
					       .rip = 0x1000 + n };

		vm.stats.exits_total++;
		trace_exit(&vm.trace, &exit);
		trace_mmu(&vm.trace, 10 * n, MMU_EVENT_FILL, PAGE, GVA);
	}
	prints("trace show", "the last 3 exits");
	prints("trace show 2",
	       "         2 +10       rip 0x0000000000001002 HLT\n"
	       "    fill     gfn 0x14       0x5000\n");
	assert_null(strstr(printed, "rip 0x0000000000001000"));
	command("trace off");
	assert_int_equal(vm.trace.kinds, 0);
	command("trace on");
	assert_int_equal(vm.trace.kinds, TRACE_ALL);
	command("trace exit,target");
	assert_int_equal(vm.trace.kinds,
			 BIT(TRACE_EXIT) | BIT(TRACE_MMU + MMU_EVENT_TARGET));
	trace_mmu(&vm.trace, 30, MMU_EVENT_TARGET, 0x77, 1);
	prints("trace show", "    target   gfn 0x77       0x1\n");
	prints("trace", "for example: trace show 8");
	prints("trace exits", "for example: trace");
	prints("trace on 1", "for example: trace");
	prints("trace show all", "for example: trace");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keys_for_umbra),
		cmocka_unit_test(two_are_one_for_the_guest),
		cmocka_unit_test(line_is_edited),
		cmocka_unit_test(line_is_not_too_long),
		cmocka_unit_test(last_line_comes_back),
		cmocka_unit_test(history_is_a_ring),
		cmocka_unit_test(tab_completes),
		cmocka_unit_test(words_are_cut),
		cmocka_unit_test(numbers_are_hexadecimal),
		cmocka_unit_test(policy_by_word),
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
		cmocka_unit_test_setup(buckets_are_quarters, set_up),
		cmocka_unit_test_setup(exits_have_a_spread, set_up),
		cmocka_unit_test_setup(exits_are_shown_again, set_up),
		cmocka_unit_test_setup(fields_by_prefix, set_up),
		cmocka_unit_test_setup(audit_at_will, set_up),
		cmocka_unit_test_setup(dirty_frames_are_shown, set_up),
		cmocka_unit_test_setup(a_change_is_compared, set_up),
		cmocka_unit_test_setup(until_a_kind, set_up),
		cmocka_unit_test_setup(top_shows_both_tables, set_up),
		cmocka_unit_test_setup(top_ends_at_4_gib, set_up),
		cmocka_unit_test_setup(top_counts_exits, set_up),
		cmocka_unit_test_setup(top_has_keys, set_up),
		cmocka_unit_test_setup(policy_is_changed, set_up),
		cmocka_unit_test_setup(trace_is_shown_and_filtered, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
