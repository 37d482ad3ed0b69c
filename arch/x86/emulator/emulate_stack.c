/* SPDX-License-Identifier: MIT */
/* Pushes, and POP: SDM vol. 2B, PUSH, PUSHA, PUSHF, POP; 2A, CALL. */
#include "arch/x86/emulator/emulate_internal.h"
#include "lib/string.h"

#define PUSHA_REGISTERS 8

/* Stacks have an address size of their own (SDM vol. 1, 6.2.3). */
static unsigned int stack_size(const struct emulation *e)
{
	if (e->insn->mode == INSN_MODE_64)
		return 8;
	return linear_segment(e->memory, SEG_SS)->rights & AR_DB ? 4 : 2;
}

/* @len bytes of @buf onto the stack, in a slot of @slot bytes. */
static enum emul_status push(struct emulation *e, const void *buf, size_t len,
			     size_t slot)
{
	unsigned int size = stack_size(e);
	u64 rsp = e->regs.gpr[RSP] - slot;
	enum emul_status status;
	gva_t gva;

	status = linear_address(e->memory, SEG_SS, rsp, size, len, true, &gva);
	if (status != EMUL_OK)
		return status;
	status = linear_write(e->memory, gva, buf, len);
	if (status == EMUL_OK)
		write_gpr(&e->regs, RSP, rsp, size);
	return status;
}

/* What PUSH and CALL take from a register, memory or the instruction. */
static enum emul_status read_source(struct emulation *e, u64 *value)
{
	const struct insn *insn = e->insn;
	enum emul_status status;

	*value = 0;
	switch (insn->src) {
	case OPERAND_REG:
		*value = emul_read_reg(e);
		return EMUL_OK;
	case OPERAND_MEM:
		status = emul_locate(e, false);
		if (status != EMUL_OK)
			return status;
		return linear_read(e->memory, e->gva, value,
				   insn->operand_size);
	default:
		*value = insn->imm;
		return EMUL_OK;
	}
}

static enum emul_status push_source(struct emulation *e)
{
	size_t size = e->insn->operand_size;
	enum emul_status status;
	u64 value;

	status = read_source(e, &value);
	return status == EMUL_OK ? push(e, &value, size, size) : status;
}

/* Recent processors write but two bytes into a slot of four. */
static enum emul_status push_segment(struct emulation *e)
{
	u64 value =
		linear_segment(e->memory, (enum segment)e->insn->reg)->selector;
	size_t slot = e->insn->operand_size;

	return push(e, &value, slot == 4 ? 2 : slot, slot);
}

static enum emul_status push_flags(struct emulation *e)
{
	u64 value = e->regs.rflags & ~(RFLAGS_VM | RFLAGS_RF);
	size_t size = e->insn->operand_size;

	/* In v86 mode with IOPL below 3, CR4.VME decides what is pushed. */
	if ((e->regs.rflags & RFLAGS_VM) &&
	    (e->regs.rflags & RFLAGS_IOPL) != RFLAGS_IOPL)
		return EMUL_UNSUPPORTED;
	return push(e, &value, size, size);
}

static enum emul_status push_all(struct emulation *e)
{
	size_t size = e->insn->operand_size, i;
	u8 image[PUSHA_REGISTERS * 4];

	/* rAX is pushed first, so it lies highest. */
	for (i = 0; i < PUSHA_REGISTERS; i++)
		memcpy(image + (PUSHA_REGISTERS - 1 - i) * size,
		       &e->regs.gpr[RAX + i], size);
	return push(e, image, PUSHA_REGISTERS * size, PUSHA_REGISTERS * size);
}

/* May the guest branch to @target? */
static bool is_target(const struct emulation *e, u64 target)
{
	if (e->insn->mode == INSN_MODE_64)
		return is_canonical(target);
	return target <= linear_segment(e->memory, SEG_CS)->limit;
}

static enum emul_status call(struct emulation *e)
{
	size_t size = e->insn->operand_size;
	u64 next = e->regs.rip + e->insn->length;
	enum emul_status status;
	u64 target;

	status = read_source(e, &target);
	if (status != EMUL_OK)
		return status;
	if (e->insn->src == OPERAND_IMM)
		target += next;
	target = truncate(target, size);
	if (!is_target(e, target))
		return EMUL_GP;
	status = push(e, &next, size, size);
	e->regs.rip = target;
	e->branched = true;
	return status;
}

static enum emul_status enter(struct emulation *e)
{
	size_t size = e->insn->operand_size, stack = stack_size(e);
	u64 old = e->regs.gpr[RBP];
	enum emul_status status;
	gva_t gva;
	u64 rsp;

	status = push(e, &old, size, size);
	if (status != EMUL_OK)
		return status;
	write_gpr(&e->regs, RBP, e->regs.gpr[RSP], size);
	rsp = e->regs.gpr[RSP] - e->insn->imm;
	write_gpr(&e->regs, RSP, rsp, stack);
	/* The new top must be writable, too. */
	status =
		linear_address(e->memory, SEG_SS, rsp, stack, size, true, &gva);
	if (status != EMUL_OK)
		return status;
	return linear_probe(e->memory, gva, size);
}

/* An address made with rSP is made with what it is after the pop. */
static enum emul_status pop(struct emulation *e)
{
	size_t size = e->insn->operand_size, stack = stack_size(e);
	u64 rsp = e->regs.gpr[RSP];
	enum emul_status status;
	gva_t gva;
	u64 value;

	status = linear_address(e->memory, SEG_SS, rsp, stack, size, false,
				&gva);
	if (status == EMUL_OK)
		status = linear_read(e->memory, gva, &value, size);
	if (status != EMUL_OK)
		return status;
	write_gpr(&e->regs, RSP, rsp + size, stack);
	/* POP rSP: what was popped is what stays. */
	if (e->insn->dst == OPERAND_REG) {
		emul_write_reg(e, value);
		return EMUL_OK;
	}
	status = emul_locate(e, true);
	return status == EMUL_OK ? linear_write(e->memory, e->gva, &value, size)
				 : status;
}

enum emul_status emul_stack(struct emulation *e)
{
	switch (e->insn->op) {
	case OP_PUSH:
		return push_source(e);
	case OP_PUSH_SEGMENT:
		return push_segment(e);
	case OP_PUSHF:
		return push_flags(e);
	case OP_PUSHA:
		return push_all(e);
	case OP_CALL:
		return call(e);
	case OP_ENTER:
		return enter(e);
	default:
		return pop(e);
	}
}
