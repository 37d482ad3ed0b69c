/* SPDX-License-Identifier: MIT */
/*
 * A view of the whole screen that refreshes while the guest runs: the tables of
 * the address that faulted last, the guest's entries beside the shadow's, and
 * the exits a second by kind.
 */
#ifndef VMX_MONITOR_TOP_H
#define VMX_MONITOR_TOP_H

#include "lib/types.h"

struct vm;

/* Draws monitor.top.lines; an empty line is "". */
void top_draw(struct vm *vm);

/*
 * Acts on a key: q ends the view, + and - change the rung, 1 to 9 the switches;
 * the blank stops the guest, and lets it go on.
 */
void top_key(struct vm *vm, u8 key);

#endif
