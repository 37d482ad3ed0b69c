/* SPDX-License-Identifier: MIT */
/*
 * The instruction emulator: instructions that read, write, or read and modify
 * their memory operand. String instructions and vector moves have files of
 * their own.
 */
#include "arch/x86/emulator/emulate_internal.h"

/* Maximum number of times that a read-modify-write finds its operand changed. */
#define MAX_ATTEMPTS 64

/* The value of a memory operand, in the low bytes. */
struct value {
	u64 word[2];
};

u64 emul_read_reg(const struct emulation *e)
{
	u64 value = e->regs.gpr[e->insn->reg];

	return truncate(e->insn->high_byte ? value >> 8 : value,
			e->insn->operand_size);
}

void emul_write_reg(struct emulation *e, u64 value)
{
	u64 *reg = &e->regs.gpr[e->insn->reg];

	if (e->insn->high_byte)
		*reg = (*reg & ~BITS(15, 8)) | truncate(value, 1) << 8;
	else
		write_gpr(&e->regs, e->insn->reg, value, e->insn->operand_size);
}

bool emul_locate(struct emulation *e, bool write)
{
	const struct insn *insn = e->insn;

	return linear_address(e->memory, insn->mem.segment,
			      insn_memory_offset(insn, &e->regs),
			      insn->address_size, insn->memory_size, write,
			      &e->gva);
}

/* Returns the value of the operand that is not in memory. */
static u64 read_other_operand(const struct emulation *e)
{
	if (e->insn->src == OPERAND_IMM)
		return truncate(e->insn->imm, e->insn->operand_size);
	return emul_read_reg(e);
}

/*
 * Returns the new value of memory: the register if @old equals the accumulator,
 * else @old, which then goes to the accumulator.
 */
static u64 compare_exchange(struct emulation *e, u64 old)
{
	unsigned int size = e->insn->operand_size;
	u64 expected = truncate(e->regs.gpr[RAX], size);
	u64 src = emul_read_reg(e);

	emul_combine(OP_CMP, expected, old, 0, size, &e->regs);
	if (expected == old)
		return src;
	write_gpr(&e->regs, RAX, old, size);
	return old;
}

/* The same with rDX:rAX and rCX:rBX; only ZF changes. */
static struct value compare_exchange_pair(struct emulation *e, struct value old)
{
	unsigned int size = e->insn->operand_size;
	struct cpu_regs *regs = &e->regs;
	u64 low = old.word[0];
	u64 high = size == 8 ? old.word[1] : old.word[0] >> 32;

	if (truncate(low, size) == truncate(regs->gpr[RAX], size) &&
	    high == truncate(regs->gpr[RDX], size)) {
		regs->rflags |= RFLAGS_ZF;
		low = truncate(regs->gpr[RBX], size);
		high = truncate(regs->gpr[RCX], size);
		if (size == 8)
			return (struct value){ { low, high } };
		return (struct value){ { low | high << 32, 0 } };
	}
	regs->rflags &= ~RFLAGS_ZF;
	write_gpr(regs, RAX, low, size);
	write_gpr(regs, RDX, high, size);
	return old;
}

static u8 shift_count(const struct emulation *e)
{
	const struct insn *insn = e->insn;
	enum insn_operand count = insn->third == OPERAND_NONE ? insn->src
							      : insn->third;

	if (count == OPERAND_ONE)
		return 1;
	return (u8)(count == OPERAND_CL ? e->regs.gpr[RCX] : insn->imm);
}

/* Returns the new value of memory, which was @old. */
static struct value modify(struct emulation *e, struct value old)
{
	const struct insn *insn = e->insn;
	u64 result;
	u64 src;

	switch (insn->op) {
	case OP_CMPXCHG8B:
		return compare_exchange_pair(e, old);
	case OP_CMPXCHG:
		result = compare_exchange(e, old.word[0]);
		break;
	case OP_XCHG:
	case OP_XADD:
		src = emul_read_reg(e);
		emul_write_reg(e, old.word[0]);
		result = insn->op == OP_XCHG
				 ? src
				 : emul_combine(OP_ADD, old.word[0], src, 0,
						insn->operand_size, &e->regs);
		break;
	default:
		result = emul_combine(insn->op, old.word[0],
				      read_other_operand(e), shift_count(e),
				      insn->operand_size, &e->regs);
	}
	return (struct value){ { result, 0 } };
}

/*
 * This is one atomic operation, with LOCK or without: between its read and its
 * write another processor may change the guest's table, or Umbra may set A or D.
 */
static enum emul_status emulate_modify(struct emulation *e)
{
	const struct cpu_regs before = e->regs;
	size_t size = e->insn->memory_size;
	struct linear_operand operand;
	unsigned int attempt;

	/* The processor's #GP for this comes before any page fault. */
	if (size == 16 && e->gva % 16)
		return EMUL_UNSUPPORTED;

