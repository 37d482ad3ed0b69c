/* SPDX-License-Identifier: MIT */
/*
 * The decoder's second half: SIB, displacement, immediate and the registers.
 */
#include "arch/x86/emulator/insn_decoder.h"

/* The fields of ModRM and SIB, SDM vol. 2A, 2.1.3 and tables 2-1 to 2-3. */
#define MOD_NO_DISP 0
#define MOD_DISP8 1
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

u64 insn_fetch(struct decoder *d, size_t size)
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
		d->insn->mem.disp = insn_fetch(d, 2);
		return;
	}
	set_base(d, forms[rm].base);
	d->insn->mem.index = forms[rm].index;
	if (mod != MOD_NO_DISP)
		d->insn->mem.disp = insn_fetch(d, mod == MOD_DISP8 ? 1 : 2);
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
		u8 byte = (u8)insn_fetch(d, 1);

		mem->scale = SIB_SCALE(byte);
		index = SIB_INDEX(byte) | (d->rex & REX_X ? 8 : 0);
		if (index != SIB_NO_INDEX)
			mem->index = index;
		base = SIB_BASE(byte);
	}
	/* REX.B does not matter for RM_DISP32 and SIB_NO_BASE: both are 5. */
	if (mod == MOD_NO_DISP && base == (sib ? SIB_NO_BASE : RM_DISP32)) {
		mem->rip_relative = !sib && d->insn->mode == INSN_MODE_64;
		mem->disp = insn_fetch(d, 4);
		return;
	}
	set_base(d, base | (d->rex & REX_B ? 8 : 0));
	if (mod != MOD_NO_DISP)
		mem->disp = insn_fetch(d, mod == MOD_DISP8 ? 1 : 4);
}

static void decode_register(struct decoder *d)
{
	struct insn *insn = d->insn;
	u8 reg = MODRM_REG(d->modrm) | (d->rex & REX_R ? 8 : 0);

	/* With any REX, 4 to 7 are SPL to DIL (SDM vol. 2A, 2.2.1.2). */
	if (insn->operand_size == 1 && !d->rex && reg >= FIRST_HIGH_BYTE &&
	    reg <= LAST_HIGH_BYTE && !d->vector) {
		insn->high_byte = true;
		reg -= FIRST_HIGH_BYTE;
	}
	insn->reg = reg;
}

void insn_decode_operands(struct decoder *d, enum insn_layout layout)
{
	struct insn *insn = d->insn;

	switch (layout) {
	case LAYOUT_STRING:
		insn->reg = RAX;
		insn->rep = d->repeat_prefix;
		insn->repne = d->repeat_prefix == PREFIX_REPNE;
		insn->mem.base = insn->src == OPERAND_MEM ? RSI : RDI;
		/* The destination's segment can't be overridden. */
		if (insn->src != OPERAND_MEM)
			insn->mem.segment = SEG_ES;
		break;
	case LAYOUT_OFFSET:
		insn->reg = RAX;
		insn->mem.disp = insn_fetch(d, insn->address_size);
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
	if (insn->src == OPERAND_IMM || insn->third == OPERAND_IMM)
		insn->imm = insn_fetch(d, d->flags & OPCODE_IMM8
						  ? 1
						  : MIN(insn->operand_size, 4));
}
