/* SPDX-License-Identifier: MIT */
#include "lib/printf.h"
#include "lib/string.h"
#include "vmx/exit.h"
#include "vmx/monitor/commands.h"
#include "vmx/monitor/top.h"
#include "vmx/report/rung.h"
#include "vmx/report/view_words.h"
#include "vmx/vm.h"

/* ECMA-48's SGR (8.3.117). */
#define PLAIN "\x1b[0m"
#define BOLD "\x1b[1m"
#define REVERSE "\x1b[7m"

#define ROW_POLICY 0
#define ROW_SWITCHES 1
#define ROW_ADDRESS 2
#define ROW_TABLES 3 /* the tables' names, then the entries */
#define ROW_EXITS (ROW_TABLES + TOP_ENTRIES + 2)
#define KINDS_A_ROW 2

static void draw_policy(const struct vm *vm, char lines[TOP_ROWS][TOP_LINE])
{
	const struct mmu_policy *policy = mmu_policy(vm->mmu);
	const char *rung = rung_name(policy);

	snprintf(lines[ROW_POLICY], TOP_LINE,
		 REVERSE "Umbra %-8s q: the prompt   + -: the rung   1 to %d: "
			 "a switch   space: hold" PLAIN,
		 rung ? rung : "custom", MMU_SWITCHES);
	for (u32 i = 0; i < MMU_SWITCHES; i++) {
		bool on = mmu_switch_get(policy, i);

		snappend(lines[ROW_SWITCHES], TOP_LINE, "%s%u %s" PLAIN " ",
			 on ? REVERSE : "", i + 1,
			 strchr(mmu_switches[i].name, '.') + 1);
	}
}

/* --- The tables ------------------------------------------------------------- */

/* Returns the address whose entry at @level is @slot, in the tables of @gva. */
static gva_t address_of(gva_t gva, u8 level, u32 slot)
{
	u32 shift = PAGE_SHIFT + 9 * (level - 1);

	gva = (gva & ~(511ULL << shift)) | (u64)slot << shift;
	return (gva_t)((s64)(gva << 16) >> 16);
}

/* Returns the slot of the first row: @slot is in the middle if it can be. */
static u32 first_shown(u32 slot)
{
	u32 before = TOP_ENTRIES / 2;

	return slot < before ? 0 : MIN(slot - before, 512U - TOP_ENTRIES);
}

static void draw_cell(struct vm *vm, u8 level, u32 row, char line[TOP_LINE])
{
	struct top *top = &vm->monitor.top;
	struct top_cell *last = &top->cells[level][row], now = { 0, 0 };
	u32 slot = pt_index(top->gva, level);
	u32 shown = first_shown(slot) + row;
	gva_t gva = address_of(top->gva, level, shown);
	const char *kind = "", *emphasis = "";
	struct mmu_view view;
	bool changed;
	char flags[FLAG_LETTERS];

	mmu_view(&vm->vcpu.paging, gva, &view);
	/* Outside 4-level paging addresses end at 4 GiB. */
	if (!mmu_has_address(&vm->vcpu.paging, gva))
		view.guest_top = view.shadow_top = 0;
	if (level <= view.guest_top && level >= view.guest.level)
		now.gpte = view.guest.pte[level];
	if (level <= view.shadow_top && level >= view.shadow_level) {
		now.spte = view.spte[level];
		kind = kind_word(view.kind[level]);
	}
	/* For another address no entry counts as changed. */
	changed = top->same &&
		  (last->gpte != now.gpte || last->spte != now.spte);
	*last = now;
	if (shown == slot)
		emphasis = changed ? REVERSE BOLD : REVERSE;
	else if (changed)
		emphasis = BOLD;
	/* "1ff PWUADSGN TABLE": 18 columns, and two between the tables. */
	snappend(line, TOP_LINE, "%s%03x %-8s %-6s" PLAIN " ", emphasis, shown,
		 flag_letters(flags, now.gpte), kind);
}

static void draw_tables(struct vm *vm, char lines[TOP_ROWS][TOP_LINE])
{
	for (u8 level = PT_LEVELS; level; level--) {
		snappend(lines[ROW_TABLES], TOP_LINE, "%-4s guest   shadow ",
			 level_name(level));
		for (u32 row = 0; row < TOP_ENTRIES; row++)
			draw_cell(vm, level, row, lines[ROW_TABLES + 1 + row]);
	}
}

/* --- The exits -------------------------------------------------------------- */

static void draw_exits(struct vm *vm, char lines[TOP_ROWS][TOP_LINE])
{
	struct top *top = &vm->monitor.top;
	u64 ns = monitor_ran_ns(vm) - top->drawn_ns;
	u32 row = ROW_EXITS, in_row = 0;

	snprintf(lines[row - 1], TOP_LINE,
		 REVERSE "exits a second, by kind" PLAIN);
	for (u32 kind = 0; kind < EXIT_KINDS; kind++) {
		u64 count = cost_of(&vm->stats.costs, kind).count;
		/* The monitor may have reset the costs meanwhile. */
		u64 more = count - MIN(count, top->exits[kind]);

		top->exits[kind] = count;
		if (!count || row == TOP_ROWS)
			continue;
		snappend(lines[row], TOP_LINE, "%-27.27s %8lu   ",
			 kind_name(kind), per_second(more, ns));
		if (++in_row == KINDS_A_ROW) {
			in_row = 0;
			row++;
		}
	}
	top->drawn_ns = monitor_ran_ns(vm);
}

void top_draw(struct vm *vm)
{
	struct top *top = &vm->monitor.top;

	for (u32 row = 0; row < TOP_ROWS; row++)
		top->lines[row][0] = '\0';
	top->same = top->gva == top->fault;
	top->gva = top->fault;
	draw_policy(vm, top->lines);
	snprintf(top->lines[ROW_ADDRESS], TOP_LINE,
		 "the last #PF exit: 0x%016lx", top->gva);
	draw_tables(vm, top->lines);
	draw_exits(vm, top->lines);
}

/* --- The keys --------------------------------------------------------------- */

static void change_rung(struct vm *vm, bool up)
{
	const char *name = rung_name(mmu_policy(vm->mmu));
	u32 rung = 0;

	while (name && strcmp(mmu_rung_names[rung], name))
		rung++;
	if (up ? rung + 1 < MMU_RUNGS : rung > 0)
		monitor_change_policy(
			vm, &mmu_rung_policies[up ? rung + 1 : rung - 1]);
}

void top_key(struct vm *vm, u8 key)
{
	struct mmu_policy policy = *mmu_policy(vm->mmu);
	u32 number = key - '1';

	vm->monitor.top.held = key == ' ' && !vm->monitor.top.held;
	if (key == 'q')
		vm->monitor.top.on = false;
	else if (key == '+' || key == '-')
		change_rung(vm, key == '+');
	else if (number < MMU_SWITCHES) {
		mmu_switch_set(&policy, number,
			       !mmu_switch_get(&policy, number));
		monitor_change_policy(vm, &policy);
	}
	vm->monitor.top.next_ns = 0;
}

HANDLER(top)
{
	vm->monitor.top.shown[0][0] = '\0';
	vm->monitor.top.next_ns = 0;
	vm->monitor.top.on = true;
	return true;
}
