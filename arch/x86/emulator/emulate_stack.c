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
static bool push(struct emulation *e, const void *buf, size_t len, size_t slot)
{
	unsigned int size = stack_size(e);
	u64 rsp = e->regs.gpr[RSP] - slot;
	gva_t gva;

	if (!linear_address(e->memory, SEG_SS, rsp, size, len, true, &gva) ||
	    !linear_write(e->memory, gva, buf, len))
		return false;
	write_gpr(&e->regs, RSP, rsp, size);
	return true;
}

/* What PUSH and CALL take from a register, memory or the instruction. */
static bool read_source(struct emulation *e, u64 *value)
{
	const struct insn *insn = e->insn;

	*value = insn->src == OPERAND_REG ? emul_read_reg(e) : insn->imm;
	if (insn->src != OPERAND_MEM)
		return true;
	*value = 0;
	return emul_locate(e, false) &&
	       linear_read(e->memory, e->gva, value, insn->operand_size);
}

static bool push_source(struct emulation *e)
{
	size_t size = e->insn->operand_size;
	u64 value;

	return read_source(e, &value) && push(e, &value, size, size);
}

/* Recent processors write but two bytes into a slot of four. */
static bool push_segment(struct emulation *e)
{
	u64 value =
		linear_segment(e->memory, (enum segment)e->insn->reg)->selector;
	size_t slot = e->insn->operand_size;

	return push(e, &value, slot == 4 ? 2 : slot, slot);
}

static bool push_flags(struct emulation *e)
{
	u64 value = e->regs.rflags & ~(RFLAGS_VM | RFLAGS_RF);
	size_t size = e->insn->operand_size;

	return push(e, &value, size, size);
}

static bool push_all(struct emulation *e)
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

static bool call(struct emulation *e)
{
	size_t size = e->insn->operand_size;
	u64 next = e->regs.rip + e->insn->length;
	u64 target;

	if (!read_source(e, &target))
		return false;
	if (e->insn->src == OPERAND_IMM)
		target += next;
	target = truncate(target, size);
	if (!is_target(e, target))
		return linear_raise(e->memory, VECTOR_GP, 0);
	e->regs.rip = target;
	e->branched = true;
	return push(e, &next, size, size);
}

static bool enter(struct emulation *e)
{
	size_t size = e->insn->operand_size, stack = stack_size(e);
	u64 old = e->regs.gpr[RBP];
	gva_t gva;
	u64 rsp;

	if (!push(e, &old, size, size))
		return false;
	write_gpr(&e->regs, RBP, e->regs.gpr[RSP], size);
	rsp = e->regs.gpr[RSP] - e->insn->imm;
	write_gpr(&e->regs, RSP, rsp, stack);
	/* The new top must be writable, too. */
	return linear_address(e->memory, SEG_SS, rsp, stack, size, true,
			      &gva) &&
	       linear_probe(e->memory, gva, size);
}

/* An address made with rSP is made with what it is after the pop. */
static bool pop(struct emulation *e)
{
	size_t size = e->insn->operand_size, stack = stack_size(e);
	u64 rsp = e->regs.gpr[RSP];
	gva_t gva;
	u64 value;

	if (!linear_address(e->memory, SEG_SS, rsp, stack, size, false, &gva) ||
	    !linear_read(e->memory, gva, &value, size))
		return false;
	write_gpr(&e->regs, RSP, rsp + size, stack);
	/* POP rSP: what was popped is what stays. */
	if (e->insn->dst == OPERAND_REG) {
		emul_write_reg(e, value);
		return true;
	}
	return emul_locate(e, true) &&
	       linear_write(e->memory, e->gva, &value, size);
}

static bool carry_out(struct emulation *e)
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

enum emul_status emul_stack(struct emulation *e)
{
	/* In v86 mode with IOPL below 3, CR4.VME decides what is pushed. */
	if (e->insn->op == OP_PUSHF && (e->regs.rflags & RFLAGS_VM) &&
	    (e->regs.rflags & RFLAGS_IOPL) != RFLAGS_IOPL)
		return EMUL_UNSUPPORTED;
	return emul_outcome(carry_out(e));
}
