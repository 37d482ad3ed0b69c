/* SPDX-License-Identifier: MIT */
/*
 * How an instruction that Umbra has carried out, or an iteration of a repeated
 * one, leaves the processor (SDM vol. 3C, 24.4.2 and 26.6.3). Pure.
 */
#ifndef VMX_STEP_H
#define VMX_STEP_H

#include "arch/x86/emulator/insn.h"
#include "arch/x86/regs.h"
#include "vmx/exit_qualification.h"

/* GUEST_PENDING_DEBUG_EXCEPTIONS, SDM vol. 3C, table 24-4. */
#define PENDING_DEBUG_BS BIT(14)

/* RIP behind an instruction of @length bytes at @rip. */
static inline u64 step_rip(u64 rip, u32 length, enum insn_mode mode)
{
	return mode == INSN_MODE_64 ? rip + length : (u32)(rip + length);
}

/* RF lasts for one instruction (vol. 3B, 17.3.1.1). */
static inline u64 step_rflags(u64 rflags)
{
	return rflags & ~RFLAGS_RF;
}

/* STI and MOV SS block events no longer. */
static inline u32 step_interruptibility(u32 interruptibility)
{
	return interruptibility & ~(BLOCKING_BY_STI | BLOCKING_BY_MOV_SS);
}

/* The debug exceptions that become pending: the single step of TF. */
static inline u64 step_debug(u64 rflags)
{
	return rflags & RFLAGS_TF ? PENDING_DEBUG_BS : 0;
}

#endif
