/* SPDX-License-Identifier: MIT */
/*
 * The operations that bench.c measures. Their pages are mapped to a few frames
 * in turn, as in demo.c; all PTEs are written with A and D set, as most kernels
 * write them, by one aligned store.
 */
#include "guest/builtin/bench.h"

#define PAGES (TABLES * PT_ENTRIES)
#define AROUND 16
#define FAULT_PAGES (4 * PT_ENTRIES)
#define REGIONS 128
#define COW_PAGES (2 * PT_ENTRIES)
#define SMALL_OPS 256
/* Nothing answers here, on Bochs's machine and on Umbra's. */
#define MMIO_GPA 0xd0000000

static u64 *frame[FRAMES];
static struct space space; /* in boot_pml4 */
static u64 *child_table[TABLES];
static u64 left_out; /* A and D, or no bit: PTEs of demand faults lack it */

u64 leaf(u64 page)
{
	return (u64)frame[page % FRAMES] | LEAF;
}

volatile u64 *pte(u64 page)
{
	return &space.table[page / PT_ENTRIES][page % PT_ENTRIES];
}

u64 __user_code read_pages(u64 range)
{
	u64 page, sum = 0;

	for (page = (u32)range; page < range >> 32; page++)
		sum += *(volatile u64 *)(WINDOW_GVA + page * PAGE_SIZE);
	return sum;
}

u64 __user_code write_pages(u64 range)
{
	u64 page;

	for (page = (u32)range; page < range >> 32; page++)
		*(volatile u64 *)(WINDOW_GVA + page * PAGE_SIZE) = page;
	return 0;
}

/* Writes one page in each 2 MiB. */
static u64 __user_code write_regions(u64 regions)
{
	u64 i;

	for (i = 0; i < regions; i++)
		*(volatile u64 *)(WINDOW_GVA + i * LARGE_PAGE_SIZE) = i;
	return 0;
}

u64 range(u64 first, u64 end)
{
	return first | end << 32;
}

void space_build(struct space *s, u64 *pml4, u32 tables)
{
	u32 i;

	s->pml4 = pml4;
	s->pdpt = page_alloc();
	s->pd = page_alloc();
	for (i = 0; i < tables; i++) {
		s->table[i] = page_alloc();
		s->pd[i] = (u64)s->table[i] | LINK;
	}
	s->pdpt[0] = (u64)s->pd | LINK;
	pml4[WINDOW_PML4_INDEX] = (u64)s->pdpt | LINK;
}

void build(u32 tables)
{
	u32 i;

	for (i = 0; i < FRAMES; i++)
		frame[i] = page_alloc();
	space_build(&space, boot_pml4, tables);
	flush_all();
}

void prepare_window(u32 unused)
{
	build(1);
}

/* Maps pages of the window with @flags and uses them, from user mode. */
static void map_and_use(u32 pages, u64 flags, u64 (*use)(u64))
{
	u32 page;

	build((pages + PT_ENTRIES - 1) / PT_ENTRIES);
	for (page = 0; page < pages; page++)
		*pte(page) = (leaf(page) & ~(u64)LEAF) | flags;
	flush_all();
	run_user(use, range(0, pages));
	run_kernel(use, range(0, 1));
}

/* --- Demand faults ----------------------------------------------------------*/

static bool demand_fault(u64 error_code, gva_t cr2)
{
	u64 page = (cr2 - WINDOW_GVA) / PAGE_SIZE;

	if (page >= PAGES)
		return false;
	*pte(page) = leaf(page) & ~left_out;
	return true;
}

/* Maps the pages beside it, too, as Linux does for a file. */
static bool fault_around(u64 error_code, gva_t cr2)
{
	u64 first = ((cr2 - WINDOW_GVA) / PAGE_SIZE) & ~(AROUND - 1ULL);
	u32 i;

	if (first >= PAGES)
		return false;
	for (i = 0; i < AROUND; i++)
		*pte(first + i) = leaf(first + i);
	return true;
}

static void prepare_demand(u32 pages)
{
	u32 page;

	left_out = 0;
	build(pages / PT_ENTRIES);
	traps.page_fault = demand_fault;
	/* One page of each table is used, so that the table is linked. */
	for (page = 0; page < pages; page += PT_ENTRIES) {
		run_user(write_pages, range(page, page + 1));
		*pte(page) = 0;
		invlpg(WINDOW_GVA + page * PAGE_SIZE);
	}
}

