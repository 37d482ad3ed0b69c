/* SPDX-License-Identifier: MIT */
/* The operations of bench.c on address spaces, and on CR3. */
#include "guest/builtin/bench.h"

#define SPACES_MAX 64
#define SPACE_PAGES 100
#define SWITCHES 256
#define SMALL_OPS 256
#define EXEC_PAGES 64
#define EXECS 16

static u64 *spaces[SPACES_MAX];
static struct space fresh; /* the last one that was built */
static u64 *tables[SPACES_MAX]; /* of the spaces, one in each */
static u64 *current_table;

/* Fills a PML4: the kernel's entries, and one table for the window. */
static void make_space(u64 *pml4)
{
	memcpy(pml4, boot_pml4, PAGE_SIZE);
	space_build(&fresh, pml4, 1);
}

/* --- Switches ----------------------------------------------------------------*/

static void use_space(u32 i)
{
	u32 page;

	write_cr3((u64)spaces[i]);
	for (page = 0; page < SPACE_PAGES; page++)
		*(volatile u64 *)(WINDOW_GVA + page * PAGE_SIZE);
}

static void prepare_spaces(u32 count)
{
	u32 i, page;

	build(1);
	for (i = 0; i < count; i++) {
		spaces[i] = page_alloc();
		make_space(spaces[i]);
		tables[i] = fresh.table[0];
		for (page = 0; page < SPACE_PAGES; page++)
			tables[i][page] = leaf(page + i);
		use_space(i);
	}
}

static void run_spaces(u32 count)
{
	u32 i;

	for (i = 0; i < SWITCHES; i++)
		use_space(i % count);
}

static bool space_fault(u64 error_code, gva_t cr2)
{
	u64 page = (cr2 - WINDOW_GVA) / PAGE_SIZE;

	if (page >= PT_ENTRIES)
		return false;
	*(volatile u64 *)&current_table[page] = leaf(page);
	return true;
}

static void prepare_visits(u32 count)
{
	prepare_spaces(count);
	traps.page_fault = space_fault;
}

/* Each visit writes to a page that is not yet mapped. */
static void run_visits(u32 count)
{
	u32 i, page;

	for (i = 0; i < SWITCHES; i++) {
		page = SPACE_PAGES + i / count;
		current_table = tables[i % count];
		write_cr3((u64)spaces[i % count]);
		*(volatile u64 *)(WINDOW_GVA + page * PAGE_SIZE) = page;
	}
}

/* --- New spaces --------------------------------------------------------------*/

/* Makes a space that maps all its pages and has never been loaded. */
static void prepare_load(u32 accessed)
{
	u32 page;

	build(1);
	spaces[0] = page_alloc();
	make_space(spaces[0]);
	for (page = 0; page < PT_ENTRIES; page++)
		fresh.table[0][page] = leaf(page) &
				       (accessed ? ~0ULL : ~(PTE_A | PTE_D));
}

static void run_load(u32 accessed)
{
	write_cr3((u64)spaces[0]);
	run_user(read_pages, range(0, PT_ENTRIES));
}

/* The work of exec and exit: a space is made of cleared pages, used, and
 * emptied. */
static void prepare_exec(u32 unused)
{
	build(1);
	make_space(page_alloc());
	current_table = fresh.table[0];
	traps.page_fault = space_fault;
}

static void exec_once(void)
{
	struct space *s = &fresh;
	u32 page;

	memcpy(s->pml4, boot_pml4, PAGE_SIZE);
	memset(s->pdpt, 0, PAGE_SIZE);
	memset(s->pd, 0, PAGE_SIZE);
	memset(s->table[0], 0, PAGE_SIZE);
	s->pml4[WINDOW_PML4_INDEX] = (u64)s->pdpt | LINK;
	s->pdpt[0] = (u64)s->pd | LINK;
	s->pd[0] = (u64)s->table[0] | LINK;
	write_cr3((u64)s->pml4);
	run_user(write_pages, range(0, EXEC_PAGES));
	write_cr3((u64)boot_pml4);
	for (page = 0; page < EXEC_PAGES; page++)
		*(volatile u64 *)&s->table[0][page] = 0;
	*(volatile u64 *)&s->pd[0] = 0;
	*(volatile u64 *)&s->pdpt[0] = 0;
	*(volatile u64 *)&s->pml4[WINDOW_PML4_INDEX] = 0;
}

static void run_exec(u32 times)
{
	while (times--)
		exec_once();
}

/* --- Control registers -------------------------------------------------------*/

static void run_load_cr3(u32 times)
{
	u64 cr3 = read_cr3();

	while (times--)
		write_cr3(cr3);
}

static void run_read_cr3(u32 times)
{
	while (times--)
		read_cr3();
}

/* Toggles CR4.PGE, as a kernel does to flush its global pages. */
static void run_toggle_pge(u32 times)
{
	u64 cr4 = read_cr4();

	while (times--) {
		cr4 ^= CR4_PGE;
		write_cr4(cr4);
	}
}

const struct bench_op bench_space_ops[] = {
	{ "cr3-of-2", SWITCHES, 2, prepare_spaces, run_spaces, 0 },
	{ "cr3-of-4", SWITCHES, 4, prepare_spaces, run_spaces, 0 },
	{ "cr3-of-8", SWITCHES, 8, prepare_spaces, run_spaces, 0 },
	{ "cr3-of-64", SWITCHES, 64, prepare_spaces, run_spaces, 0 },
	{ "cr3-of-8-and-fault", SWITCHES, 8, prepare_visits, run_visits,
	  SWITCHES },
	{ "exec-64-faults", EXECS, EXECS, prepare_exec, run_exec,
	  EXECS *EXEC_PAGES },
	{ "first-load-ad", PT_ENTRIES, 1, prepare_load, run_load, 0 },
	{ "first-load-no-ad", PT_ENTRIES, 0, prepare_load, run_load, 0 },
	{ "mov-to-cr3", SMALL_OPS, SMALL_OPS, prepare_window, run_load_cr3, 0 },
	{ "mov-from-cr3", SMALL_OPS, SMALL_OPS, prepare_window, run_read_cr3,
	  0 },
	{ "toggle-pge", SMALL_OPS, SMALL_OPS, prepare_window, run_toggle_pge,
	  0 },
	{ 0 },
};
