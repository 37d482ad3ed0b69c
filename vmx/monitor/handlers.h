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
/* policy.c */
HANDLER(mmu);

#endif
