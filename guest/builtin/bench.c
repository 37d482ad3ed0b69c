/* SPDX-License-Identifier: MIT */
/*
 * Measures the cost of each operation of a kernel's memory management, on each
 * rung of Umbra's ladder and on the bare machine: VM exits, walks of the
 * guest's tables, and ticks of the time-stamp counter as the guest sees them.
 *
 * It prints lines for tools/bench: "bench: RUNG OPERATION, ops N exits N ...".
 * The numbers are sums over all operations of a kind, without timer interrupts.
 */
#include "guest/builtin/bench.h"
#include "guest/builtin/builtin.h"

static struct hypercall_counters before, after;
static struct cost {
	struct hypercall_counters counted;
	u64 ticks;
} cost;
static char rung[RUNG_NAME_SIZE];
static const char *error;

void note_failure(const char *what)
{
	if (!error)
		error = what;
}

u32 conclude(const char *program)
{
	if (error)
		print("%s: FAILED: %s\n", program, error);
	return error ? 1 : 0;
}

bool use_rung(u32 number, char name[RUNG_NAME_SIZE])
{
	if (on_umbra)
		return !hypercall(HYPERCALL_RUNG, number, name);
	memcpy(name, "bare", sizeof("bare"));
	return !number;
}

struct hypercall_counters
counters_between(const struct hypercall_counters *first,
		 const struct hypercall_counters *last)
{
	struct hypercall_counters growth;
	const u64 *from = (const u64 *)first, *to = (const u64 *)last;
	u64 *out = (u64 *)&growth;

	for (size_t i = 0; i < sizeof(growth) / sizeof(u64); i++)
		out[i] = to[i] - from[i];
	growth.exits -= growth.exits_timer;
	return growth;
}

static u64 rdtsc(void)
{
	u32 low, high;

	__asm__ volatile("lfence; rdtsc" : "=a"(low), "=d"(high) : : "memory");
	return (u64)high << 32 | low;
}

/*
 * Measures one run into `cost`. Between the two hypercalls it touches the stack
 * and code of this file only: after a flush each other page would be an exit
 * more.
 */
static void measure(const struct bench_op *op)
{
	u64 start, ticks, faults;
	bool count = on_umbra;

	pages_reset();
	op->prepare(op->argument);
	faults = traps.page_faults;
	if (count)
		hypercall(HYPERCALL_COUNTERS, (u64)&before, NULL);
	start = rdtsc();
	op->run(op->argument);
	ticks = rdtsc() - start;
	if (count)
		hypercall(HYPERCALL_COUNTERS, (u64)&after, NULL);
	traps.page_fault = NULL;
	if (op->faults && traps.page_faults - faults != op->faults)
		note_failure("not one fault an operation");
	cost.counted = counters_between(&before, &after);
	cost.ticks = ticks;
}

static void do_nothing(u32 unused)
{
}

static void measure_each(const struct bench_op *op, const struct cost *nothing)
{
	const struct hypercall_counters *c = &cost.counted;

	for (; op->name; op++) {
		measure(op);
		print("bench: %s %s, ops %u exits %lu walks %lu "
		      "walks_data %lu walks_fetch %lu root_ticks %lu "
		      "ticks %lu vmreads %lu vmwrites %lu\n",
		      rung, op->name, op->ops,
		      c->exits - nothing->counted.exits, c->walks,
		      c->walks_data, c->walks_fetch,
		      c->root_ticks - nothing->counted.root_ticks,
		      cost.ticks - nothing->ticks,
		      c->vmreads - nothing->counted.vmreads,
		      c->vmwrites - nothing->counted.vmwrites);
	}
}

/*
 * The first operation does nothing: its cost is that of measuring. It runs
 * twice, since our own memory is not yet in the shadow the first time.
 */
static void measure_all(void)
{
	static const struct bench_op none = { "nothing",  1,	      0,
					      do_nothing, do_nothing, 0 };
	struct cost nothing;

	measure(&none);
	measure(&none);
	nothing = cost;
	measure_each(bench_ops, &nothing);
	measure_each(bench_space_ops, &nothing);
	pages_reset();
}

/* "bench" measures all rungs, and "bench:RUNG" this one. */
u32 bench_main(void)
{
	const char *wanted = argument();
	bool measured = false;

	for (u32 number = 0; use_rung(number, rung); number++) {
		if (on_umbra && *wanted && !builtin_is_named(wanted, rung))
			continue;
		measure_all();
		measured = true;
	}
	if (!measured)
		note_failure("no rung has that name: README.md has them all");
	return conclude("bench");
}
