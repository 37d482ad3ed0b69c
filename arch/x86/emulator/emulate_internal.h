/* SPDX-License-Identifier: MIT */
/* Shared by the parts of the emulator; only emulate*.c include this. */
#ifndef ARCH_X86_EMULATOR_EMULATE_INTERNAL_H
#define ARCH_X86_EMULATOR_EMULATE_INTERNAL_H

#include "arch/x86/emulator/emulate.h"
#include "arch/x86/gpr.h"

/* One instruction under way. */
struct emulation {
	const struct insn *insn;
	struct cpu_regs regs; /* the guest's, if all goes well */
	struct linear *memory;
	const struct emul_ops *ops;
	void *ctx;
	gva_t gva; /* of the memory operand */
};

/* Returns the sign-extended low @size bytes, 1 to 8, of @value. */
static inline u64 sign_extend(u64 value, unsigned int size)
{
	unsigned int unused_bits = 64 - 8 * size;

	return (u64)((s64)(value << unused_bits) >> unused_bits);
}

static inline enum emul_status emul_outcome(bool done)
{
	return done ? EMUL_OK : EMUL_FAULT;
}

/* --- emulate.c --- */

/*
 * Stores the linear address of the instruction's memory operand in e->gva.
 * Returns false if the fault of e->memory is due.
 */
bool emul_locate(struct emulation *e, bool write);
/* The register operand, zero-extended to 64 bits. */
u64 emul_read_reg(const struct emulation *e);
void emul_write_reg(struct emulation *e, u64 value);

/* --- emulate_alu.c --- */

/*
 * Carries out thunk @number, an instruction on registers: its destination is
 * @value, its source @src, its count @count (as in CL), and its arithmetic
 * flags those of *@rflags, where it leaves the new ones. Returns the
 * destination.
 */
u64 emul_thunk(u64 number, u64 value, u64 src, u8 count, u64 *rflags);
/*
 * Returns @value (the destination, of @size bytes) combined with @src by @op;
 * for shifts by @count. Sets the arithmetic flags of @regs. Both operands are
 * zero-extended, and so is the result.
 */
u64 emul_combine(enum insn_op op, u64 value, u64 src, u8 count,
		 unsigned int size, struct cpu_regs *regs);
/* Returns true if the condition in an opcode's low 4 bits holds. */
bool emul_condition(u8 condition, u64 rflags);

/* --- emulate_string.c, emulate_vector.c --- */

/* @progress: receives the registers after each completed iteration. */
enum emul_status emul_string(struct emulation *e, struct cpu_regs *progress);
enum emul_status emul_vector(struct emulation *e);

#endif
