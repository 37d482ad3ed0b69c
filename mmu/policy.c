/* SPDX-License-Identifier: MIT */
#include "mmu/policy.h"

const char *const mmu_rung_names[MMU_RUNGS + 1] = {
	[MMU_VTLB] = "vtlb",	     [MMU_CACHED] = "cached",
	[MMU_UPDATE] = "update",     [MMU_BYPASS] = "bypass",
	[MMU_PREFETCH] = "prefetch", [MMU_NOWALK] = "nowalk",
	[MMU_CHEAP] = "cheap",	     [MMU_OPEN] = "open",
	[MMU_TARGETS] = "targets",   NULL,
};

/* Each rung adds one idea to the rung before it. */
#define CACHED .cache = true
#define UPDATE CACHED, .update = true
#define BYPASS UPDATE, .bypass = true
#define NOWALK BYPASS, .nowalk = true
#define CHEAP NOWALK, .cheap = true
#define OPEN CHEAP, .open = true, .prefill = true
#define TARGETS OPEN, .targets = true, .denied = true

const struct mmu_policy mmu_rung_policies[MMU_RUNGS] = {
	[MMU_VTLB] = { .prefetch = MMU_PREFETCH_OFF },
	[MMU_CACHED] = { CACHED, .prefetch = MMU_PREFETCH_OFF },
	[MMU_UPDATE] = { UPDATE, .prefetch = MMU_PREFETCH_OFF },
	[MMU_BYPASS] = { BYPASS, .prefetch = MMU_PREFETCH_OFF },
	[MMU_PREFETCH] = { BYPASS, .prefetch = MMU_PREFETCH_DEFAULT },
	[MMU_NOWALK] = { NOWALK, .prefetch = MMU_PREFETCH_DEFAULT },
	[MMU_CHEAP] = { CHEAP, .prefetch = MMU_PREFETCH_DEFAULT },
	[MMU_OPEN] = { OPEN, .prefetch = MMU_PREFETCH_DEFAULT },
	[MMU_TARGETS] = { TARGETS, .prefetch = MMU_PREFETCH_DEFAULT },
};

#define SWITCH(member, text)                                                   \
	{                                                                      \
		"mmu." #member, text, offsetof(struct mmu_policy, member)      \
	}

const struct mmu_switch mmu_switches[MMU_SWITCHES] = {
	SWITCH(cache, "keep the shadows of guest tables"),
	SWITCH(update, "update the shadow on a PTE write"),
	SWITCH(bypass, "not-present faults go straight to the guest"),
	SWITCH(nowalk, "hand on what the fault's walk has found"),
	SWITCH(cheap, "make fewer shadows of tables, and share them"),
	SWITCH(open, "let the guest write a page table in a burst"),
	SWITCH(prefill, "fill used entries when a table is shadowed"),
	SWITCH(targets, "load CR3 without an exit among the hottest roots"),
	SWITCH(denied, "denied faults of the user go straight to the guest"),
};

bool mmu_switch_get(const struct mmu_policy *policy, unsigned int i)
{
	return *(const bool *)((const u8 *)policy + mmu_switches[i].offset);
}

void mmu_switch_set(struct mmu_policy *policy, unsigned int i, bool on)
{
	*(bool *)((u8 *)policy + mmu_switches[i].offset) = on;
}

u16 mmu_prefetch_window(u64 entries)
{
	return entries ? (u16)BIT(63 - __builtin_clzll(entries))
		       : MMU_PREFETCH_OFF;
}
