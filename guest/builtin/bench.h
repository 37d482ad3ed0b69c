/* SPDX-License-Identifier: MIT */
/* The benchmark's operations, and who measures them. */
#ifndef GUEST_BUILTIN_BENCH_H
#define GUEST_BUILTIN_BENCH_H

#include "guest/builtin/kernel.h"

struct bench_op {
	const char *name;
	u32 ops; /* operations that one run() does */
	u32 argument; /* of these: */
	/* Build what it needs, and have it used once: Umbra's shadow is warm. */
	void (*prepare)(u32 argument);
	void (*run)(u32 argument);
	void (*verify)(u32 argument); /* or NULL */
};
extern const struct bench_op bench_ops[];
extern const u32 bench_op_count;

/* The benchmark measures nonsense: @what went wrong. */
void bench_fails(const char *what);

/* The two large programs; each returns the guest's exit status. */
u32 demo_main(void);
u32 bench_main(void);

#endif
