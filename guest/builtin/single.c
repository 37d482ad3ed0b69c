/* SPDX-License-Identifier: MIT */
/*
 * demo:RUNG[,FAULTS]: single operations, one after the other, on one rung. Each
 * is marked, so that Umbra with trace=N shows it as a block; a table follows
 * them.
 */
#include "guest/builtin/bench.h"
#include "guest/builtin/builtin.h"

#define FAULTS_DEFAULT 3
#define FAULTS_MAX 500 /* they are in one page table */
#define ROWS_MAX (FAULTS_MAX + 16)
#define BULK_PAGES 32
#define BULK_FIRST 64
/* Number of exits that counting and marking an operation take. */
#define MARKS 3

static struct row {
	const char *name;
	u64 faults;
	struct hypercall_counters cost;
} rows[ROWS_MAX];
static u32 row_count;
static struct hypercall_counters before, after;
static struct hypercall_operation operation;

/* Measures run(@n), an operation on the address @gva. */
static void measure(const char *name, void (*run)(u64), u64 n, gva_t gva)
{
	struct row *row = &rows[row_count++];
	u64 faults = traps.page_faults;
	size_t i = 0;

	do
		operation.name[i] = name[i];
	while (name[i++]);
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
	row->cost = counters_between(&before, &after);
	row->faults = traps.page_faults - faults;
}

/* Prepares as the benchmark does for its operation @name. */
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

/* Measures a write that must be one fault; the shadow has its table already. */
static void measure_fault(const char *name, u64 page)
{
	u64 faults = traps.page_faults;

	measure(name, write_page, page, WINDOW_GVA + page * PAGE_SIZE);
	if (traps.page_faults != faults + 1)
		note_failure("an operation that is not one fault");
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

/* Write-protects pages, as fork does. */
static void write_protect(u64 first)
{
	u64 page;

	for (page = first; page < first + BULK_PAGES; page++)
		pte_clear(page, PTE_W);
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

/*
 * Uses the rung that @arguments names before its comma. Returns the text after
 * the name, or NULL if there is no such rung.
 */
static const char *use_rung_of(const char *arguments)
{
	char rung[RUNG_NAME_SIZE];
	size_t i;

	for (u32 number = 0; on_umbra && use_rung(number, rung); number++) {
		for (i = 0; rung[i] && rung[i] == arguments[i]; i++)
			;
		if (!rung[i] && (!arguments[i] || arguments[i] == ','))
			return arguments + i;
	}
	return NULL;
}

static void print_rows(void)
{
	const struct row *row;

	print("\n%-38s exits  #PFs  injected  walks\n", "operation");
	for (row = rows; row < rows + row_count; row++)
		print("%-38s %5lu %5lu %9lu %6lu\n", row->name,
		      row->cost.exits - MARKS, row->faults,
		      row->cost.injected_not_present, row->cost.walks);
	print("\n");
}

u32 single_main(const char *arguments)
{
	const char *rest = use_rung_of(arguments);
	u32 count = rest && *rest ? number_at(rest + 1) : FAULTS_DEFAULT;

	if (!rest || !count || count > FAULTS_MAX) {
		print("demo: %s is not RUNG[,FAULTS]: the name of a rung "
		      "(README.md has them all), and 1 to %u faults\n",
		      arguments, FAULTS_MAX);
		return 1;
	}
	demand_faults(count);
	other_faults();
	bulk_write();
	loads_of_cr3();
	print_rows();
	return conclude("demo");
}
