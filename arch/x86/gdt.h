/* SPDX-License-Identifier: MIT */
/*
 * Umbra's segments, its task-state segment and its stacks.
 */
#ifndef ARCH_X86_GDT_H
#define ARCH_X86_GDT_H

#include "lib/types.h"

#define SELECTOR_CODE 0x08
#define SELECTOR_DATA 0x10
#define SELECTOR_TSS 0x18

/*
 * NMI, #MC and #DF come when the current stack may be unusable, so they have
 * stacks of their own. A page that is not mapped lies below each stack: an
 * overflow raises #PF, and since #PF finds no stack either, #DF.
 */
enum stack { STACK_MAIN, STACK_NMI, STACK_MC, STACK_DF, STACK_COUNT };

#define STACK_SIZE 16384 /* as in boot/entry.asm */

struct guarded_stack {
	u8 guard[PAGE_SIZE];
	u8 bytes[STACK_SIZE];
};

extern struct guarded_stack stacks[STACK_COUNT];

/* The interrupt-stack-table index of a stack (SDM vol. 3A, 6.14.5): 1 to 7. */
static inline unsigned int stack_ist(enum stack stack)
{
	return stack;
}

/* Loads the GDT, the segment registers and the task register. */
void gdt_init(void);

/* The linear addresses that a VMCS needs in its host-state area. */
u64 gdt_base(void);
u64 tss_base(void);

#endif
