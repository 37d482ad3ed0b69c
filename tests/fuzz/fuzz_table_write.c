/* SPDX-License-Identifier: MIT */
/*
 * The shadow MMU, led by the fuzzer instead of chance. The bytes choose a guest
 * of the model, then write into its tables, at any place and of any width;
 * between the writes come the model's steps (accesses, INVLPG, changes of state
 * and of policy). The reference judges each access (tests/model), and the audit
 * checks all shadow pages after each step.
 */
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mmu/audit/audit.h"
#include "tests/model/access.h"

#define WRITE BIT(7) /* in a step's first byte: it is a write */
#define COMPARE BIT(6) /* ... by compare-exchange */
#define MAX_STEPS 400

struct input {
	const u8 *data;
	size_t left;
};

/* Returns the next @len bytes; beyond the end there are zeros. */
static u64 next_bytes(struct input *in, size_t len)
{
	size_t part = MIN(len, in->left);
	u64 value = 0;

	memcpy(&value, in->data, part);
	in->data += part;
	in->left -= part;
	return value;
}

/* One of the frames in use by name; a write may go on into the next page. */
static void step_write(struct model *m, struct input *in, u8 first)
{
	gpa_t gpa = world_named(next_bytes(in, 1) % WORLD_NAMED) << PAGE_SHIFT;
	u64 data[2];
	u8 old[16] = { 0 };
	size_t len;

	gpa += next_bytes(in, 2) % PAGE_SIZE;
	data[0] = next_bytes(in, sizeof(u64));
	data[1] = first & BIT(4) ? next_bytes(in, sizeof(u64)) : data[0];
	if (!(first & COMPARE)) {
		model_store(m, gpa, data, first % 16 + 1);
		return;
	}
	len = 1ULL << first % 5;
	gpa &= -len;
	if (world_mirror(&m->world, gpa))
		memcpy(old, world_mirror(&m->world, gpa), len);
	old[0] ^= first >> 5 & 1;
	model_cmpxchg(m, gpa, old, (u8 *)data, len);
}

static void run_input(struct model *m, struct input *in)
{
	struct mmu_audit audit;

	guest_begin(m, next_bytes(in, sizeof(u32)));
	for (u32 i = 0; i < MAX_STEPS && in->left; i++) {
		u8 first = next_bytes(in, 1);

		/* The first step puts the guest into a paging mode. */
		if (i && (first & WRITE))
			step_write(m, in, first);
		else
			model_step(m, first | next_bytes(in, 2) << 8);
		model_check(m, false);
		if (!mmu_audit(&m->mmu_cpu, &audit))
			model_fail(m, "step %u: invariant %u: %s", i,
				   audit.invariant, audit.what);
	}
	machine_check_memory(m);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	static struct model *m;
	struct input in = { data, size };

	if (!m) {
		m = calloc(1, sizeof(*m));
		if (!m)
			abort();
		world_create(&m->world);
	}
	if (setjmp(m->failed)) {
		fprintf(stderr, "model: %s\n", m->failure);
		abort();
	}
	run_input(m, &in);
	return 0;
}
