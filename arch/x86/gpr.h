/* SPDX-License-Identifier: MIT */
/* The values that instructions take from the general registers and leave there.
 */
#ifndef ARCH_X86_GPR_H
#define ARCH_X86_GPR_H

#include "arch/x86/regs.h"

/* The low @size bytes, 1 to 8, of @value. */
static inline u64 truncate(u64 value, unsigned int size)
{
	return value & (~0ULL >> (64 - 8 * size));
}

/*
 * Writes the low @size bytes of a register, 1 to 8. 4 bytes clear the upper
 * half; 1 or 2 bytes leave all others alone (SDM vol. 1, 3.4.1.1).
 */
static inline void write_gpr(struct cpu_regs *regs, enum gpr reg, u64 value,
			     unsigned int size)
{
	u64 kept = size < 4 ? ~truncate(~0ULL, size) : 0;

	regs->gpr[reg] = (regs->gpr[reg] & kept) | truncate(value, size);
}

/* The 64-bit operand of WRMSR and XSETBV, which ignore both upper halves. */
static inline u64 read_edx_eax(const struct cpu_regs *regs)
{
	return regs->gpr[RDX] << 32 | (u32)regs->gpr[RAX];
}

/* The result of RDMSR, which clears both upper halves. */
static inline void write_edx_eax(struct cpu_regs *regs, u64 value)
{
	regs->gpr[RAX] = (u32)value;
	regs->gpr[RDX] = value >> 32;
}

#endif
