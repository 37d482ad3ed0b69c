/* SPDX-License-Identifier: MIT */
/*
 * The state of the processor after an instruction, or an iteration of a
 * repeated one, that Umbra has carried out (SDM vol. 3C, 24.4.2 and 26.6.3).
 * Pure.
 */
#ifndef VMX_EVENTS_STEP_H
#define VMX_EVENTS_STEP_H

#include "arch/x86/emulator/breakpoints.h"
#include "arch/x86/emulator/insn.h"
#include "arch/x86/regs.h"
#include "vmx/exit_qualification.h"

/*
 * GUEST_PENDING_DEBUG_EXCEPTIONS, SDM vol. 3C, table 24-4; other bits as in
 * DR6.
 */
#define PENDING_DEBUG_ENABLED BIT(12) /* B0 to B3 count */

/* Returns RIP after an instruction of @length bytes at @rip. */
static inline u64 step_rip(u64 rip, u32 length, enum insn_mode mode)
{
	return mode == INSN_MODE_64 ? rip + length : (u32)(rip + length);
}

/* RF lasts for one instruction (vol. 3B, 17.3.1.1). */
static inline u64 step_rflags(u64 rflags)
{
	return rflags & ~RFLAGS_RF;
}

/* STI and MOV SS block events for one instruction. */
static inline u32 step_interruptibility(u32 interruptibility)
{
	return interruptibility & ~(BLOCKING_BY_STI | BLOCKING_BY_MOV_SS);
}

/*
 * Returns the bits of DR6 for which #DB is due, or 0: the single step of TF,
 * the breakpoints that the instruction has hit, and the exceptions that a MOV
 * SS before it has held back (@pending, of the VMCS; vol. 3A, 6.8.3).
 */
static inline u64 step_debug(u64 rflags, u32 hits, u32 interruptibility,
			     u64 pending)
{
	u64 debug = hits | (rflags & RFLAGS_TF ? DR6_BS : 0);

	if ((interruptibility & BLOCKING_BY_MOV_SS) &&
	    (pending & (PENDING_DEBUG_ENABLED | DR6_BS)))
		debug |= pending & (DR6_B0_B3 | DR6_BS);
	return debug;
}

/*
 * Returns true if a step without a fault has no effect but the new RIP and
 * RF=0: there is no single step, no blocking, and no breakpoint that it may
 * hit.
 */
static inline bool step_is_plain(u64 rflags, u32 interruptibility, u64 dr7)
{
	return !(rflags & RFLAGS_TF) &&
	       step_interruptibility(interruptibility) == interruptibility &&
	       !(dr7 & DR7_ENABLED);
}

#endif
