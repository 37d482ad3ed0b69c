/* SPDX-License-Identifier: MIT */
/* The emulator's arithmetic: emulate_alu.asm has the processor do it. */
#include "arch/x86/emulator/emulate_internal.h"

#define SIZES 4 /* thunks of each operation: for 1, 2, 4 and 8 bytes */

u64 emul_combine(enum insn_op op, u64 value, u64 src, u8 count,
		 unsigned int size, struct cpu_regs *regs)
{
	u64 number = (u64)(op - OP_ADD) * SIZES + (u64)__builtin_ctz(size);

	/* A move has no arithmetic. */
	if (op >= OP_SET)
		return src;
	return emul_thunk(number, value, src, count, &regs->rflags);
}

bool emul_condition(u8 condition, u64 rflags)
{
	u64 number = (OP_SET - OP_ADD) * SIZES + condition;

	return emul_thunk(number, 0, 0, 0, &rflags);
}
