/* SPDX-License-Identifier: MIT */
/* The address of a decoded instruction's memory operand. */
#include "arch/x86/emulator/insn.h"

/*
 * A bit number in a register counts from the encoded address, up or down.
 * Returns the distance in bytes from there to the operand that holds the bit
 * (SDM vol. 2A, BT).
 */
static u64 bit_string_offset(const struct insn *insn,
			     const struct cpu_regs *regs)
{
	unsigned int bits = 8 * insn->operand_size;
	s64 bit = (s64)(regs->gpr[insn->reg] << (64 - bits)) >> (64 - bits);

	/* Shifting rounds downwards, as it must for negative numbers. */
	return (u64)(bit >> __builtin_ctz(bits)) * insn->operand_size;
}

u64 insn_memory_offset(const struct insn *insn, const struct cpu_regs *regs)
{
	u64 offset = insn_encoded_offset(insn, regs);

	if (insn->op >= OP_BT && insn->op <= OP_BTC && insn->src == OPERAND_REG)
		offset += bit_string_offset(insn, regs);
	return offset;
}
