/* SPDX-License-Identifier: MIT */
/* The emulator's string instructions, with and without a repeat prefix. */
#include "arch/x86/emulator/emulate_internal.h"

/* Moves rSI or rDI to the next element, by DF and the address size. */
static void step(struct emulation *e, enum gpr reg)
{
	u64 distance = e->insn->memory_size;

	if (e->regs.rflags & RFLAGS_DF)
		distance = -distance;
	write_gpr(&e->regs, reg, e->regs.gpr[reg] + distance,
		  e->insn->address_size);
}

/* Finds the operand at rSI or rDI. */
static bool find(const struct emulation *e, enum gpr reg, bool write,
		 struct linear_operand *operand)
{
	const struct insn *insn = e->insn;
	gva_t gva;

	if (!linear_address(e->memory, reg == RSI ? insn->mem.segment : SEG_ES,
			    e->regs.gpr[reg], insn->address_size,
			    insn->memory_size, write, &gva))
		return false;
	/* #AC comes after the segment's faults and before #PF (6.15). */
	if (e->memory->checks_alignment && gva % insn->memory_size)
		return linear_raise(e->memory, VECTOR_AC, 0);
	return linear_find(e->memory, gva, insn->memory_size, write, operand);
}

static bool read_element(struct emulation *e, enum gpr reg, u64 *value)
{
	struct linear_operand operand;

	*value = 0;
	if (!find(e, reg, false, &operand))
		return false;
	linear_load(e->memory, &operand, value);
	return true;
}

static bool write_element(struct emulation *e, u64 value)
{
	struct linear_operand operand;

	if (!find(e, RDI, true, &operand))
		return false;
	/* The whole element is accessible: now the port may be read. */
	if (e->insn->op == OP_INS)
		value = e->ops->read_port(e->ctx, (u16)e->regs.gpr[RDX],
					  e->insn->memory_size);
	linear_store(e->memory, &operand, &value);
	return true;
}

static bool compares(const struct insn *insn)
{
	return insn->op == OP_CMPS || insn->op == OP_SCAS;
}

static bool string_element(struct emulation *e)
{
	const struct insn *insn = e->insn;
	bool done = true;
	u64 value = 0, other;

	if (insn->src == OPERAND_MEM)
		done = read_element(e, RSI, &value);
	else if (insn->src == OPERAND_REG)
		value = emul_read_reg(e);
	if (done && compares(insn))
		done = read_element(e, RDI, &other);
	else if (done && insn->dst == OPERAND_MEM)
		done = write_element(e, value);
	if (!done)
		return false;
	if (compares(insn))
		emul_combine(OP_CMP, value, other, 0, insn->operand_size,
			     &e->regs);
	if (insn->op == OP_OUTS)
		e->ops->write_port(e->ctx, (u16)e->regs.gpr[RDX],
				   insn->memory_size, (u32)value);
	if (insn->op >= OP_INS)
		breakpoints_see(&e->memory->breakpoints, BREAK_PORT,
				(u16)e->regs.gpr[RDX], insn->memory_size);
	if (insn->dst == OPERAND_REG)
		emul_write_reg(e, value);
	if (insn->src == OPERAND_MEM)
		step(e, RSI);
	if (insn->dst == OPERAND_MEM)
		step(e, RDI);
	return true;
}

/*
 * Returns true if a comparison ends the loop: REPE's at a difference, REPNE's
 * at equality.
 */
static bool is_found(const struct emulation *e)
{
	bool equal = e->regs.rflags & RFLAGS_ZF;

	return compares(e->insn) && equal == e->insn->repne;
}

/*
 * A repeated instruction is cut into calls of bounded length; the registers
 * tell how far it got (SDM vol. 2B, REP). The guest goes on by itself as soon
 * as its memory is released. With TF or breakpoints a call does one element,
 * since a trap follows each; RF tells that the instruction has begun (vol. 3B,
 * 17.3.1.1).
 */
enum emul_status emul_string(struct emulation *e, struct cpu_regs *progress)
{
	unsigned int size = e->insn->address_size;
	u64 left = e->insn->op >= OP_INS ? EMUL_IO_ELEMENTS
					 : EMUL_STRING_ELEMENTS;

	if (!e->insn->rep)
		return emul_outcome(string_element(e));
	if (e->regs.rflags & RFLAGS_TF || e->memory->breakpoints.dr7)
		left = 1;
	while (truncate(e->regs.gpr[RCX], size)) {
		if (!left--)
			return EMUL_RESTART;
		if (!string_element(e))
			return EMUL_FAULT;
		write_gpr(&e->regs, RCX, e->regs.gpr[RCX] - 1, size);
		if (is_found(e))
			break;
		*progress = e->regs;
		progress->rflags |= RFLAGS_RF;
		if (e->memory->released)
			left = 0;
	}
	return EMUL_OK;
}
