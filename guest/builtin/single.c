/* SPDX-License-Identifier: MIT */
/*
 * demo:RUNG[,FAULTS]: single operations, one after the other, on one rung. Each
 * is marked, so that Umbra with trace=N shows it as a block; a table follows.
 */
#include "guest/builtin/bench.h"
#include "guest/builtin/builtin.h"

#define RUNG_NAME_SIZE 16
#define FAULTS_DEFAULT 3
#define FAULTS_MAX 500 /* they are in one page table */
#define ROWS_MAX (FAULTS_MAX + 16)
#define BULK_PAGES 32
#define BULK_FIRST 64
/* Number of exits that counting and marking an operation take. */
#define MARKS 3

static struct row {
	const char *name;
	u64 exits, faults, injected, walks;
} rows[ROWS_MAX];
static u32 row_count;
static struct hypercall_counters before, after;
static struct hypercall_operation operation;
static const char *error;

/* Do the operation of number @n, about the address @gva. */
static void measure(const char *name, void (*run)(u64), u64 n, gva_t gva)
{
	struct row *row = &rows[row_count++];
	u64 faults = traps.page_faults;
	size_t i;

	for (i = 0; name[i]; i++)
		operation.name[i] = name[i];
	operation.name[i] = '\0';
	operation.gva = gva;
	operation.faults = faults;
	hypercall(HYPERCALL_COUNTERS, (u64)&before, NULL);
	hypercall(HYPERCALL_OPERATION, (u64)&operation, (void *)1);
	run(n);
	operation.faults = traps.page_faults;
	operation.rip = traps.page_fault_rip;
	hypercall(HYPERCALL_OPERATION, (u64)&operation, (void *)0);
	hypercall(HYPERCALL_COUNTERS, (u64)&after, NULL);
	row->name = name;
	row->exits = after.exits - after.exits_timer - before.exits +
		     before.exits_timer - MARKS;
	row->faults = traps.page_faults - faults;
	row->injected =
		after.injected_not_present - before.injected_not_present;
	row->walks = after.walks - before.walks;
}

/* As the benchmark prepares its operation @name. */
static void prepare(const struct bench_op *op, const char *name)
{
	while (!builtin_is_named(op->name, name))
		op++;
	pages_reset();
	op->prepare(op->argument);
}

static void write_page(u64 page)
{
	run_user(write_pages, range(page, page + 1));
}

static void read_page(u64 page)
{
	run_user(read_pages, range(page, page + 1));
}

/* One that must be one fault; the one before it has warmed the way there. */
static void measure_fault(const char *name, u64 page)
{
	u64 faults = traps.page_faults;

	measure(name, write_page, page, WINDOW_GVA + page * PAGE_SIZE);
	if (traps.page_faults != faults + 1)
		error = "an operation that is not one fault";
}

static void demand_faults(u32 count)
{
	u64 page;

	prepare(bench_ops, "demand-fault");
	write_page(1);
	for (page = 2; page < 2 + count; page++)
		measure_fault("demand fault", page);
	prepare(bench_ops, "demand-fault-no-ad");
	write_page(1);
	measure_fault("demand fault, PTE with A and D clear", 2);
}

static void other_faults(void)
{
	prepare(bench_ops, "new-region");
	write_page(PT_ENTRIES);
	measure_fault("demand fault, new page table", 2 * PT_ENTRIES);
	prepare(bench_ops, "cow-fault");
	write_page(1);
	measure_fault("copy on write", 2);
}

/* As fork does it. */
static void write_protect(u64 first)
{
	u64 page;

	for (page = first; page < first + BULK_PAGES; page++)
		__asm__ volatile("lock andq %1, %0"
				 : "+m"(*pte(page))
				 : "i"(~PTE_W)
				 : "memory");
}

static void bulk_write(void)
{
	prepare(bench_ops, "clear-ad");
	write_protect(0);
	read_page(0);
	measure("32 PTEs write-protected", write_protect, BULK_FIRST,
		WINDOW_GVA + BULK_FIRST * PAGE_SIZE);
	measure("read after that", read_page, BULK_FIRST,
		WINDOW_GVA + BULK_FIRST * PAGE_SIZE);
}

static void load_cr3(u64 cr3)
{
	write_cr3(cr3);
}

static void loads_of_cr3(void)
{
	u64 a, b = (u64)boot_pml4;
	u32 i;

	prepare(bench_space_ops, "cr3-of-2");
	a = read_cr3();
	for (i = 0; i < 2; i++) {
		measure("load of CR3", load_cr3, b, WINDOW_GVA);
		measure("load of CR3, back", load_cr3, a, WINDOW_GVA);
	}
	pages_reset();
}

static bool use_rung(const char *name, size_t length)
{
	char rung[RUNG_NAME_SIZE];
	u32 number;
	size_t i;

	for (number = 0; !hypercall(HYPERCALL_RUNG, number, rung); number++) {
		for (i = 0; i < length && rung[i] == name[i]; i++)
			;
		if (i == length && !rung[i])
			return true;
	}
	return false;
}

static void print_rows(void)
{
	const struct row *row;

	print("\n%-38s exits  #PFs  injected  walks\n", "operation");
	for (row = rows; row < rows + row_count; row++)
		print("%-38s %5lu %5lu %9lu %6lu\n", row->name, row->exits,
		      row->faults, row->injected, row->walks);
	print("\n");
}

u32 single_main(const char *rung)
{
	u32 count = FAULTS_DEFAULT;
	size_t length;

	for (length = 0; rung[length] && rung[length] != ','; length++)
		;
	if (rung[length])
		count = number_at(rung + length + 1);
	if (!on_umbra || !use_rung(rung, length) || count > FAULTS_MAX) {
		print("demo: demo:RUNG,FAULTS wants a rung of Umbra's, and at "
		      "most %u faults\n",
		      FAULTS_MAX);
		return 1;
	}
	demand_faults(count);
	other_faults();
	bulk_write();
	loads_of_cr3();
	print_rows();
	if (error)
		print("demo: FAILED: %s\n", error);
	return error ? 1 : 0;
}