static void prepare_demand_clear(u32 pages)
{
	prepare_demand(pages);
	left_out = PTE_A | PTE_D;
}

static void prepare_around(u32 pages)
{
	prepare_demand(pages);
	traps.page_fault = fault_around;
}

static void run_demand(u32 pages)
{
	run_user(write_pages, range(0, pages));
}

/* --- A region with no page table --------------------------------------------*/

static u64 *new_table[REGIONS];
static u32 new_tables; /* number of those in use */

static bool region_fault(u64 error_code, gva_t cr2)
{
	u64 region = (cr2 - WINDOW_GVA) / LARGE_PAGE_SIZE;
	u64 *table;

	if (region >= REGIONS)
		return false;
	table = new_table[new_tables++];
	table[0] = leaf(region);
	*(volatile u64 *)&space.pd[region] = (u64)table | LINK;
	return true;
}

static void prepare_regions(u32 regions)
{
	u32 i;

	prepare_demand(PT_ENTRIES);
	traps.page_fault = region_fault;
	new_tables = 0;
	/* No frame that was a table of another operation: Umbra would mend
	   its shadow. */
	for (i = 0; i < TABLES; i++)
		page_alloc();
	for (i = 0; i < regions; i++)
		new_table[i] = page_alloc();
	/* The first region is used, and so is the directory. */
	*pte(0) = leaf(0);
	run_user(write_regions, 1);
}

static void run_regions(u32 regions)
{
	run_user(write_regions, regions + 1);
}

/* --- Copy on write -----------------------------------------------------------*/

static u64 *cow_frame;

static bool cow_fault(u64 error_code, gva_t cr2)
{
	u64 page = (cr2 - WINDOW_GVA) / PAGE_SIZE;

	if (page >= COW_PAGES || !(error_code & PFEC_P))
		return false;
	memcpy(cow_frame, frame[page % FRAMES], PAGE_SIZE);
	*pte(page) = (u64)cow_frame | LEAF;
	invlpg(cr2);
	return true;
}

static void prepare_cow(u32 pages)
{
	map_and_use(pages, LEAF & ~PTE_W, read_pages);
	cow_frame = page_alloc();
	memset(cow_frame, 0, PAGE_SIZE);
	traps.page_fault = cow_fault;
}

/* --- PTEs --------------------------------------------------------------------*/

/* Takes each page's W away and gives it back, and writes to the page. */
static void run_protect(u32 pages)
{
	u64 page;

	for (page = 0; page < pages; page++) {
		*pte(page) = leaf(page) & ~PTE_W;
		invlpg(WINDOW_GVA + page * PAGE_SIZE);
		*pte(page) = leaf(page);
		invlpg(WINDOW_GVA + page * PAGE_SIZE);
		*(volatile u64 *)(WINDOW_GVA + page * PAGE_SIZE) = page;
	}
}

static void prepare_mapped(u32 pages)
{
	map_and_use(pages, LEAF, write_pages);
}

/* Clears A and D, as a kernel does that looks for pages not in use. */
static void run_clear(u32 pages)
{
	u64 page;

	for (page = 0; page < pages; page++)
		pte_clear(page, PTE_A | PTE_D);
	flush_all();
}

static void prepare_cleared(u32 pages)
{
	prepare_mapped(pages);
	run_clear(pages);
}

static void run_read(u32 pages)
{
	run_user(read_pages, range(0, pages));
}

/* Gives each page another frame, and uses it at once. */
static void run_change(u32 pages)
{
	u64 page;

	for (page = 0; page < pages; page++) {
		*pte(page) = leaf(page + 1);
		invlpg(WINDOW_GVA + page * PAGE_SIZE);
		*(volatile u64 *)(WINDOW_GVA + page * PAGE_SIZE) = page;
	}
}

/*
 * As a kernel does: write-protects a PTE, and copies it to the child's table.
 */
