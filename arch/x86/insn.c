/* SPDX-License-Identifier: MIT */
/*
 * The instruction decoder, in the order of an instruction's bytes: prefixes,
 * opcode, ModRM, SIB, displacement, immediate (SDM vol. 2A, chapter 2).
 */
#include "arch/x86/insn.h"
#include "arch/x86/insn_tables.h"

/* Prefixes, SDM vol. 2A, 2.1.1 and 2.2.1. */
#define PREFIX_ES 0x26
#define PREFIX_CS 0x2e
#define PREFIX_SS 0x36
#define PREFIX_DS 0x3e
#define PREFIX_FS 0x64
#define PREFIX_GS 0x65
#define PREFIX_OPERAND_SIZE 0x66
#define PREFIX_ADDRESS_SIZE 0x67
#define PREFIX_LOCK 0xf0
#define PREFIX_REPNE 0xf2
#define PREFIX_REP 0xf3
#define PREFIX_REX 0x40 /* to 0x4f, only in 64-bit mode */
#define REX_B BIT(0)
#define REX_X BIT(1)
#define REX_R BIT(2)
#define REX_W BIT(3)
#define ESCAPE_TWO_BYTE 0x0f

/* The fields of ModRM and SIB, SDM vol. 2A, 2.1.3 and tables 2-1 to 2-3. */
#define MODRM_MOD(modrm) ((modrm) >> 6)
#define MODRM_REG(modrm) (((modrm) >> 3) & 7)
#define MODRM_RM(modrm) ((modrm)&7)
#define MOD_NO_DISP 0
#define MOD_DISP8 1
#define MOD_REGISTER 3
#define RM_SIB 4
#define RM_DISP32 5 /* with MOD_NO_DISP: no base, or RIP */
#define RM_DISP16 6 /* with MOD_NO_DISP and 16-bit addresses: no base */
#define SIB_SCALE(sib) (1 << ((sib) >> 6))
#define SIB_INDEX(sib) (((sib) >> 3) & 7)
#define SIB_BASE(sib) ((sib)&7)
#define SIB_NO_INDEX 4
#define SIB_NO_BASE 5 /* with MOD_NO_DISP */

/* AH, CH, DH and BH are numbered after AL, CL, DL and BL. */
#define FIRST_HIGH_BYTE 4
#define LAST_HIGH_BYTE 7

struct decoder {
	struct insn *insn;
	const u8 *bytes;
	size_t limit; /* bytes that may be read */
	size_t pos;
	bool out_of_bytes;
	u8 rex; /* 0: none */
	bool operand_size_prefix;
	bool address_size_prefix;
	bool repeat_prefix; /* F2H or F3H */
	bool segment_override;
	u8 modrm;
	u16 flags; /* the opcode's */
};

/*
 * The next @size bytes as a signed number. Past the end it is 0, which is
 * remembered, so that callers need not check at each step.
 */
static u64 fetch(struct decoder *d, size_t size)
{
	unsigned int unused_bits = 64 - 8 * (unsigned int)size;
	u64 value = 0;
	size_t i;

	if (size > d->limit - d->pos) {
		d->out_of_bytes = true;
		return 0;
	}
	for (i = 0; i < size; i++)
		value |= (u64)d->bytes[d->pos++] << (8 * i);
	return (u64)((s64)(value << unused_bits) >> unused_bits);
}

/* 64-bit mode ignores overrides with ES, CS, SS and DS (SDM vol. 1, 3.3.4). */
static void override_segment(struct decoder *d, enum segment segment)
{
	if (d->insn->mode == INSN_MODE_64 && segment < SEG_FS)
		return;
	d->segment_override = true;
	d->insn->mem.segment = segment;
}

