/* SPDX-License-Identifier: MIT */
/*
 * What does each operation of a kernel's memory management cost? On each rung
 * of Umbra's ladder, and on the bare machine: VM exits, walks of the guest's
 * tables, and ticks of the time-stamp counter as the guest sees them.
 *
 * Lines for programs (tools/bench): "bench: RUNG OPERATION, ops N exits N ...",
 * the sums over all operations of a kind; timer interrupts are taken out.
 */
#include "guest/builtin/bench.h"
#include "guest/builtin/builtin.h"

#define RUNGS_MAX 16
#define RUNG_NAME_SIZE 16

static struct hypercall_counters before, after;
static struct cost {
	u64 exits, walks, walks_data, walks_fetch, root_ticks, ticks, vmreads,
		vmwrites;
} cost;
static char rung[RUNG_NAME_SIZE] = "bare";
static const char *error;

void bench_fails(const char *what)
{
	if (!error)
		error = what;
}

static u64 rdtsc(void)
{
	u32 low, high;

	__asm__ volatile("lfence; rdtsc" : "=a"(low), "=d"(high) : : "memory");
	return (u64)high << 32 | low;
}

/*
 * One run, in `cost`. Between the two hypercalls it touches the stack and code
 * of this file only: after a flush each other page would be an exit more.
 */
static void measure(const struct bench_op *op)
{
	bool count = on_umbra;
	u64 start, ticks;

	pages_reset();
	op->prepare(op->argument);
	if (count)
		hypercall(HYPERCALL_COUNTERS, (u64)&before, NULL);
	start = rdtsc();
	op->run(op->argument);
	ticks = rdtsc() - start;
	if (count)
		hypercall(HYPERCALL_COUNTERS, (u64)&after, NULL);
	cost.ticks = ticks;
	traps.page_fault = NULL;
	if (op->verify)
		op->verify(op->argument);
	cost.exits = after.exits - after.exits_timer - before.exits +
		     before.exits_timer;
	cost.walks = after.walks - before.walks;
	cost.walks_data = after.walks_data - before.walks_data;
	cost.walks_fetch = after.walks_fetch - before.walks_fetch;
	cost.root_ticks = after.root_ticks - before.root_ticks;
	cost.vmreads = after.vmreads - before.vmreads;
	cost.vmwrites = after.vmwrites - before.vmwrites;
}

static void do_nothing(u32 unused)
{
}

static void measure_each(const struct bench_op *op, const struct cost *nothing)
{
	for (; op->name; op++) {
		measure(op);
		print("bench: %s %s, ops %u exits %lu walks %lu "
		      "walks_data %lu walks_fetch %lu root_ticks %lu "
		      "ticks %lu vmreads %lu vmwrites %lu\n",
		      rung, op->name, op->ops, cost.exits - nothing->exits,
		      cost.walks, cost.walks_data, cost.walks_fetch,
		      cost.root_ticks - nothing->root_ticks,
		      cost.ticks - nothing->ticks,
		      cost.vmreads - nothing->vmreads,
		      cost.vmwrites - nothing->vmwrites);
	}
}

/*
 * The first operation is none at all: what the measuring costs. It is done
 * twice, since on the first time our own memory is not yet in the shadow.
 */
static void measure_all(void)
{
	static const struct bench_op none = { "nothing",  1,	      0,
					      do_nothing, do_nothing, NULL };
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
	bool measured = !on_umbra;
	u32 number;

	if (!on_umbra)
		measure_all();
	for (number = 0; on_umbra && number < RUNGS_MAX; number++) {
		if (hypercall(HYPERCALL_RUNG, number, rung))
			break;
		if (*wanted && !builtin_is_named(wanted, rung))
			continue;
		measure_all();
		measured = true;
	}
	if (!measured)
		bench_fails("no such rung");
	if (error)
		print("bench: FAILED: %s\n", error);
	return error ? 1 : 0;
}
