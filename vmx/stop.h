/* SPDX-License-Identifier: MIT */
/* Stopping a guest that can't go on. */
#ifndef VMX_STOP_H
#define VMX_STOP_H

#include "lib/types.h"

struct vcpu;

/*
 * Stops the guest for good: prints the reason, the whole state, the last exits
 * and the statistics, and ends the run.
 */
void vmx_stop_guest(struct vcpu *vcpu, const char *why, ...) __printf(2, 3);

#endif
