/* SPDX-License-Identifier: MIT */
/* The commands that have files of their own. */
#ifndef VMX_MONITOR_HANDLERS_H
#define VMX_MONITOR_HANDLERS_H

#include "lib/types.h"

struct vm;

/* Returns false if an argument, of those after words[0], is wrong. */
#define HANDLER(name)                                                          \
	bool monitor_##name(struct vm *vm, char *const words[], size_t count)

/* shadow.c */
HANDLER(walk);
HANDLER(x);
/* survey.c */
HANDLER(map);
HANDLER(pages);
HANDLER(why);
/* state.c */
HANDLER(vmcs);
HANDLER(audit);
HANDLER(dirty);
/* top.c */
HANDLER(top);
/* policy.c */
HANDLER(mmu);
/* costs.c */
HANDLER(exits);
/* Shows the costs if it is time to; returns true if it has. */
bool monitor_tick(struct vm *vm);
/* How long the guest has run by vm_stats.ended_ns, in ns, without the prompt. */
u64 monitor_ran_ns(const struct vm *vm);
/* @count in @ns as a rate a second. */
u64 per_second(u64 count, u64 ns);

#endif
