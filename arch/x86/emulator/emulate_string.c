/* SPDX-License-Identifier: MIT */
/* The emulator's string instructions, with and without a repeat prefix. */
#include "arch/x86/emulator/emulate_internal.h"

/* Move rSI or rDI to the next element, by DF and the address size. */
static void step(struct emulation *e, enum gpr reg)
{
	u64 distance = e->insn->memory_size;

	if (e->regs.rflags & RFLAGS_DF)
		distance = -distance;
	write_gpr(&e->regs, reg, e->regs.gpr[reg] + distance,
		  e->insn->address_size);
}

/* Where the operand at rSI or rDI is. */
static enum emul_status locate(const struct emulation *e, enum gpr reg,
			       bool write, gva_t *gva)
{
	const struct insn *insn = e->insn;

	return emul_linear(e, reg == RSI ? insn->mem.segment : SEG_ES,
			   e->regs.gpr[reg], insn->address_size,
			   insn->memory_size, write, gva);
}

static enum emul_status read_element(struct emulation *e, enum gpr reg,
				     u64 *value)
{
	enum emul_status status;
	gva_t gva;

	*value = 0;
	status = locate(e, reg, false, &gva);
	if (status != EMUL_OK)
		return status;
	return e->ops->read(e->ctx, gva, value, e->insn->memory_size);
}

static enum emul_status write_element(struct emulation *e, u64 value)
{
	enum emul_status status;
	gva_t gva;

	status = locate(e, RDI, true, &gva);
	if (status != EMUL_OK)
		return status;
	return e->ops->write(e->ctx, gva, &value, e->insn->memory_size);
}

static bool compares(const struct insn *insn)
{
	return insn->op == OP_CMPS || insn->op == OP_SCAS;
}

static enum emul_status string_element(struct emulation *e)
{
	const struct insn *insn = e->insn;
	enum emul_status status = EMUL_OK;
	u64 value, other;

	if (insn->src == OPERAND_MEM)
		status = read_element(e, RSI, &value);
	else
		value = emul_read_reg(e);
	if (status == EMUL_OK && compares(insn))
		status = read_element(e, RDI, &other);
	else if (status == EMUL_OK && insn->dst == OPERAND_MEM)
		status = write_element(e, value);
	if (status != EMUL_OK)
		return status;
	if (compares(insn))
		emul_combine(OP_CMP, value, other, insn->operand_size,
			     &e->regs);
	if (insn->dst == OPERAND_REG)
		emul_write_reg(e, value);
	if (insn->src == OPERAND_MEM)
		step(e, RSI);
	if (insn->dst == OPERAND_MEM)
		step(e, RDI);
	return EMUL_OK;
}

/* A comparison ends REPE when it finds a difference, REPNE when it doesn't. */
static bool is_found(const struct emulation *e)
{
	bool equal = e->regs.rflags & RFLAGS_ZF;

	return compares(e->insn) && equal == e->insn->repne;
}

/*
 * A repeated one is cut into calls of bounded length; the registers tell how
 * far it got (SDM vol. 2B, REP). Under TF each element is a step.
 */
enum emul_status emul_string(struct emulation *e, struct cpu_regs *progress)
{
	unsigned int size = e->insn->address_size;
	u64 left = EMUL_STRING_ELEMENTS;
	enum emul_status status;
	bool progressed = false;

	if (!e->insn->rep)
		return string_element(e);
	if (e->regs.rflags & RFLAGS_TF)
		left = 1;
	while (truncate(e->regs.gpr[RCX], size)) {
		if (!left--)
			return EMUL_RESTART;
		status = string_element(e);
		/* Giving up promises that nothing is changed: next time. */
		if (status == EMUL_UNSUPPORTED && progressed)
			return EMUL_RESTART;
		if (status != EMUL_OK)
			return status;
		write_gpr(&e->regs, RCX, e->regs.gpr[RCX] - 1, size);
		if (is_found(e))
			break;
		*progress = e->regs;
		progressed = true;
	}
	return EMUL_OK;
}
