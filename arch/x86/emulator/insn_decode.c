/* SPDX-License-Identifier: MIT */
/*
 * The instruction decoder, in the order of an instruction's bytes: prefixes,
 * opcode, ModRM, SIB, displacement, immediate (SDM vol. 2A, chapter 2).
 */
#include "arch/x86/emulator/insn.h"
#include "arch/x86/emulator/insn_decoder.h"

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
#define PREFIX_REP 0xf3
#define PREFIX_REX 0x40 /* to 0x4f, only in 64-bit mode */
#define ESCAPE_TWO_BYTE 0x0f

/* VEX, SDM vol. 2A, 2.3.5; outside of 64-bit mode also LES and LDS. */
#define VEX_3_BYTES 0xc4
#define VEX_2_BYTES 0xc5
#define VEX_MAP_0F 1
#define VEX_NOT_R BIT(7) /* of the second byte; in three-byte VEX, also: */
#define VEX_NOT_X BIT(6)
#define VEX_NOT_B BIT(5)
#define VEX_W BIT(7) /* of the last byte of three */
#define VEX_L BIT(2)
#define VEX_NOT_VVVV BITS(6, 3)

/* 64-bit mode ignores overrides with ES, CS, SS and DS (SDM vol. 1, 3.3.4). */
static void override_segment(struct decoder *d, enum segment segment)
{
	if (d->insn->mode == INSN_MODE_64 && segment < SEG_FS)
		return;
	d->segment_override = true;
	d->insn->mem.segment = segment;
}

/* Notes a prefix. Returns false if @byte is none. */
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
		d->repeat_prefix = byte;
		return true;
	default:
		return false;
	}
}

