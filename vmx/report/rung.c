/* SPDX-License-Identifier: MIT */
#include "lib/printf.h"
#include "vmx/report/rung.h"

/* The switches and the window: their names, and their values in a policy. */
#define SWITCHES 9

static const char *const switch_names[SWITCHES] = {
	"cache", "update",  "bypass",  "nowalk",   "cheap",
	"open",	 "prefill", "targets", "prefetch",
};

static void get_switches(const struct mmu_policy *p, u32 values[SWITCHES])
{
	const u32 all[SWITCHES] = { p->cache,	p->update,  p->bypass,
				    p->nowalk,	p->cheap,   p->open,
				    p->prefill, p->targets, p->prefetch };

	for (u32 i = 0; i < SWITCHES; i++)
		values[i] = all[i];
}

/* The number of switches in which @policy is not @rung's. */
static u32 distance(const struct mmu_policy *policy, u32 rung)
{
	u32 ours[SWITCHES], its[SWITCHES], count = 0;

	get_switches(policy, ours);
	get_switches(&mmu_rung_policies[rung], its);
	for (u32 i = 0; i < SWITCHES; i++)
		count += ours[i] != its[i];
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
	u32 rung = nearest_rung(policy), ours[SWITCHES], its[SWITCHES];
	size_t n;

	get_switches(policy, ours);
	get_switches(&mmu_rung_policies[rung], its);
	n = (size_t)snprintf(words, RUNG_WORDS_SIZE, "mmu=%s",
			     mmu_rung_names[rung]);
	for (u32 i = 0; i < SWITCHES; i++)
		if (ours[i] != its[i])
			n += (size_t)snprintf(words + n, RUNG_WORDS_SIZE - n,
					      " mmu.%s=%u", switch_names[i],
					      ours[i]);
}
