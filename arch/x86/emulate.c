/* SPDX-License-Identifier: MIT */
/*
 * The instruction emulator: arithmetic and flags first, then the ways in which
 * instructions go about their memory operand (read, write, read-modify-write,
 * strings), then the choice among these.
 */
#include "arch/x86/emulate.h"

/* So often another processor may get ahead of a read-modify-write. */
#define MAX_ATTEMPTS 64

/* One instruction under way. */
struct emulation {
	const struct insn *insn;
	struct cpu_regs regs; /* what the guest's will be if all goes well */
	const u64 *segment_base;
	const struct emul_ops *ops;
	void *ctx;
	gva_t gva; /* of the memory operand */
};

/* A memory operand, in as many of the low bytes as it has. */
struct value {
	u64 word[2];
};

static u64 truncate(u64 value, unsigned int size)
{
	return value & (~0ULL >> (64 - 8 * size));
}

static u64 sign_extend(u64 value, unsigned int size)
{
	unsigned int unused_bits = 64 - 8 * size;

	return (u64)((s64)(value << unused_bits) >> unused_bits);
}

static u64 sign_bit(unsigned int size)
{
	return BIT(8 * size - 1);
}

/*
 * Write the low @size bytes of a register: 4 clear the upper half, 1 and 2
 * leave the rest alone (SDM vol. 1, 3.4.1.1).
 */
static void write_gpr(struct cpu_regs *regs, enum gpr reg, u64 value,
		      unsigned int size)
{
	u64 kept = size < 4 ? ~truncate(~0ULL, size) : 0;

	regs->gpr[reg] = (regs->gpr[reg] & kept) | truncate(value, size);
}

static u64 read_reg_operand(const struct emulation *e)
{
	u64 value = e->regs.gpr[e->insn->reg];

	return truncate(e->insn->high_byte ? value >> 8 : value,
			e->insn->operand_size);
}

static void write_reg_operand(struct emulation *e, u64 value)
{
	u64 *reg = &e->regs.gpr[e->insn->reg];

	if (e->insn->high_byte)
		*reg = (*reg & ~BITS(15, 8)) | truncate(value, 1) << 8;
	else
		write_gpr(&e->regs, e->insn->reg, value, e->insn->operand_size);
}

/* The operand that isn't in memory. */
static u64 read_other_operand(const struct emulation *e)
{
	if (e->insn->src == OPERAND_IMM)
		return truncate(e->insn->imm, e->insn->operand_size);
	return read_reg_operand(e);
}

static void set_flags(struct cpu_regs *regs, u64 mask, u64 flags)
{
	regs->rflags = (regs->rflags & ~mask) | (flags & mask);
}

/* The flags that follow from a result alone, SDM vol. 1, 3.4.3.1. */
static u64 result_flags(u64 result, unsigned int size)
{
	u64 flags = 0;

	if (!result)
		flags |= RFLAGS_ZF;
	if (result & sign_bit(size))
		flags |= RFLAGS_SF;
	if (!__builtin_parityll(result & 0xff))
		flags |= RFLAGS_PF;
	return flags;
}

/*
 * A sum's carries, one at each bit: into AF goes that out of bit 3, which is
 * seen where it arrives, in bit 4; into CF that out of the topmost.
 */
static u64 add(u64 a, u64 b, bool carry, unsigned int size, u64 *flags)
{
	u64 sum = truncate(a + b + carry, size);

	*flags = result_flags(sum, size) | ((a ^ b ^ sum) & RFLAGS_AF);
	if (((a & b) | ((a | b) & ~sum)) & sign_bit(size))
		*flags |= RFLAGS_CF;
	if ((a ^ sum) & (b ^ sum) & sign_bit(size))
		*flags |= RFLAGS_OF;
	return sum;
}

static u64 subtract(u64 a, u64 b, bool borrow, unsigned int size, u64 *flags)
{
	u64 difference = truncate(a - b - borrow, size);

	*flags = result_flags(difference, size) |
		 ((a ^ b ^ difference) & RFLAGS_AF);
	if (((~a & b) | ((~a | b) & difference)) & sign_bit(size))
		*flags |= RFLAGS_CF;
	if ((a ^ b) & (a ^ difference) & sign_bit(size))
		*flags |= RFLAGS_OF;
	return difference;
}

/*
 * @a (the destination) combined with @b by @op; sets the flags. Those that
 * the manual calls undefined come out as processors have them: AF cleared by
 * logic, all but CF unchanged by bit tests.
 */
