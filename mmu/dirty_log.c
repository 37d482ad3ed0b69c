/* SPDX-License-Identifier: MIT */
/*
 * Dirty-page logging: a frame that has not been written since the last reading
 * of the log is mapped without W, so that its first write faults and is noted.
 * What Umbra writes itself, on the guest's behalf, is noted where it is done.
 */
#include "lib/string.h"
#include "mmu/shadow.h"

u64 mmu_dirty_log_words(const struct mmu *mmu)
{
	return (mmu->config.gfn_count + 63) / 64;
}

bool mmu_dirty_log_is_on(const struct mmu *mmu)
{
	return mmu->dirty_log_on;
}

void mmu_dirty_log_start(struct mmu_vcpu *vcpu)
{
	struct mmu *mmu = vcpu->mmu;

	memset(mmu->dirty_log, 0, mmu_dirty_log_words(mmu) * sizeof(u64));
	mmu->dirty_log_on = true;
	region_split_all(mmu);
	for (gfn_t gfn = 0; gfn < mmu->config.gfn_count; gfn++)
		frame_take_write(mmu, gfn);
	mmu_flush(mmu);
}

void mmu_dirty_log_stop(struct mmu_vcpu *vcpu)
{
	/* W comes back to each page as it is written. */
	vcpu->mmu->dirty_log_on = false;
}

u64 mmu_dirty_log_read(struct mmu_vcpu *vcpu, u64 *bitmap)
{
	struct mmu *mmu = vcpu->mmu;
	u64 count = 0;

	for (gfn_t gfn = 0; gfn < mmu->config.gfn_count; gfn++) {
		if (!(mmu->dirty_log[gfn / 64] & BIT(gfn % 64)))
			continue;
		frame_take_write(mmu, gfn);
		count++;
	}
	memcpy(bitmap, mmu->dirty_log, mmu_dirty_log_words(mmu) * sizeof(u64));
	memset(mmu->dirty_log, 0, mmu_dirty_log_words(mmu) * sizeof(u64));
	mmu_flush(mmu);
	return count;
}
