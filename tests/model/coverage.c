/* SPDX-License-Identifier: MIT */
/* The events that the model has met; see coverage.h. */
#include <stdio.h>

#include "tests/model/coverage.h"

static const char *const event_names[MODEL_EVENTS] = {
	[EVENT_TRANSLATED] = "translated",
	[EVENT_LARGE] = "large",
	[EVENT_BYPASSED] = "bypassed",
	[EVENT_DENIED] = "denied",
	[EVENT_FILLED] = "filled",
	[EVENT_PREFETCHED] = "prefetched",
	[EVENT_NOT_PRESENT] = "#PF P=0",
	[EVENT_FAULT] = "#PF P=1",
	[EVENT_TABLE_WRITE] = "table wr.",
	[EVENT_UPDATED] = "updated",
	[EVENT_MMIO] = "MMIO",
	[EVENT_MMIO_UNWALKED] = "unwalked",
	[EVENT_PDPTE_GP] = "PDPTE #GP",
	[EVENT_LOGGED] = "logged",
	[EVENT_SPLIT] = "split",
	[EVENT_PREFILLED] = "prefilled",
	[EVENT_OPENED] = "opened",
	[EVENT_CLOSED] = "closed",
	[EVENT_MENDED] = "mended",
	[EVENT_PGE_OWNED] = "PGE owned",
	[EVENT_TARGET] = "target",
	[EVENT_HELD] = "held",
	[EVENT_INVVPID_ADDRESS] = "one flush",
	[EVENT_KEY] = "key",
};

static const char *const mode_names[COVERAGE_MODES] = {
	[COVERAGE_UNPAGED] = "unpaged",	      [COVERAGE_32BIT] = "32-bit",
	[COVERAGE_32BIT_PSE] = "32-bit, PSE", [COVERAGE_PAE] = "PAE",
	[COVERAGE_4LEVEL] = "4-level",
};

u32 coverage_rung(const struct mmu_policy *policy)
{
	u32 rung;

	for (rung = 0; rung < MMU_RUNGS; rung++) {
		const struct mmu_policy *p = &mmu_rung_policies[rung];

		if (p->cache == policy->cache && p->update == policy->update &&
		    p->bypass == policy->bypass &&
		    p->prefetch == policy->prefetch &&
		    p->nowalk == policy->nowalk && p->cheap == policy->cheap &&
		    p->open == policy->open && p->prefill == policy->prefill &&
		    p->targets == policy->targets &&
		    p->denied == policy->denied)
			break;
	}
	return rung;
}

void coverage_add(struct coverage *to, const struct coverage *from)
{
	u64 *sums = (u64 *)to;
	const u64 *counts = (const u64 *)from;

	for (size_t i = 0; i < sizeof(*to) / sizeof(u64); i++)
		sums[i] += counts[i];
}

/* Returns true if this event can happen in this mode, on this rung. */
static bool is_possible(u32 mode, u32 rung, u32 event)
{
	bool paged = mode != COVERAGE_UNPAGED;

	switch ((enum model_event)event) {
	case EVENT_BYPASSED:
		return paged && rung >= MMU_BYPASS;
	case EVENT_DENIED:
		return paged && rung >= MMU_TARGETS;
	case EVENT_PREFETCHED:
		/* With prefill only the pieces of large pages are prefetched. */
		return rung >= MMU_PREFETCH &&
		       (rung < MMU_OPEN || mode != COVERAGE_32BIT);
	case EVENT_NOT_PRESENT:
	case EVENT_FAULT:
		return paged;
	case EVENT_TABLE_WRITE:
		/* no_entry_allows() in mmu/role.c needs paging. */
		return paged;
	case EVENT_UPDATED:
		return paged && rung >= MMU_UPDATE;
	case EVENT_HELD:
		return paged && rung >= MMU_NOWALK;
	case EVENT_MMIO_UNWALKED:
		return rung >= MMU_NOWALK;
	case EVENT_PREFILLED:
	case EVENT_OPENED:
	case EVENT_CLOSED:
	case EVENT_MENDED:
		return paged && rung >= MMU_OPEN;
	case EVENT_PGE_OWNED:
		return mode == COVERAGE_4LEVEL && rung >= MMU_CACHED;
	case EVENT_INVVPID_ADDRESS: /* where INVLPG exits */
		return paged && rung == MMU_VTLB;
	case EVENT_KEY:
		return mode == COVERAGE_4LEVEL;
	case EVENT_TARGET:
		return mode == COVERAGE_4LEVEL && rung >= MMU_TARGETS;
	case EVENT_PDPTE_GP: /* in the mode that was refused */
		return mode != COVERAGE_4LEVEL;
	case EVENT_LARGE:
	case EVENT_SPLIT:
		return mode != COVERAGE_32BIT;
	default:
		return true;
	}
}

static void print_head(const char *first, const char *second)
{
	printf("\n%-12s %-12s", first, second);
	for (u32 event = 0; event < MODEL_EVENTS; event++)
		printf(" %10s", event_names[event]);
	printf("\n");
}

/* Returns false if the cell is empty and should not be. */
static bool print_cell(u64 count, bool expected)
{
	if (!count && !expected) {
		printf(" %10s", "-");
		return true;
	}
	printf(" %9lu%s", count, count ? " " : "!");
	return count;
}

bool coverage_print(const struct coverage *c)
{
	bool all = true;

	print_head("mode", "rung");
	for (u32 mode = 0; mode < COVERAGE_MODES; mode++) {
		for (u32 rung = 0; rung < COVERAGE_RUNGS; rung++) {
			printf("%-12s %-12s", mode_names[mode],
			       rung < MMU_RUNGS ? mmu_rung_names[rung]
						: "other");
			for (u32 event = 0; event < MODEL_EVENTS; event++)
				all &= print_cell(
					c->count[mode][rung][event],
					is_possible(mode, rung, event));
			printf("\n");
		}
	}
	print_head("WP  NXE", "SMEP SMAP");
	for (u32 rights = 0; rights < COVERAGE_RIGHTS; rights++) {
		printf("%u   %-8u %u    %-7u", rights & 1, rights >> 1 & 1,
		       rights >> 2 & 1, rights >> 3);
		for (u32 event = 0; event < MODEL_EVENTS; event++)
			all &= print_cell(
				c->rights[rights][event],
				(event != EVENT_KEY || rights & 2) &&
					(event != EVENT_DENIED || rights & 1));
		printf("\n");
	}
	return all;
}