static void run_fork(u32 pages)
{
	u64 page;

	for (page = 0; page < pages; page++) {
		pte_clear(page, PTE_W);
		*(volatile u64 *)&child_table[page / PT_ENTRIES]
					     [page % PT_ENTRIES] = leaf(page) &
								   ~PTE_W;
	}
	flush_all();
}

/* Uses the pages after the fork, when the shadow must find them again. */
static void run_fork_and_use(u32 pages)
{
	run_fork(pages);
	run_user(read_pages, range(0, pages));
}

static void prepare_fork(u32 pages)
{
	struct space child;
	u64 *pml4;
	u32 i;

	prepare_mapped(pages);
	pml4 = page_alloc();
	space_build(&child, pml4, TABLES);
	for (i = 0; i < TABLES; i++)
		child_table[i] = child.table[i];
}

static void run_unmap(u32 pages)
{
	u64 page, old;

	for (page = 0; page < pages; page++) {
		old = 0;
		__asm__ volatile("xchgq %0, %1"
				 : "+r"(old), "+m"(*pte(page))
				 :
				 : "memory");
	}
	flush_all();
}

/* --- Exits that have nothing to do with tables -------------------------------*/

static void prepare_mmio(u32 writes)
{
	build(1);
	*pte(0) = MMIO_GPA | LEAF;
	*(volatile u32 *)WINDOW_GVA;
}

static void run_mmio(u32 writes)
{
	u32 i;

	for (i = 0; i < SMALL_OPS; i++)
		if (writes)
			*(volatile u32 *)WINDOW_GVA = i;
		else
			*(volatile u32 *)WINDOW_GVA;
}

/* Writes strings of bytes to a port, each from one page. */
static void run_outs(u32 length)
{
	const void *from;
	u64 count;
	u32 i;

	for (i = 0; i < SMALL_OPS; i++) {
		from = frame[0];
		count = length;
		__asm__ volatile("rep outsb"
				 : "+S"(from), "+c"(count)
				 : "d"(PORT_DELAY)
				 : "memory");
	}
}

static void do_nothing(u32 unused)
{
}

static void run_cpuid(u32 unused)
{
	u32 i;

	for (i = 0; i < SMALL_OPS; i++)
		cpuid(0);
}

const struct bench_op bench_ops[] = {
	{ "demand-fault", FAULT_PAGES, FAULT_PAGES, prepare_demand, run_demand,
	  FAULT_PAGES },
	{ "demand-fault-no-ad", FAULT_PAGES, FAULT_PAGES, prepare_demand_clear,
	  run_demand, FAULT_PAGES },
	{ "fault-around-16", FAULT_PAGES, FAULT_PAGES, prepare_around,
	  run_demand, FAULT_PAGES / AROUND },
	{ "new-region", REGIONS - 1, REGIONS - 1, prepare_regions, run_regions,
	  REGIONS - 1 },
	{ "cow-fault", COW_PAGES, COW_PAGES, prepare_cow, run_demand,
	  COW_PAGES },
	{ "pte-change", COW_PAGES, COW_PAGES, prepare_mapped, run_change, 0 },
	{ "protect-page", COW_PAGES, COW_PAGES, prepare_mapped, run_protect,
	  0 },
	{ "clear-ad", FAULT_PAGES, FAULT_PAGES, prepare_mapped, run_clear, 0 },
	{ "read-cleared", FAULT_PAGES, FAULT_PAGES, prepare_cleared, run_read,
	  0 },
	{ "write-cleared", FAULT_PAGES, FAULT_PAGES, prepare_cleared,
	  run_demand, 0 },
	{ "fork-4096", 1, PAGES, prepare_fork, run_fork, 0 },
	{ "fork-4096-and-use", 1, PAGES, prepare_fork, run_fork_and_use, 0 },
	{ "munmap-4096", 1, PAGES, prepare_mapped, run_unmap, 0 },
	{ "mmio-read", SMALL_OPS, 0, prepare_mmio, run_mmio, 0 },
	{ "mmio-write", SMALL_OPS, 1, prepare_mmio, run_mmio, 0 },
	{ "outs-64", SMALL_OPS, 64, prepare_window, run_outs, 0 },
	{ "cpuid", SMALL_OPS, 0, do_nothing, run_cpuid, 0 },
	{ 0 },
};
