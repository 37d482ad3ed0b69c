/* SPDX-License-Identifier: MIT */
/*
 * Runs the model, one guest after another, on all processors of this machine,
 * and shortens a run that fails.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/model/guard.h"
#include "tests/model/model.h"
#include "tests/model/words.h"

#define STEPS_PER_GUEST 2000
#define SHRINK_RUNS 2000
#define MAX_JOBS 64

/* A guest, and the seeds of its steps. */
struct plan {
	u64 guest;
	u32 count;
	u64 steps[STEPS_PER_GUEST];
};

/* Returns the number of the step that failed, or plan->count. */
static u32 play_plan(struct model *m, const struct plan *plan)
{
	volatile u32 i = 0;

	guard_begin();
	if (setjmp(m->failed))
		return i;
	guest_begin(m, plan->guest);
	for (i = 0; i < plan->count; i++)
		model_step(m, plan->steps[i]);
	return plan->count;
}

/* Leaves out all steps without which it still fails. */
static void shrink_plan(struct model *m, struct plan *plan)
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
			failed = play_plan(m, trial);
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

static void report_failure(struct model *m, struct plan *plan, u64 seed)
{
	fprintf(stderr, "model: seed %lu: %s\n", seed, m->failure);
	/* A run of mutants needs no more. */
	if (getenv("MODEL_BRIEF"))
		return;
	fprintf(stderr, "model: shortening\n");
	shrink_plan(m, plan);
	m->verbose = true;
	play_plan(m, plan);
	fprintf(stderr, "model: %u steps: %s\n%s", plan->count, m->failure,
		words_page(m->failure));
}

/* The plan of guest @n of a run. */
static void make_plan(struct model *m, struct plan *plan, u64 seed, u64 n)
{
	m->rng = seed;
	m->rng = model_random(m, ~0ULL) + n;
	plan->guest = model_random(m, ~0ULL);
	for (u32 i = 0; i < plan->count; i++)
		plan->steps[i] = model_random(m, ~0ULL);
}

/* The data that the jobs share. */
struct work {
	u64 seed, steps;
	time_t end; /* 0: only the steps count */
	u32 jobs;
	bool stop;
	struct coverage coverage[MAX_JOBS];
};

/* Runs each guest with its number modulo the jobs @job; false if one fails. */
static bool run_job(struct work *work, u32 job)
{
	struct plan *plan = malloc(sizeof(*plan));
	struct model *m = calloc(1, sizeof(*m));
	bool good = true;

	world_create(&m->world);
	m->coverage = &work->coverage[job];
	for (u64 n = job;
	     good && !__atomic_load_n(&work->stop, __ATOMIC_RELAXED);
	     n += work->jobs) {
		u64 done = n * STEPS_PER_GUEST;

		if (work->end ? time(NULL) >= work->end : done >= work->steps)
			break;
		plan->count =
			work->end ? STEPS_PER_GUEST
				  : MIN(STEPS_PER_GUEST, work->steps - done);
		make_plan(m, plan, work->seed, n);
		good = play_plan(m, plan) == plan->count;
	}
	if (!good) {
		m->coverage = NULL;
		/* One failure is enough. */
		if (!__atomic_exchange_n(&work->stop, true, __ATOMIC_SEQ_CST))
			report_failure(m, plan, work->seed);
	}
	free(plan);
	world_destroy(&m->world);
	free(m);
	return good;
}

static bool run_jobs(struct work *work)
{
	pid_t children[MAX_JOBS];
	bool good = true;

	fflush(stdout);
	for (u32 job = 0; job < work->jobs; job++) {
		children[job] = fork();
		if (children[job] == 0)
			_exit(run_job(work, job) ? 0 : 1);
	}
	for (u32 job = 0; job < work->jobs; job++) {
		int status;

		good &= waitpid(children[job], &status, 0) == children[job] &&
			status == 0;
	}
	return good;
}

/* Number of steps that fill every cell of the table. */
#define STEPS_TO_COVER 5000000

bool model_run(u64 seed, u64 steps, u64 seconds)
{
	struct work *work = mmap(NULL, sizeof(*work), PROT_READ | PROT_WRITE,
				 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	long processors = sysconf(_SC_NPROCESSORS_ONLN);
	bool good;

	if (work == MAP_FAILED)
		abort();
	work->seed = seed;
	work->steps = steps;
	work->end = seconds ? time(NULL) + (time_t)seconds : 0;
	work->jobs = processors < 1 ? 1 : MIN((u32)processors, MAX_JOBS);
	good = run_jobs(work);
	for (u32 job = 1; job < work->jobs; job++)
		coverage_add(&work->coverage[0], &work->coverage[job]);
	if (good && (seconds || steps >= STEPS_TO_COVER))
		good = coverage_print(&work->coverage[0]) || seconds;
	munmap(work, sizeof(*work));
	return good;
}