/* Take note of @byte if it is a prefix; false if it isn't. */
static bool decode_prefix(struct decoder *d, u8 byte)
{
	switch (byte) {
	case PREFIX_ES:
		override_segment(d, SEG_ES);
		return true;
	case PREFIX_CS:
		override_segment(d, SEG_CS);
		return true;
	case PREFIX_SS:
		override_segment(d, SEG_SS);
		return true;
	case PREFIX_DS:
		override_segment(d, SEG_DS);
		return true;
	case PREFIX_FS:
		override_segment(d, SEG_FS);
		return true;
	case PREFIX_GS:
		override_segment(d, SEG_GS);
		return true;
	case PREFIX_OPERAND_SIZE:
		d->operand_size_prefix = true;
		return true;
	case PREFIX_ADDRESS_SIZE:
		d->address_size_prefix = true;
		return true;
	case PREFIX_LOCK:
		d->insn->lock = true;
		return true;
	case PREFIX_REPNE:
	case PREFIX_REP:
		d->repeat_prefix = true;
		return true;
	default:
		return false;
	}
}

/* Read the prefixes; returns the first byte of the opcode. */
static u8 decode_prefixes(struct decoder *d)
{
	for (;;) {
		u8 byte = (u8)fetch(d, 1);

		if (d->insn->mode == INSN_MODE_64 &&
		    (byte & 0xf0) == PREFIX_REX) {
			d->rex = byte;
		} else if (decode_prefix(d, byte)) {
			/* REX counts only right before the opcode. */
			d->rex = 0;
		} else {
			return byte;
		}
	}
}

/*
 * Read the opcode that begins with @byte, and ModRM if it has one: in groups
 * that holds a part of the opcode.
 */
static bool decode_opcode(struct decoder *d, u8 byte, enum insn_layout *layout)
{
	const struct insn_opcode *opcode = &insn_one_byte[byte];
	struct insn *insn = d->insn;

	if (byte == ESCAPE_TWO_BYTE)
		opcode = &insn_two_byte[(u8)fetch(d, 1)];
	*layout = opcode->layout;
	d->flags = opcode->flags;
	insn->op = opcode->op;
	insn->dst = opcode->dst;
	insn->src = opcode->src;
	if (*layout == LAYOUT_GROUP) {
		const struct insn_group_member *member;

		d->modrm = (u8)fetch(d, 1);
		member = &insn_groups[opcode->group][MODRM_REG(d->modrm)];
		insn->op = member->op;
		insn->dst = member->dst;
		insn->src = member->src;
	} else if (*layout == LAYOUT_MODRM && insn->op != OP_NONE) {
		d->modrm = (u8)fetch(d, 1);
	}
	return insn->op != OP_NONE;
}

static void decode_sizes(struct decoder *d)
{
	struct insn *insn = d->insn;
	bool wide = d->rex & REX_W;

	if (insn->mode == INSN_MODE_64)
		insn->address_size = d->address_size_prefix ? 4 : 8;
	else
		insn->address_size = (insn->mode == INSN_MODE_16) ==
						     d->address_size_prefix
					     ? 4
					     : 2;

	if (d->flags & OPCODE_BYTE)
		insn->operand_size = 1;
	else if (wide)
		insn->operand_size = 8;
	else if (d->flags & OPCODE_DWORD)
		insn->operand_size = 4;
	else
		insn->operand_size = (insn->mode == INSN_MODE_16) ==
						     d->operand_size_prefix
					     ? 4
					     : 2;

	insn->memory_size = insn->operand_size;
	if (d->flags & OPCODE_MEM8)
		insn->memory_size = 1;
	else if (d->flags & OPCODE_MEM16)
		insn->memory_size = 2;
	else if (d->flags & OPCODE_MEM32)
		insn->memory_size = 4;
	else if (insn->op == OP_CMPXCHG8B)
		insn->memory_size = 2 * insn->operand_size;
}

static void set_base(struct decoder *d, enum gpr base)
{
	d->insn->mem.base = base;
	if (!d->segment_override && (base == RSP || base == RBP))
		d->insn->mem.segment = SEG_SS;
}

