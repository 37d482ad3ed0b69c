/* SPDX-License-Identifier: MIT */
/* What a run has cost, printed at its end. */
#ifndef VMX_STATS_H
#define VMX_STATS_H

struct vm;

void stats_print(const struct vm *vm);

#endif
