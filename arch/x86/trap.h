/* SPDX-License-Identifier: MIT */
/*
 * Exceptions and interrupts that reach Umbra itself.
 */
#ifndef ARCH_X86_TRAP_H
#define ARCH_X86_TRAP_H

#include "arch/x86/regs.h"
#include "lib/types.h"

/* The frame that trap_entry.asm and the processor leave on the stack. */
struct trap_frame {
	u64 gpr[GPR_COUNT]; /* RSP's is not filled in: see rsp */
	u64 vector;
	u64 error_code; /* 0 where the exception has none */
	u64 rip, cs, rflags, rsp, ss;
};

/* Loads the IDT: every vector has a handler from then on. */
void trap_init(void);

/* The IDT's address, for the VMCS. */
u64 idt_base(void);

/* Handles a #MC of the machine, also one that has caused a VM exit: panics. */
void trap_machine_check(void) __noreturn;

#endif