static u64 combine(enum insn_op op, u64 a, u64 b, unsigned int size,
		   struct cpu_regs *regs)
{
	bool carry = regs->rflags & RFLAGS_CF;
	u64 bit = BIT(b & (8 * size - 1));
	u64 written = RFLAGS_ARITH;
	u64 flags = 0;
	u64 result;

	switch (op) {
	case OP_ADD:
	case OP_XADD:
		result = add(a, b, false, size, &flags);
		break;
	case OP_ADC:
		result = add(a, b, carry, size, &flags);
		break;
	case OP_INC:
		result = add(a, 1, false, size, &flags);
		written &= ~RFLAGS_CF;
		break;
	case OP_SUB:
	case OP_CMP:
		result = subtract(a, b, false, size, &flags);
		break;
	case OP_SBB:
		result = subtract(a, b, carry, size, &flags);
		break;
	case OP_DEC:
		result = subtract(a, 1, false, size, &flags);
		written &= ~RFLAGS_CF;
		break;
	case OP_NEG:
		result = subtract(0, a, false, size, &flags);
		break;
	case OP_AND:
	case OP_TEST:
		result = a & b;
		flags = result_flags(result, size);
		break;
	case OP_OR:
		result = a | b;
		flags = result_flags(result, size);
		break;
	case OP_XOR:
		result = a ^ b;
		flags = result_flags(result, size);
		break;
	case OP_NOT:
		result = truncate(~a, size);
		written = 0;
		break;
	case OP_BT:
	case OP_BTS:
	case OP_BTR:
	case OP_BTC:
		result = op == OP_BTS	? a | bit
			 : op == OP_BTR ? a & ~bit
			 : op == OP_BTC ? a ^ bit
					: a;
		written = RFLAGS_CF;
		flags = a & bit ? RFLAGS_CF : 0;
		break;
	default: /* a plain move */
		result = b;
		written = 0;
	}
	set_flags(regs, written, flags);
	return result;
}

/* Equal: @src goes to memory. Else memory goes to the accumulator. */
static u64 compare_exchange(struct emulation *e, u64 old)
{
	unsigned int size = e->insn->operand_size;
	u64 expected = truncate(e->regs.gpr[RAX], size);
	u64 src = read_reg_operand(e);

	combine(OP_CMP, expected, old, size, &e->regs);
	if (expected == old)
		return src;
	write_gpr(&e->regs, RAX, old, size);
	return old;
}

/* The same with rDX:rAX and rCX:rBX, and ZF the only flag. */
static struct value compare_exchange_pair(struct emulation *e, struct value old)
{
	unsigned int size = e->insn->operand_size;
	struct cpu_regs *regs = &e->regs;
	u64 low = old.word[0];
	u64 high = size == 8 ? old.word[1] : old.word[0] >> 32;

	if (truncate(low, size) == truncate(regs->gpr[RAX], size) &&
	    high == truncate(regs->gpr[RDX], size)) {
		set_flags(regs, RFLAGS_ZF, RFLAGS_ZF);
		low = truncate(regs->gpr[RBX], size);
		high = truncate(regs->gpr[RCX], size);
		if (size == 8)
			return (struct value){ { low, high } };
		return (struct value){ { low | high << 32, 0 } };
	}
	set_flags(regs, RFLAGS_ZF, 0);
	write_gpr(regs, RAX, low, size);
	write_gpr(regs, RDX, high, size);
	return old;
}

/* What an instruction that changes memory makes of @old. */
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
		src = read_reg_operand(e);
		write_reg_operand(e, old.word[0]);
		result = combine(insn->op, old.word[0], src, insn->operand_size,
				 &e->regs);
		break;
	default:
		result = combine(insn->op, old.word[0], read_other_operand(e),
				 insn->operand_size, &e->regs);
	}
	return (struct value){ { result, 0 } };
}

/*
 * With or without LOCK: one atomic operation, since a guest table may be
 * changed by another processor, or by Umbra setting A and D, in between.
 */
static enum emul_status emulate_modify(struct emulation *e)
{
	const struct cpu_regs before = e->regs;
	size_t size = e->insn->memory_size;
	unsigned int attempt;

	/* The processor's #GP for this comes before any page fault. */
	if (size == 16 && e->gva % 16)
		return EMUL_UNSUPPORTED;

