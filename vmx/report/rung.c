/* SPDX-License-Identifier: MIT */
#include "lib/printf.h"
#include "vmx/report/rung.h"

/* Returns the number of switches in which @policy differs from @rung. */
static u32 distance(const struct mmu_policy *policy, u32 rung)
{
	const struct mmu_policy *other = &mmu_rung_policies[rung];
	u32 count = policy->prefetch != other->prefetch;

	for (u32 i = 0; i < MMU_SWITCHES; i++)
		count += mmu_switch_get(policy, i) != mmu_switch_get(other, i);
	return count;
}

static u32 nearest_rung(const struct mmu_policy *policy)
{
	u32 nearest = 0;

	for (u32 rung = 1; rung < MMU_RUNGS; rung++)
		if (distance(policy, rung) < distance(policy, nearest))
			nearest = rung;
	return nearest;
}

const char *rung_name(const struct mmu_policy *policy)
{
	u32 rung = nearest_rung(policy);

	return distance(policy, rung) ? NULL : mmu_rung_names[rung];
}

void rung_words(const struct mmu_policy *policy, char words[RUNG_WORDS_SIZE])
{
	u32 rung = nearest_rung(policy);
	const struct mmu_policy *nearest = &mmu_rung_policies[rung];

	snprintf(words, RUNG_WORDS_SIZE, "mmu=%s", mmu_rung_names[rung]);
	for (u32 i = 0; i < MMU_SWITCHES; i++) {
		bool on = mmu_switch_get(policy, i);

		if (on != mmu_switch_get(nearest, i))
			snappend(words, RUNG_WORDS_SIZE, " %s=%u",
				 mmu_switches[i].name, on);
	}
	if (policy->prefetch != nearest->prefetch)
		snappend(words, RUNG_WORDS_SIZE, " mmu.prefetch=%u",
			 policy->prefetch);
}
