/* SPDX-License-Identifier: MIT */
/*
 * A hardware task switch, which VMX does not carry out itself: SDM vol. 3A,
 * chapter 7, and 3C, 25.4.2. Pure C over linear.h, so that it runs in tests.
 */
#ifndef ARCH_X86_EMULATOR_TASK_SWITCH_H
#define ARCH_X86_EMULATOR_TASK_SWITCH_H

#include "arch/x86/emulator/linear.h"

/* The source of the switch, as in the exit qualification (table 27-2). */
enum task_source { TASK_CALL, TASK_IRET, TASK_JMP, TASK_GATE };

/* Segment registers, and the two of the system. */
enum task_segment { TASK_LDTR = SEG_COUNT, TASK_TR, TASK_SEGMENTS };

/* The processor, before and after. */
struct task_cpu {
	u32 gpr[8];
	u32 eip; /* where the old task goes on later, and the new one now */
	u32 eflags;
	struct segment_register segment[TASK_SEGMENTS];
	u64 gdt_base;
	u32 gdt_limit;
	bool paging; /* CR3 is switched, too */
	u32 cr3;
};

/*
 * Loads CR3. Returns false if the value is invalid: #TS of the new TSS is due.
 */
typedef bool task_load_cr3(void *ctx, u32 cr3);

/*
 * Switches @cpu to the task of TSS @selector, which the processor has found
 * valid (its type, presence and limit, and the privileges). Returns false if
 * the fault of @memory is due, with an error code without EXT. If the fault
 * comes after the switch (@switched), @cpu is the new task's, else it is
 * unchanged. @trap: the T flag of the new TSS, for which a #DB is due at the
 * end. @memory is accessed with supervisor rights, and must not keep
 * translations: CR3 changes midway. @load_cr3 gets the ctx of @memory.
 */
__cold bool task_switch(struct task_cpu *cpu, u16 selector,
			enum task_source source, struct linear *memory,
			task_load_cr3 *load_cr3, bool *switched, bool *trap);

/*
 * Pushes an error code of @size bytes (2 or 4) on the stack of the new task.
 * Returns false if the fault of @memory is due.
 */
bool task_push(struct task_cpu *cpu, u32 value, size_t size,
	       struct linear *memory);

/* Returns true for a busy 32-bit TSS; the other kind is the 80286's. */
static inline bool task_is_32bit(u32 rights)
{
	return AR_TYPE(rights) == AR_TSS_BUSY;
}

#endif