	for (attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
		struct value old = { { 0, 0 } };
		struct value new;
		enum emul_status status;
		bool swapped = false;

		status = e->ops->read_for_write(e->ctx, e->gva, &old, size);
		if (status != EMUL_OK)
			return status;
		e->regs = before;
		new = modify(e, old);
		status = e->ops->cmpxchg(e->ctx, e->gva, &old, &new, size,
					 &swapped);
		if (status != EMUL_OK || swapped)
			return status;
	}
	e->regs = before;
	return EMUL_RESTART;
}

/* The destination is a register, or flags alone. */
static enum emul_status emulate_read(struct emulation *e)
{
	const struct insn *insn = e->insn;
	enum emul_status status;
	u64 value = 0;

	status = e->ops->read(e->ctx, e->gva, &value, insn->memory_size);
	if (status != EMUL_OK)
		return status;
	if (insn->op == OP_MOVSX)
		value = sign_extend(value, insn->memory_size);
	if (insn->dst == OPERAND_MEM) {
		combine(insn->op, value, read_other_operand(e),
			insn->operand_size, &e->regs);
		return EMUL_OK;
	}
	value = combine(insn->op, read_reg_operand(e), value,
			insn->operand_size, &e->regs);
	if (insn->op != OP_CMP)
		write_reg_operand(e, value);
	return EMUL_OK;
}

static enum emul_status emulate_write(struct emulation *e)
{
	u64 value = read_other_operand(e);

	return e->ops->write(e->ctx, e->gva, &value, e->insn->memory_size);
}

/* Move rSI or rDI to the next element, by DF and the address size. */
static void step(struct emulation *e, enum gpr reg)
{
	u64 distance = e->insn->memory_size;

	if (e->regs.rflags & RFLAGS_DF)
		distance = -distance;
	write_gpr(&e->regs, reg, e->regs.gpr[reg] + distance,
		  e->insn->address_size);
}

static enum emul_status string_element(struct emulation *e)
{
	const struct insn *insn = e->insn;
	struct cpu_regs *regs = &e->regs;
	enum emul_status status = EMUL_OK;
	u64 value = 0;
	gva_t gva;

	if (insn->src == OPERAND_MEM) {
		gva = insn_linear_address(insn, insn->mem.segment,
					  regs->gpr[RSI], e->segment_base);
		status = e->ops->read(e->ctx, gva, &value, insn->memory_size);
	} else {
		value = read_reg_operand(e);
	}
	if (status == EMUL_OK && insn->dst == OPERAND_MEM) {
		gva = insn_linear_address(insn, SEG_ES, regs->gpr[RDI],
					  e->segment_base);
		status = e->ops->write(e->ctx, gva, &value, insn->memory_size);
	}
	if (status != EMUL_OK)
		return status;
	if (insn->dst == OPERAND_REG)
		write_reg_operand(e, value);
	if (insn->src == OPERAND_MEM)
		step(e, RSI);
	if (insn->dst == OPERAND_MEM)
		step(e, RDI);
	return EMUL_OK;
}

/*
 * A repeated one is cut into calls of bounded length; the registers tell how
 * far it got (SDM vol. 2B, REP). Under TF each element is a step.
 */
static enum emul_status emulate_string(struct emulation *e,
				       struct cpu_regs *progress)
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
		*progress = e->regs;
		progressed = true;
	}
	return EMUL_OK;
}

static enum emul_status emulate_one(struct emulation *e,
				    struct cpu_regs *progress)
{
	switch (e->insn->op) {
	case OP_NONE:
		return EMUL_UNSUPPORTED;
	case OP_MOVS:
	case OP_STOS:
	case OP_LODS:
		return emulate_string(e, progress);
	case OP_CMP:
	case OP_TEST:
	case OP_BT:
		return emulate_read(e);
	case OP_MOV:
	case OP_MOVNTI:
		return e->insn->dst == OPERAND_MEM ? emulate_write(e)
						   : emulate_read(e);
	default:
		return e->insn->dst == OPERAND_MEM ? emulate_modify(e)
						   : emulate_read(e);
	}
}

enum emul_status emulate(const struct insn *insn, struct cpu_regs *regs,
			 const u64 segment_base[SEG_COUNT],
			 const struct emul_ops *ops, void *ctx)
{
	struct emulation e = {
		.insn = insn,
		.regs = *regs,
		.segment_base = segment_base,
		.ops = ops,
		.ctx = ctx,
		.gva = insn_memory_address(insn, regs, segment_base),
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
