/* SPDX-License-Identifier: MIT */
/*
 * Runs the model, a guest after another; shortens a run that fails, and tells
 * what was covered.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/model/model.h"

#define STEPS_PER_GUEST 2000
#define SHRINK_RUNS 2000
#define ARENA_BYTES (512 * PAGE_SIZE)

u64 model_coverage[MODEL_POLICIES][MODEL_STATES][MODEL_EVENTS];

static const char *const event_names[MODEL_EVENTS] = {
	[EVENT_TRANSLATED] = "translated",
	[EVENT_BYPASSED] = "bypassed",
	[EVENT_FILLED] = "filled",
	[EVENT_NOT_PRESENT] = "injected P=0",
	[EVENT_FAULT] = "injected P=1",
	[EVENT_TABLE_WRITE] = "table write",
	[EVENT_MMIO] = "MMIO",
};

static const char *const policy_names[MODEL_POLICIES] = { "cached", "update",
							  "bypass only",
							  "bypass" };

/* A guest, and the seeds of its steps. */
struct plan {
	u64 guest;
	u32 count;
	u64 steps[STEPS_PER_GUEST];
};

/* Returns the number of the step that failed, or plan->count. */
static u32 play(struct model *m, const struct plan *plan)
{
	volatile u32 i = 0;

	if (setjmp(m->failed))
		return i;
	model_begin(m, plan->guest);
	for (i = 0; i < plan->count; i++)
		model_step(m, plan->steps[i]);
	return plan->count;
}

/* Leave out whatever can be left out while it still fails. */
static void shrink(struct model *m, struct plan *plan)
{
	struct plan *trial = malloc(sizeof(*trial));
	u32 runs = 0;

	for (u32 chunk = plan->count / 2; chunk && runs < SHRINK_RUNS;) {
		bool shorter = false;

		for (u32 at = 0; at < plan->count && runs < SHRINK_RUNS;) {
			u32 part = MIN(chunk, plan->count - at), failed;

			*trial = *plan;
			memmove(trial->steps + at, trial->steps + at + part,
				(plan->count - at - part) * sizeof(u64));
			trial->count -= part;
			failed = play(m, trial);
			runs++;
			if (failed == trial->count) {
				at += part;
				continue;
			}
			*plan = *trial;
			plan->count = failed + 1;
			shorter = true;
		}
		if (!shorter || chunk > 1)
			chunk /= 2;
	}
	free(trial);
}

static void report(struct model *m, struct plan *plan, u64 seed)
{
	fprintf(stderr, "model: seed %lu: %s\nmodel: shortening\n", seed,
		m->failure);
	shrink(m, plan);
	m->verbose = true;
	play(m, plan);
	fprintf(stderr, "model: %u steps: %s\n", plan->count, m->failure);
}

static struct model *make(void)
{
	struct model *m = calloc(1, sizeof(*m));

	m->ram = aligned_alloc(PAGE_SIZE, MODEL_FRAMES * PAGE_SIZE);
	m->mirror = aligned_alloc(PAGE_SIZE, MODEL_FRAMES * PAGE_SIZE);
	m->arena = aligned_alloc(PAGE_SIZE, ARENA_BYTES);
	return m;
}

static void dispose(struct model *m)
{
	free(m->ram);
	free(m->mirror);
	free(m->arena);
	free(m);
}

/* Can this come of an access under this policy, in this state? */
static bool possible(u32 policy, u32 state, u32 event)
{
	switch ((enum model_event)event) {
	case EVENT_BYPASSED:
		return policy >= 2 && state;
	case EVENT_NOT_PRESENT:
	case EVENT_FAULT:
		return state;
	default:
		return true;
	}
}

/* Prints a table; returns whether all is there that can be. */
static bool covered(void)
{
	bool all = true;

	printf("%-12s %-13s", "policy", "WP NXE SMEP");
	for (u32 event = 0; event < MODEL_EVENTS; event++)
		printf(" %13s", event_names[event]);
	for (u32 policy = 0; policy < MODEL_POLICIES; policy++) {
		for (u32 state = 0; state < MODEL_STATES; state++) {
			char name[16] = "unpaged";

			if (state)
				snprintf(name, sizeof(name), "%u  %u   %u",
					 (state - 1) & 1, (state - 1) >> 1 & 1,
					 (state - 1) >> 2);
			printf("\n%-12s %-13s", policy_names[policy], name);
			for (u32 event = 0; event < MODEL_EVENTS; event++) {
				u64 n = model_coverage[policy][state][event];

				printf(" %13lu", n);
				if (!n == possible(policy, state, event)) {
					printf("!");
					all = false;
				}
			}
		}
	}
	printf("\n");
	return all;
}

/* So many steps fill every cell of the table. */
#define STEPS_TO_COVER 200000

bool model_run(u64 seed, u64 steps)
{
	struct plan *plan = malloc(sizeof(*plan));
	struct model *m = make();
	bool good = true;

	m->counting = true;
	m->rng = seed;
	for (u64 done = 0; done < steps && good; done += plan->count) {
		/* model_begin makes a stream of its own of it. */
		u64 stream = model_random(m, ~0ULL);

		m->rng = plan->guest = stream;
		plan->count = MIN(STEPS_PER_GUEST, steps - done);
		for (u32 i = 0; i < plan->count; i++)
			plan->steps[i] = model_random(m, ~0ULL);
		good = play(m, plan) == plan->count;
		m->rng = stream + 1;
	}
	m->counting = false;
	if (!good)
		report(m, plan, seed);
	else if (steps >= STEPS_TO_COVER)
		good = covered();
	free(plan);
	dispose(m);
	return good;
}
