/* SPDX-License-Identifier: MIT */
/*
 * Dirty-page logging: a frame that was not written since the last reading of
 * the log is mapped without W, so that its first write faults and is noted.
 * Umbra's own writes for the guest are noted where they are done.
 */
#include "lib/string.h"
#include "mmu/page/link.h"
#include "mmu/table/large.h"

bool mmu_dirty_log_is_on(const struct mmu *mmu)
{
	return mmu->dirty_log_on;
}

void mmu_dirty_log_start(struct mmu_cpu *cpu)
{
	struct mmu *mmu = cpu->mmu;

	memset(mmu->dirty_log, 0, mmu_dirty_log_words(mmu) * sizeof(u64));
	mmu->dirty_log_on = true;
	region_split_all(mmu);
	for (gfn_t gfn = 0; gfn < mmu->config.gfn_count; gfn++)
		frame_take_write(mmu, gfn);
	mmu_flush(mmu);
}

void mmu_dirty_log_stop(struct mmu_cpu *cpu)
{
	/* Each page gets W back at its next write. */
	cpu->mmu->dirty_log_on = false;
}

u64 mmu_dirty_log_take(struct mmu_cpu *cpu, gfn_t first)
{
	struct mmu *mmu = cpu->mmu;
	u64 word = first / 64, bits;

	if (word >= mmu_dirty_log_words(mmu))
		return 0;
	bits = mmu->dirty_log[word];
	mmu->dirty_log[word] = 0;
	for (unsigned int i = 0; i < 64; i++)
		if (bits & BIT(i))
			frame_take_write(mmu, 64 * word + i);
	if (bits)
		mmu_flush(mmu);
	return bits;
}