/* 16-bit addresses, SDM vol. 2A, table 2-1. */
static void decode_address16(struct decoder *d)
{
	static const struct {
		u8 base;
		u8 index;
	} forms[] = {
		{ RBX, RSI },	      { RBX, RDI },
		{ RBP, RSI },	      { RBP, RDI },
		{ RSI, INSN_NO_REG }, { RDI, INSN_NO_REG },
		{ RBP, INSN_NO_REG }, { RBX, INSN_NO_REG },
	};
	u8 mod = MODRM_MOD(d->modrm);
	u8 rm = MODRM_RM(d->modrm);

	if (mod == MOD_NO_DISP && rm == RM_DISP16) {
		d->insn->mem.disp = fetch(d, 2);
		return;
	}
	set_base(d, forms[rm].base);
	d->insn->mem.index = forms[rm].index;
	if (mod != MOD_NO_DISP)
		d->insn->mem.disp = fetch(d, mod == MOD_DISP8 ? 1 : 2);
}

/* 32-bit and 64-bit addresses, SDM vol. 2A, tables 2-2 and 2-3, 2.2.1. */
static void decode_address(struct decoder *d)
{
	struct insn_memory *mem = &d->insn->mem;
	u8 mod = MODRM_MOD(d->modrm);
	u8 base = MODRM_RM(d->modrm);
	bool sib = base == RM_SIB;
	u8 index;

	if (sib) {
		u8 byte = (u8)fetch(d, 1);

		mem->scale = SIB_SCALE(byte);
		index = SIB_INDEX(byte) | (d->rex & REX_X ? 8 : 0);
		if (index != SIB_NO_INDEX)
			mem->index = index;
		base = SIB_BASE(byte);
	}
	/* Neither RM_DISP32 nor SIB_NO_BASE looks at REX.B; both are 5. */
	if (mod == MOD_NO_DISP && base == (sib ? SIB_NO_BASE : RM_DISP32)) {
		mem->rip_relative = !sib && d->insn->mode == INSN_MODE_64;
		mem->disp = fetch(d, 4);
		return;
	}
	set_base(d, base | (d->rex & REX_B ? 8 : 0));
	if (mod != MOD_NO_DISP)
		mem->disp = fetch(d, mod == MOD_DISP8 ? 1 : 4);
}

static void decode_register(struct decoder *d)
{
	struct insn *insn = d->insn;
	u8 reg = MODRM_REG(d->modrm) | (d->rex & REX_R ? 8 : 0);

	/* With any REX, 4 to 7 are SPL to DIL (SDM vol. 2A, 2.2.1.2). */
	if (insn->operand_size == 1 && !d->rex && reg >= FIRST_HIGH_BYTE &&
	    reg <= LAST_HIGH_BYTE) {
		insn->high_byte = true;
		reg -= FIRST_HIGH_BYTE;
	}
	insn->reg = reg;
}

static void decode_operands(struct decoder *d, enum insn_layout layout)
{
	struct insn *insn = d->insn;

	switch (layout) {
	case LAYOUT_STRING:
		insn->reg = RAX;
		insn->rep = d->repeat_prefix;
		insn->mem.base = insn->src == OPERAND_MEM ? RSI : RDI;
		/* The destination's segment can't be overridden. */
		if (insn->src != OPERAND_MEM)
			insn->mem.segment = SEG_ES;
		break;
	case LAYOUT_OFFSET:
		insn->reg = RAX;
		insn->mem.disp = fetch(d, insn->address_size);
		break;
	case LAYOUT_MODRM:
	case LAYOUT_GROUP:
		decode_register(d);
		if (insn->address_size == 2)
			decode_address16(d);
		else
			decode_address(d);
		break;
	}
	if (insn->src == OPERAND_IMM)
		insn->imm = fetch(d, d->flags & OPCODE_IMM8
					     ? 1
					     : MIN(insn->operand_size, 4));
}

/* LOCK elsewhere is an invalid opcode (SDM vol. 2A, LOCK). */
static bool is_lockable(const struct insn *insn)
{
	if (insn->dst != OPERAND_MEM)
		return false;
	switch (insn->op) {
	case OP_ADD:
	case OP_OR:
	case OP_ADC:
	case OP_SBB:
	case OP_AND:
	case OP_SUB:
	case OP_XOR:
	case OP_NOT:
	case OP_NEG:
	case OP_INC:
	case OP_DEC:
	case OP_BTS:
	case OP_BTR:
	case OP_BTC:
	case OP_XCHG:
	case OP_XADD:
	case OP_CMPXCHG:
	case OP_CMPXCHG8B:
		return true;
	default:
		return false;
	}
}

