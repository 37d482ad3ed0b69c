/* SPDX-License-Identifier: MIT */
/* The end of an instruction that Umbra has carried out for the guest. */
#ifndef VMX_EVENTS_SKIP_H
#define VMX_EVENTS_SKIP_H

#include "vmx/vcpu.h"

/*
 * Ends an instruction, or an iteration of a repeated one, that ran with @rflags
 * and has hit the breakpoints @hits (B0 to B3 of DR6): ends the blocking by STI
 * and MOV SS, and raises #DB if one is due.
 */
void vcpu_end_step(struct vcpu *vcpu, u64 rflags, u32 hits);

/* Adds the exit's instruction length to RIP, clears RF, and ends the step. */
void vcpu_skip_instruction(struct vcpu *vcpu);
/* The same for an instruction that has hit the breakpoints @hits. */
void vcpu_skip_watched(struct vcpu *vcpu, u32 hits);
/* The same where the exit does not tell the instruction's length. */
void vcpu_skip_bytes(struct vcpu *vcpu, u32 length, u32 hits);

#endif