	if (!linear_find(e->memory, e->gva, size, true, &operand))
		return EMUL_FAULT;
	for (attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
		struct value old = { { 0, 0 } };
		struct value new;

		linear_load(e->memory, &operand, &old);
		e->regs = before;
		new = modify(e, old);
		if (linear_cmpxchg(e->memory, &operand, &old, &new))
			return EMUL_OK;
	}
	e->regs = before;
	return EMUL_RESTART;
}

/*
 * Returns the register operand's new value, of @old and @value, which was read.
 */
static u64 register_result(struct emulation *e, u64 old, u64 value)
{
	const struct insn *insn = e->insn;
	unsigned int size = insn->operand_size;

	switch (insn->op) {
	case OP_CMOV:
		return emul_condition(insn->condition, e->regs.rflags) ? value
								       : old;
	case OP_MOVSX:
		return sign_extend(value, insn->memory_size);
	case OP_IMUL_REG:
		if (insn->third == OPERAND_IMM)
			old = truncate(insn->imm, size);
		break;
	default:
		break;
	}
	return emul_combine(insn->op, old, value, 0, size, &e->regs);
}

/* Carries out an instruction that changes a register, or flags alone. */
static bool emulate_read(struct emulation *e)
{
	const struct insn *insn = e->insn;
	u64 value = 0, old;

	if (!linear_read(e->memory, e->gva, &value, insn->memory_size))
		return false;
	if (insn->dst == OPERAND_MEM) {
		emul_combine(insn->op, value, read_other_operand(e), 0,
			     insn->operand_size, &e->regs);
		return true;
	}
	old = emul_read_reg(e);
	value = register_result(e, old, value);
	if (insn->op == OP_CMP)
		return true;
	/* They leave all of the register alone if the source is 0. */
	if ((insn->op == OP_BSF || insn->op == OP_BSR) &&
	    (e->regs.rflags & RFLAGS_ZF))
		return true;
	emul_write_reg(e, value);
	return true;
}

static bool emulate_write(struct emulation *e)
{
	u64 value;

	if (e->insn->op == OP_SET)
		value = emul_condition(e->insn->condition, e->regs.rflags);
	else
		value = read_other_operand(e);
	return linear_write(e->memory, e->gva, &value, e->insn->memory_size);
}

/*
 * Returns true if the memory operand is called the destination, but is only
 * read.
 */
static bool only_reads(const struct emulation *e)
{
	return e->insn->op == OP_CMP || e->insn->op == OP_TEST ||
	       e->insn->op == OP_BT;
}

static enum emul_status emulate_one(struct emulation *e,
				    struct cpu_regs *progress)
{
	if (e->insn->op >= OP_MOVS)
		return emul_string(e, progress);
	if (e->insn->op == OP_MOV_VECTOR)
		return emul_vector(e);
	if (!emul_locate(e, e->insn->dst == OPERAND_MEM && !only_reads(e)))
		return EMUL_FAULT;
	/*
	 * Does nothing: no cache holds a device's registers, a read could
	 * change them.
	 */
	if (e->insn->op == OP_FLUSH)
		return EMUL_OK;
	if (e->insn->dst != OPERAND_MEM || only_reads(e))
		return emul_outcome(emulate_read(e));
	switch (e->insn->op) {
	case OP_MOV:
	case OP_MOVNTI:
	case OP_SET:
		return emul_outcome(emulate_write(e));
	default:
		return emulate_modify(e);
	}
}

/*
 * Returns true if @insn is plain and its operand aligned: then all of it is at
 * @gva.
 */
static bool is_plain(const struct insn *insn, const struct cpu_regs *regs,
		     gva_t gva, unsigned int size)
{
	u64 offset = insn_encoded_offset(insn, regs);

	if (insn->mode != INSN_MODE_64)
		offset = (u32)offset;
	return insn->plain_size == size && gva % size == 0 && offset == gva;
}

bool emul_is_store(const struct insn *insn, const struct cpu_regs *regs,
		   gva_t gva, unsigned int size, u64 *value)
{
	*value = insn->src == OPERAND_IMM ? insn->imm : regs->gpr[insn->reg];
	return insn->dst == OPERAND_MEM && is_plain(insn, regs, gva, size);
}

bool emul_is_load(const struct insn *insn, const struct cpu_regs *regs,
		  gva_t gva, unsigned int size)
{
	return insn->dst == OPERAND_REG && is_plain(insn, regs, gva, size);
}

enum emul_status emulate(const struct insn *insn, struct cpu_regs *regs,
			 struct linear *memory, const struct emul_ops *ops,
			 void *ctx)
{
	struct emulation e = {
		.insn = insn,
		.regs = *regs,
		.memory = memory,
		.ops = ops,
		.ctx = ctx,
	};
	enum emul_status status = emulate_one(&e, regs);

	if (status != EMUL_OK)
		return status;
	e.regs.rip += insn->length;
	if (insn->mode != INSN_MODE_64)
		e.regs.rip = truncate(e.regs.rip, 4);
	e.regs.rflags &= ~RFLAGS_RF;
	*regs = e.regs;
	return EMUL_OK;
}