/* Reads the prefixes; returns the first byte of the opcode. */
static u8 decode_prefixes(struct decoder *d)
{
	for (;;) {
		u8 byte = (u8)insn_fetch(d, 1);

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

static void find_vector(struct decoder *d)
{
	u8 prefix = d->repeat_prefix	     ? d->repeat_prefix
		    : d->operand_size_prefix ? PREFIX_OPERAND_SIZE
					     : 0;
	const struct insn_vector *v = insn_vectors;

	while (v->size && (v->opcode != d->opcode || v->prefix != prefix))
		v++;
	if (!v->size)
		return;
	d->vector = v;
	d->insn->op = OP_MOV_VECTOR;
	d->insn->vector |= v->flags & (VECTOR_STORE | VECTOR_ALIGNED |
				       VECTOR_HIGH | VECTOR_MERGE);
	d->insn->dst = v->flags & VECTOR_STORE ? OPERAND_MEM : OPERAND_VECTOR;
	d->insn->src = v->flags & VECTOR_STORE ? OPERAND_VECTOR : OPERAND_MEM;
}

/*
 * Reads VEX, which stands for REX and for a prefix of 66H, F3H and F2H. Returns
 * true if a known vector move follows.
 */
static bool decode_vex(struct decoder *d, u8 first)
{
	static const u8 prefixes[] = { 0, PREFIX_OPERAND_SIZE, PREFIX_REP,
				       PREFIX_REPNE };
	u8 second = (u8)insn_fetch(d, 1), last = second;
	bool mode_64 = d->insn->mode == INSN_MODE_64;

	if (d->rex || d->operand_size_prefix || d->repeat_prefix ||
	    d->insn->lock)
		return false;
	if (!mode_64 && MODRM_MOD(second) != MOD_REGISTER)
		return false;
	d->rex = second & VEX_NOT_R ? 0 : REX_R;
	if (first == VEX_3_BYTES) {
		if ((second & BITS(4, 0)) != VEX_MAP_0F)
			return false;
		last = (u8)insn_fetch(d, 1);
		d->rex |= (second & VEX_NOT_X ? 0 : REX_X) |
			  (second & VEX_NOT_B || !mode_64 ? 0 : REX_B) |
			  (last & VEX_W && mode_64 ? REX_W : 0);
	}
	if (prefixes[last & 3] == PREFIX_OPERAND_SIZE)
		d->operand_size_prefix = true;
	else
		d->repeat_prefix = prefixes[last & 3];
	d->vex_256 = last & VEX_L;
	d->opcode = (u8)insn_fetch(d, 1);
	d->insn->vector = VECTOR_VEX;
	find_vector(d);
	/* VVVV would be a third operand. */
	return d->insn->op == OP_MOV_VECTOR &&
	       (last & VEX_NOT_VVVV) == VEX_NOT_VVVV &&
	       !(d->insn->vector & VECTOR_MERGE) &&
	       (!d->vex_256 || (d->vector->flags & VECTOR_DOUBLES));
}

static const struct insn_opcode *find_opcode(struct decoder *d, u8 byte)
{
	d->opcode = byte;
	if (byte != ESCAPE_TWO_BYTE)
		return &insn_one_byte[byte];
	d->opcode = (u8)insn_fetch(d, 1);
	return &insn_two_byte[d->opcode];
}

/*
 * Returns the operand that has the count: D0H and D1H shift by 1, D2H and D3H
 * by CL.
 */
static enum insn_operand shift_count(u8 opcode)
{
	switch (opcode & ~1) {
	case 0xd0:
		return OPERAND_ONE;
	case 0xd2:
		return OPERAND_CL;
	default:
		return OPERAND_IMM;
	}
}

static void decode_group(struct decoder *d, const struct insn_opcode *opcode)
{
	struct insn *insn = d->insn;
	const struct insn_group_member *member;

	d->modrm = (u8)insn_fetch(d, 1);
	member = &insn_groups[opcode->group][MODRM_REG(d->modrm)];
	insn->op = member->op;
	insn->dst = member->dst;
	insn->src = member->src;
	/* CLWB; without 66H it is XSAVEOPT (SDM vol. 2A, CLWB). */
	if (opcode->group == GROUP_15 && MODRM_REG(d->modrm) == 6 &&
	    !d->operand_size_prefix)
		insn->op = OP_NONE;
	if (opcode->group == GROUP_2)
		insn->src = shift_count(d->opcode);
}

/*
 * Reads the opcode that begins with @byte, and ModRM if the opcode has one: in
 * groups it holds a part of the opcode. Returns false if it is unknown.
 */
static bool decode_opcode(struct decoder *d, u8 byte, enum insn_layout *layout)
{
	const struct insn_opcode *opcode;
	struct insn *insn = d->insn;

	*layout = LAYOUT_MODRM;
	if ((byte == VEX_3_BYTES || byte == VEX_2_BYTES)) {
		if (!decode_vex(d, byte))
			return false;
		d->modrm = (u8)insn_fetch(d, 1);
		return true;
	}
	opcode = find_opcode(d, byte);
	*layout = opcode->layout;
	d->flags = opcode->flags;
	insn->op = opcode->op;
	insn->dst = opcode->dst;
	insn->src = opcode->src;
	insn->condition = d->opcode & 15;
	if (d->flags & OPCODE_THIRD_IMM)
		insn->third = OPERAND_IMM;
	else if (d->flags & OPCODE_THIRD_CL)
		insn->third = OPERAND_CL;
	if (byte == ESCAPE_TWO_BYTE && insn->op == OP_NONE)
		find_vector(d);
	if (*layout == LAYOUT_GROUP)
		decode_group(d, opcode);
	else if (*layout == LAYOUT_MODRM && insn->op != OP_NONE)
		d->modrm = (u8)insn_fetch(d, 1);
	return insn->op != OP_NONE;
}

/* Returns the size of operands in bytes, by opcode, mode and prefixes. */
static u8 default_operand_size(const struct decoder *d)
{
	if (d->flags & OPCODE_BYTE)
		return 1;
	if (d->rex & REX_W)
		return 8;
	if (d->flags & OPCODE_DWORD)
		return 4;
	if ((d->insn->mode == INSN_MODE_16) == d->operand_size_prefix)
		return 4;
	return 2;
}

static void decode_sizes(struct decoder *d)
{
	struct insn *insn = d->insn;

	if (insn->mode == INSN_MODE_64)
		insn->address_size = d->address_size_prefix ? 4 : 8;
	else
		insn->address_size = (insn->mode == INSN_MODE_16) ==
						     d->address_size_prefix
					     ? 4
					     : 2;

	insn->operand_size = default_operand_size(d);
	insn->memory_size = insn->operand_size;
	if (d->flags & OPCODE_MEM8)
		insn->memory_size = 1;
	else if (d->flags & OPCODE_MEM16)
		insn->memory_size = 2;
	else if (d->flags & OPCODE_MEM32)
		insn->memory_size = 4;
	else if (insn->op == OP_CMPXCHG8B)
		insn->memory_size = 2 * insn->operand_size;
	if (d->vector) {
		insn->memory_size = d->vector->size;
		if ((d->vector->flags & VECTOR_WIDENS) && (d->rex & REX_W))
			insn->memory_size = 8;
		if (d->vex_256)
			insn->memory_size *= 2;
	}
}

/* Returns true if LOCK is allowed; else it is #UD (SDM vol. 2A, LOCK). */
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

/* Returns true if opcode, ModRM and prefixes make a known instruction. */
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
	if ((d->flags & OPCODE_NO_REPEAT) && d->repeat_prefix)
		return false;
	if ((d->flags & OPCODE_NO_F3) && d->repeat_prefix == PREFIX_REP)
		return false;
	if (d->flags &
	    (insn->mode == INSN_MODE_64 ? OPCODE_NOT_64 : OPCODE_ONLY_64))
		return false;
	/* MOVSXD with a 16-bit register differs between manufacturers. */
	return !(d->flags & OPCODE_MEM32) || insn->operand_size >= 4;
}

/* See struct insn. In flat code only FS and GS have a base. */
static u8 plain_size(const struct insn *insn)
{
	bool immediate = insn->src == OPERAND_IMM;
	bool memory = insn->dst == OPERAND_MEM || insn->src == OPERAND_MEM;
	u8 address_size = insn->mode == INSN_MODE_64 ? 8 : 4;

	if ((insn->op != OP_MOV && insn->op != OP_XCHG) || !memory ||
	    insn->mode == INSN_MODE_16 || insn->address_size != address_size ||
	    insn->mem.segment >= SEG_FS || insn->mem.base == RSP ||
	    (insn->reg == RSP && !immediate))
		return 0;
	return insn->operand_size;
}

__cold enum insn_status insn_decode(struct insn *insn, const u8 *bytes,
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
	insn_decode_operands(&d, layout);
	if (d.out_of_bytes)
		return when_short;
	insn->length = (u8)d.pos;
	insn->plain_size = plain_size(insn);
	return INSN_OK;
}