/* Is what the opcode and ModRM say so far one of our instructions? */
static bool is_supported(const struct decoder *d, enum insn_layout layout)
{
	const struct insn *insn = d->insn;

	if ((layout == LAYOUT_MODRM || layout == LAYOUT_GROUP) &&
	    MODRM_MOD(d->modrm) == MOD_REGISTER)
		return false;
	if (insn->lock && !is_lockable(insn))
		return false;
	if ((d->flags & OPCODE_BARE) &&
	    (d->operand_size_prefix || d->repeat_prefix))
		return false;
	if (d->flags &
	    (insn->mode == INSN_MODE_64 ? OPCODE_NOT_64 : OPCODE_ONLY_64))
		return false;
	/* MOVSXD with a 16-bit register differs between manufacturers. */
	return !(d->flags & OPCODE_MEM32) || insn->operand_size >= 4;
}

enum insn_status insn_decode(struct insn *insn, const u8 *bytes,
			     size_t available, enum insn_mode mode)
{
	struct decoder d = {
		.insn = insn,
		.bytes = bytes,
		.limit = MIN(available, (size_t)INSN_MAX_LENGTH),
	};
	enum insn_status when_short =
		available < INSN_MAX_LENGTH ? INSN_TRUNCATED : INSN_UNSUPPORTED;
	enum insn_layout layout;
	bool known;
	u8 first;

	*insn = (struct insn){
		.mode = mode,
		.mem = { .segment = SEG_DS,
			 .base = INSN_NO_REG,
			 .index = INSN_NO_REG,
			 .scale = 1 },
	};
	first = decode_prefixes(&d);
	known = decode_opcode(&d, first, &layout);
	if (d.out_of_bytes)
		return when_short;
	if (!known)
		return INSN_UNSUPPORTED;
	decode_sizes(&d);
	if (!is_supported(&d, layout))
		return INSN_UNSUPPORTED;
	decode_operands(&d, layout);
	if (d.out_of_bytes)
		return when_short;
	insn->length = (u8)d.pos;
	return INSN_OK;
}

/* Keep the low @size bytes of @value; @size is 1 to 8. */
static u64 truncate(u64 value, unsigned int size)
{
	return value & (~0ULL >> (64 - 8 * size));
}

gva_t insn_linear_address(const struct insn *insn, enum segment segment,
			  u64 offset, const u64 segment_base[SEG_COUNT])
{
	gva_t gva =
		segment_base[segment] + truncate(offset, insn->address_size);

	return insn->mode == INSN_MODE_64 ? gva : truncate(gva, 4);
}

/*
 * A bit number in a register counts from the encoded address, either way: in
 * bytes, how far from it lies the operand that holds the bit (SDM vol. 2A, BT).
 */
static u64 bit_string_offset(const struct insn *insn,
			     const struct cpu_regs *regs)
{
	unsigned int bits = 8 * insn->operand_size;
	s64 bit = (s64)(regs->gpr[insn->reg] << (64 - bits)) >> (64 - bits);

	/* Shifting rounds downwards, as it must for negative numbers. */
	return (u64)(bit >> __builtin_ctz(bits)) * insn->operand_size;
}

gva_t insn_memory_address(const struct insn *insn, const struct cpu_regs *regs,
			  const u64 segment_base[SEG_COUNT])
{
	const struct insn_memory *mem = &insn->mem;
	u64 offset = mem->disp;

	if (mem->base != INSN_NO_REG)
		offset += regs->gpr[mem->base];
	if (mem->index != INSN_NO_REG)
		offset += regs->gpr[mem->index] * mem->scale;
	if (mem->rip_relative)
		offset += regs->rip + insn->length;
	if (insn->op >= OP_BT && insn->op <= OP_BTC && insn->src == OPERAND_REG)
		offset += bit_string_offset(insn, regs);
	return insn_linear_address(insn, mem->segment, offset, segment_base);
}
