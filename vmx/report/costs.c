/* SPDX-License-Identifier: MIT */
#include "vmx/report/costs.h"
#include "vmx/report/words.h"

/* Returns the least number of ticks that counts for the bucket. */
static u64 bucket_start(u32 bucket)
{
	return bucket < 8 ? bucket : (4ULL + bucket % 4) << (bucket / 4 - 1);
}

/* Returns the start of the bucket of exit number @rank, from 0, cheapest first.
 */
static u64 at_rank(const u64 counts[COST_BUCKETS], u64 rank)
{
	u32 bucket = 0;

	for (u64 below = counts[0]; below <= rank; below += counts[bucket])
		bucket++;
	return bucket_start(bucket);
}

struct cost cost_of(const struct costs *costs, u32 kind)
{
	const u64 *counts = costs->counts[kind];
	struct cost cost = { .count = 0 };

	for (u32 bucket = 0; bucket < COST_BUCKETS; bucket++)
		cost.count += counts[bucket];
	if (!cost.count)
		return cost;
	cost.minimum = at_rank(counts, 0);
	cost.median = at_rank(counts, (cost.count - 1) / 2);
	cost.percentile99 = at_rank(counts, (cost.count - 1) * 99 / 100);
	return cost;
}

const char *kind_name(u32 kind)
{
	static const char *const faults[] = {
		[MMU_RESUME] = "#PF: filled",
		[MMU_INJECT] = "#PF: injected",
		[MMU_TABLE_WRITE] = "#PF: table write",
		[MMU_MMIO] = "#PF: device",
	};

	return kind < EXIT_REASONS ? vmx_exit_name(kind)
				   : faults[kind - EXIT_REASONS];
}
