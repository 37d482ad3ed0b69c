/* SPDX-License-Identifier: MIT */
/*
 * What does a demand fault cost? On each rung of Umbra's ladder this program
 * takes 4,096 of them, and asks Umbra for the number of exits meanwhile.
 *
 * A demand fault is a kernel's daily work: a program touches a page that isn't
 * there, the page-fault handler writes a PTE, and the access is tried again.
 * Half of them come from user mode, half from the kernel.
 */
#include "guest/builtin/bench.h"

#define PAGES ((u64)TABLES * PT_ENTRIES)
#define USER_PAGES (PAGES / 2) /* the first half of the tables */
#define PASSES 2

/*
 * All pages are mapped to a few frames in turn, since 4,096 frames would be all
 * of our memory. Each page has a slot of its own in its frame, so that each
 * touch leaves its own mark.
 */
#define MARK 0xdeadbeef00000000

/* The first pass writes PTEs as most kernels do, the second the lazy way. */
static const u64 pass_flags[PASSES] = { LEAF, LEAF & ~(PTE_A | PTE_D) };

struct row {
	char rung[RUNG_NAME_SIZE];
	struct hypercall_counters passes[PASSES];
};

static struct demo {
	u64 flags;
	u64 next; /* the page whose fault is due */
	u64 faults;
	bool user; /* the faults are due from user mode */
} demo;

static struct row rows[RUNGS_MAX];
static struct hypercall_counters before, after;

static u64 *page_slot(u64 page)
{
	return (u64 *)(leaf(page) & PAGE_MASK) + page / FRAMES;
}

static u64 page_leaf(u64 page)
{
	return (leaf(page) & PAGE_MASK) | demo.flags;
}

static bool demo_fault(u64 error_code, gva_t cr2)
{
	u64 page = (cr2 - WINDOW_GVA) / PAGE_SIZE;

	if (page >= PAGES)
		return false;
	if (page != demo.next)
		note_failure("a fault on another page than the one touched");
	if (cr2 % PAGE_SIZE != page / FRAMES * sizeof(u64))
		note_failure("a fault at another address in the page");
	if (error_code != (PFEC_W | (demo.user ? PFEC_U : 0)))
		note_failure("a wrong error code");
	demo.faults++;
	*pte(page) = page_leaf(page);
	demo.next++;
	return true;
}

/* Touches the pages from @range's lower half to below its upper half. */
static u64 __user_code touch(u64 range)
{
	u64 page;

	for (page = (u32)range; page < range >> 32; page++)
		*(volatile u64 *)(WINDOW_GVA + page * PAGE_SIZE +
				  page / FRAMES * sizeof(u64)) = MARK + page;
	return 0;
}

static void touch_from(bool user, u64 first, u64 end)
{
	demo.user = user;
	demo.next = first;
	(user ? run_user : run_kernel)(touch, first | end << 32);
}

static void warm_up_page(bool user, u64 page)
{
	touch_from(user, page, page + 1);
	*pte(page) = 0;
	invlpg(WINDOW_GVA + page * PAGE_SIZE);
}

/*
 * Clears all PTEs, and then makes Umbra link all that the pass needs before the
 * count: the frames, the eight tables, our own code, stacks and structures.
 * That takes one fault in each table, in each of the two modes. It comes after
 * the clearing, since Umbra unlinks a table that is written often and not used.
 */
static void warm_up(void)
{
	u64 page;

	for (page = 0; page < PAGES; page++) {
		*pte(page) = 0;
		*page_slot(page) = 0;
	}
	flush_all();
	for (page = 0; page < PAGES; page += PT_ENTRIES) {
		warm_up_page(true, page);
		warm_up_page(false, page + 1);
	}
}

static void verify(void)
{
	u64 page;

	if (demo.faults != PAGES)
		note_failure("not one fault a page");
	for (page = 0; page < PAGES; page++) {
		if (*page_slot(page) != MARK + page)
			note_failure("a touch went elsewhere");
		if (*pte(page) != (page_leaf(page) | PTE_A | PTE_D))
			note_failure("a PTE has a wrong value");
	}
}

static void run_pass(u32 pass, struct hypercall_counters *cost)
{
	demo.flags = pass_flags[pass];
	warm_up();
	demo.faults = 0;
	if (on_umbra)
		hypercall(HYPERCALL_COUNTERS, (u64)&before, NULL);
	touch_from(true, 0, USER_PAGES);
	touch_from(false, USER_PAGES, PAGES);
	if (on_umbra)
		hypercall(HYPERCALL_COUNTERS, (u64)&after, NULL);
	verify();
	*cost = counters_between(&before, &after);
}

static u64 hundredths(const struct hypercall_counters *cost)
{
	return (cost->exits * 100 + PAGES / 2) / PAGES;
}

static void run_rung(struct row *row)
{
	const struct hypercall_counters *cost;
	u32 pass;

	for (pass = 0; pass < PASSES; pass++) {
		run_pass(pass, &row->passes[pass]);
		cost = &row->passes[pass];
		print("demo: %s pass %u: exits/fault %lu.%02lu (timer %lu) "
		      "pf-exits %lu injected %lu walks %lu\n",
		      row->rung, pass + 1, hundredths(cost) / 100,
		      hundredths(cost) % 100, cost->exits_timer,
		      cost->exits_page_fault, cost->injected_not_present,
		      cost->walks);
	}
}

static void print_table(u32 rungs)
{
	const struct hypercall_counters *cost;
	u32 i, pass;

	print("\n%lu demand faults a pass, over %u linked tables, half of them "
	      "from user mode.\nPass 1 writes PTEs with A and D set, pass 2 "
	      "with A and D clear.\n\n",
	      PAGES, TABLES);
	print("rung      pass  exits/fault  #PF exits  injected   walks  "
	      "timer\n");
	for (i = 0; i < rungs; i++)
		for (pass = 0; pass < PASSES; pass++) {
			cost = &rows[i].passes[pass];
			print("%-9s %4u  %8lu.%02lu  %9lu  %8lu  %6lu  %5lu\n",
			      pass ? "" : rows[i].rung, pass + 1,
			      hundredths(cost) / 100, hundredths(cost) % 100,
			      cost->exits_page_fault,
			      cost->injected_not_present, cost->walks,
			      cost->exits_timer);
		}
	print("\n");
}

u32 demo_main(void)
{
	u32 rungs = 0;

	if (argument()[0])
		return single_main(argument());
	pages_reset();
	build(TABLES);
	traps.page_fault = demo_fault;
	for (; rungs < RUNGS_MAX && use_rung(rungs, rows[rungs].rung); rungs++)
		run_rung(&rows[rungs]);
	print_table(rungs);
	if (!rungs)
		note_failure("there is no rung");
	return conclude("demo");
}
