/* SPDX-License-Identifier: MIT */
/*
 * The decoder's claims checked with Zydis: see insn_zydis.h.
 */
#include <Zydis/Zydis.h>

#include "tests/unit/insn_zydis.h"

static const ZydisMnemonic mnemonics[] = {
	[OP_ADD] = ZYDIS_MNEMONIC_ADD,
	[OP_OR] = ZYDIS_MNEMONIC_OR,
	[OP_ADC] = ZYDIS_MNEMONIC_ADC,
	[OP_SBB] = ZYDIS_MNEMONIC_SBB,
	[OP_AND] = ZYDIS_MNEMONIC_AND,
	[OP_SUB] = ZYDIS_MNEMONIC_SUB,
	[OP_XOR] = ZYDIS_MNEMONIC_XOR,
	[OP_CMP] = ZYDIS_MNEMONIC_CMP,
	[OP_TEST] = ZYDIS_MNEMONIC_TEST,
	[OP_NOT] = ZYDIS_MNEMONIC_NOT,
	[OP_NEG] = ZYDIS_MNEMONIC_NEG,
	[OP_INC] = ZYDIS_MNEMONIC_INC,
	[OP_DEC] = ZYDIS_MNEMONIC_DEC,
	[OP_BT] = ZYDIS_MNEMONIC_BT,
	[OP_BTS] = ZYDIS_MNEMONIC_BTS,
	[OP_BTR] = ZYDIS_MNEMONIC_BTR,
	[OP_BTC] = ZYDIS_MNEMONIC_BTC,
	[OP_MOV] = ZYDIS_MNEMONIC_MOV,
	[OP_MOVNTI] = ZYDIS_MNEMONIC_MOVNTI,
	[OP_FLUSH] = ZYDIS_MNEMONIC_CLFLUSH,
	[OP_MOVZX] = ZYDIS_MNEMONIC_MOVZX,
	[OP_MOVSX] = ZYDIS_MNEMONIC_MOVSX,
	[OP_XCHG] = ZYDIS_MNEMONIC_XCHG,
	[OP_XADD] = ZYDIS_MNEMONIC_XADD,
	[OP_CMPXCHG] = ZYDIS_MNEMONIC_CMPXCHG,
	[OP_ROL] = ZYDIS_MNEMONIC_ROL,
	[OP_ROR] = ZYDIS_MNEMONIC_ROR,
	[OP_RCL] = ZYDIS_MNEMONIC_RCL,
	[OP_RCR] = ZYDIS_MNEMONIC_RCR,
	[OP_SHL] = ZYDIS_MNEMONIC_SHL,
	[OP_SHR] = ZYDIS_MNEMONIC_SHR,
	[OP_SAR] = ZYDIS_MNEMONIC_SAR,
	[OP_SHLD] = ZYDIS_MNEMONIC_SHLD,
	[OP_SHRD] = ZYDIS_MNEMONIC_SHRD,
	[OP_IMUL_REG] = ZYDIS_MNEMONIC_IMUL,
	[OP_BSF] = ZYDIS_MNEMONIC_BSF,
	[OP_BSR] = ZYDIS_MNEMONIC_BSR,
};

/* Conditions in the order of their encoding. */
static const ZydisMnemonic cmov[] = {
	ZYDIS_MNEMONIC_CMOVO,	ZYDIS_MNEMONIC_CMOVNO,	ZYDIS_MNEMONIC_CMOVB,
	ZYDIS_MNEMONIC_CMOVNB,	ZYDIS_MNEMONIC_CMOVZ,	ZYDIS_MNEMONIC_CMOVNZ,
	ZYDIS_MNEMONIC_CMOVBE,	ZYDIS_MNEMONIC_CMOVNBE, ZYDIS_MNEMONIC_CMOVS,
	ZYDIS_MNEMONIC_CMOVNS,	ZYDIS_MNEMONIC_CMOVP,	ZYDIS_MNEMONIC_CMOVNP,
	ZYDIS_MNEMONIC_CMOVL,	ZYDIS_MNEMONIC_CMOVNL,	ZYDIS_MNEMONIC_CMOVLE,
	ZYDIS_MNEMONIC_CMOVNLE,
};
static const ZydisMnemonic set[] = {
	ZYDIS_MNEMONIC_SETO,   ZYDIS_MNEMONIC_SETNO,  ZYDIS_MNEMONIC_SETB,
	ZYDIS_MNEMONIC_SETNB,  ZYDIS_MNEMONIC_SETZ,   ZYDIS_MNEMONIC_SETNZ,
	ZYDIS_MNEMONIC_SETBE,  ZYDIS_MNEMONIC_SETNBE, ZYDIS_MNEMONIC_SETS,
	ZYDIS_MNEMONIC_SETNS,  ZYDIS_MNEMONIC_SETP,   ZYDIS_MNEMONIC_SETNP,
	ZYDIS_MNEMONIC_SETL,   ZYDIS_MNEMONIC_SETNL,  ZYDIS_MNEMONIC_SETLE,
	ZYDIS_MNEMONIC_SETNLE,
};

/* The vector moves, and the properties of each. */
static const struct {
	ZydisMnemonic mnemonic, vex;
	u8 properties; /* VECTOR_ALIGNED, HIGH, MERGE (of its load) */
} vectors[] = {
#define VECTOR(name, properties)                                               \
	{                                                                      \
		ZYDIS_MNEMONIC_##name, ZYDIS_MNEMONIC_V##name, properties      \
	}
	VECTOR(MOVUPS, 0),
	VECTOR(MOVUPD, 0),
	VECTOR(MOVSS, 0),
	VECTOR(MOVSD, 0),
	VECTOR(MOVLPS, VECTOR_MERGE),
	VECTOR(MOVLPD, VECTOR_MERGE),
	VECTOR(MOVHPS, VECTOR_MERGE | VECTOR_HIGH),
	VECTOR(MOVHPD, VECTOR_MERGE | VECTOR_HIGH),
	VECTOR(MOVAPS, VECTOR_ALIGNED),
	VECTOR(MOVAPD, VECTOR_ALIGNED),
	VECTOR(MOVNTPS, VECTOR_ALIGNED),
	VECTOR(MOVNTPD, VECTOR_ALIGNED),
	VECTOR(MOVD, 0),
	VECTOR(MOVQ, 0),
	VECTOR(MOVDQA, VECTOR_ALIGNED),
	VECTOR(MOVDQU, 0),
	VECTOR(MOVNTDQ, VECTOR_ALIGNED),
	VECTOR(LDDQU, 0),
#undef VECTOR
};

static const char *compare_vector(const struct insn *insn,
				  const ZydisDecodedInstruction *theirs)
{
	u8 properties;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(vectors); i++)
		if (theirs->mnemonic == (insn->vector & VECTOR_VEX
						 ? vectors[i].vex
						 : vectors[i].mnemonic))
			break;
	if (i == ARRAY_SIZE(vectors))
		return "vector mnemonic";
	properties = vectors[i].properties;
	if (insn->vector & VECTOR_STORE)
		properties = (properties & ~VECTOR_MERGE) | VECTOR_STORE;
	properties |= insn->vector & VECTOR_VEX;
	return properties == insn->vector ? NULL : "vector properties";
}

static ZydisMnemonic by_size(u8 size, ZydisMnemonic b, ZydisMnemonic w,
			     ZydisMnemonic d, ZydisMnemonic q)
{
	return size == 1 ? b : size == 2 ? w : size == 4 ? d : q;
}

static ZydisMnemonic expected_mnemonic(const struct insn *insn)
{
	switch (insn->op) {
	case OP_MOVS:
		return by_size(insn->operand_size, ZYDIS_MNEMONIC_MOVSB,
			       ZYDIS_MNEMONIC_MOVSW, ZYDIS_MNEMONIC_MOVSD,
			       ZYDIS_MNEMONIC_MOVSQ);
	case OP_STOS:
		return by_size(insn->operand_size, ZYDIS_MNEMONIC_STOSB,
			       ZYDIS_MNEMONIC_STOSW, ZYDIS_MNEMONIC_STOSD,
			       ZYDIS_MNEMONIC_STOSQ);
	case OP_LODS:
		return by_size(insn->operand_size, ZYDIS_MNEMONIC_LODSB,
			       ZYDIS_MNEMONIC_LODSW, ZYDIS_MNEMONIC_LODSD,
			       ZYDIS_MNEMONIC_LODSQ);
	case OP_CMPS:
		return by_size(insn->operand_size, ZYDIS_MNEMONIC_CMPSB,
			       ZYDIS_MNEMONIC_CMPSW, ZYDIS_MNEMONIC_CMPSD,
			       ZYDIS_MNEMONIC_CMPSQ);
	case OP_SCAS:
		return by_size(insn->operand_size, ZYDIS_MNEMONIC_SCASB,
			       ZYDIS_MNEMONIC_SCASW, ZYDIS_MNEMONIC_SCASD,
			       ZYDIS_MNEMONIC_SCASQ);
	case OP_CMOV:
		return cmov[insn->condition];
	case OP_SET:
		return set[insn->condition];
	case OP_CMPXCHG8B:
		return insn->operand_size == 8 ? ZYDIS_MNEMONIC_CMPXCHG16B
					       : ZYDIS_MNEMONIC_CMPXCHG8B;
	case OP_MOVSX:
		return insn->memory_size == 4 ? ZYDIS_MNEMONIC_MOVSXD
					      : ZYDIS_MNEMONIC_MOVSX;
	default:
		return mnemonics[insn->op];
	}
}

/* Returns true for a flush with 66H, which Zydis calls by another name. */
static bool is_flush_too(const struct insn *insn,
			 const ZydisDecodedInstruction *theirs)
{
	return insn->op == OP_FLUSH &&
	       (theirs->mnemonic == ZYDIS_MNEMONIC_CLFLUSHOPT ||
		theirs->mnemonic == ZYDIS_MNEMONIC_CLWB);
}

static bool is_our_mnemonic(ZydisMnemonic mnemonic)
{
	size_t i;

	for (i = OP_ADD; i < ARRAY_SIZE(mnemonics); i++)
		if (mnemonics[i] == mnemonic)
			return true;
	for (i = 0; i < ARRAY_SIZE(cmov); i++)
		if (cmov[i] == mnemonic || set[i] == mnemonic)
			return true;
	for (i = 0; i < ARRAY_SIZE(vectors); i++)
		if (vectors[i].mnemonic == mnemonic &&
		    mnemonic != ZYDIS_MNEMONIC_MOVSD)
			return true;
	switch (mnemonic) {
	case ZYDIS_MNEMONIC_CLFLUSHOPT:
	case ZYDIS_MNEMONIC_CLWB:
	case ZYDIS_MNEMONIC_MOVSB:
	case ZYDIS_MNEMONIC_MOVSW:
	case ZYDIS_MNEMONIC_MOVSQ:
	case ZYDIS_MNEMONIC_STOSB:
	case ZYDIS_MNEMONIC_STOSW:
	case ZYDIS_MNEMONIC_STOSD:
	case ZYDIS_MNEMONIC_STOSQ:
	case ZYDIS_MNEMONIC_LODSB:
	case ZYDIS_MNEMONIC_LODSW:
	case ZYDIS_MNEMONIC_LODSD:
	case ZYDIS_MNEMONIC_LODSQ:
	case ZYDIS_MNEMONIC_CMPXCHG8B:
	case ZYDIS_MNEMONIC_CMPXCHG16B:
	case ZYDIS_MNEMONIC_MOVSXD:
	case ZYDIS_MNEMONIC_CMPSB:
	case ZYDIS_MNEMONIC_CMPSW:
	case ZYDIS_MNEMONIC_CMPSQ:
	case ZYDIS_MNEMONIC_SCASB:
	case ZYDIS_MNEMONIC_SCASW:
	case ZYDIS_MNEMONIC_SCASD:
	case ZYDIS_MNEMONIC_SCASQ:
		return true;
	default: /* MOVSD is also the name of an SSE instruction */
		return false;
	}
}

/* Registers of @size bytes by our numbers. */
static ZydisRegister reg_of_size(unsigned int number, bool high, u8 size)
{
	switch (size) {
	case 1: /* AH to BH are numbered between BL and SPL there */
		return ZydisRegisterEncode(
			ZYDIS_REGCLASS_GPR8,
			(u8)(number + (high || number >= RSP ? 4 : 0)));
	case 2:
		return ZydisRegisterEncode(ZYDIS_REGCLASS_GPR16, (u8)number);
	case 4:
		return ZydisRegisterEncode(ZYDIS_REGCLASS_GPR32, (u8)number);
	default:
		return ZydisRegisterEncode(ZYDIS_REGCLASS_GPR64, (u8)number);
	}
}

static ZydisRegister address_reg(const struct insn *insn, enum gpr reg)
{
	return reg == INSN_NO_REG ? ZYDIS_REGISTER_NONE
				  : reg_of_size(reg, false, insn->address_size);
}

static u64 truncate_to(u64 value, u8 size)
{
	return value & (~0ULL >> (64 - 8 * size));
}

static const char *compare_memory(const struct insn *insn,
				  const ZydisDecodedOperand *theirs,
				  const struct insn_memory *ours)
{
	ZydisRegister base = address_reg(insn, ours->base);

	if (ours->rip_relative)
		base = insn->address_size == 8 ? ZYDIS_REGISTER_RIP
					       : ZYDIS_REGISTER_EIP;
	/* The size of a flushed cache line is no operand's size. */
	if (theirs->size != 8 * insn->memory_size && insn->op != OP_FLUSH)
		return "memory size";
	if (theirs->mem.segment !=
	    ZydisRegisterEncode(ZYDIS_REGCLASS_SEGMENT, (u8)ours->segment))
		return "segment";
	if (theirs->mem.base != base)
		return "base";
	if (theirs->mem.index != address_reg(insn, ours->index))
		return "index";
	if (ours->index != INSN_NO_REG && theirs->mem.scale != ours->scale)
		return "scale";
	if (truncate_to((u64)theirs->mem.disp.value, insn->address_size) !=
	    truncate_to(ours->disp, insn->address_size))
		return "displacement";
	return NULL;
}

static const char *compare_operand(const struct insn *insn,
				   enum insn_operand kind,
				   const struct insn_memory *mem,
				   const ZydisDecodedOperand *theirs)
{
	u8 size;

	switch (kind) {
	case OPERAND_REG:
		if (theirs->type != ZYDIS_OPERAND_TYPE_REGISTER)
			return "operand type: not a register";
		if (theirs->reg.value !=
		    reg_of_size(insn->reg, insn->high_byte, insn->operand_size))
			return "register";
		return NULL;
	case OPERAND_MEM:
		if (theirs->type != ZYDIS_OPERAND_TYPE_MEMORY)
			return "operand type: not memory";
		return compare_memory(insn, theirs, mem);
	case OPERAND_VECTOR:
		if (theirs->type != ZYDIS_OPERAND_TYPE_REGISTER ||
		    (u8)ZydisRegisterGetId(theirs->reg.value) != insn->reg)
			return "vector register";
		return NULL;
	case OPERAND_CL:
		return theirs->type == ZYDIS_OPERAND_TYPE_REGISTER &&
				       theirs->reg.value == ZYDIS_REGISTER_CL
			       ? NULL
			       : "not CL";
	case OPERAND_IMM:
		if (theirs->type != ZYDIS_OPERAND_TYPE_IMMEDIATE)
			return "operand type: not immediate";
		/* Zydis doesn't extend bit numbers. */
		size = (insn->op >= OP_BT && insn->op <= OP_BTC) ||
				       (insn->op >= OP_ROL &&
					insn->op <= OP_SHRD)
			       ? 1
			       : insn->operand_size;
		if (truncate_to(theirs->imm.value.u, size) !=
		    truncate_to(insn->imm, size))
			return "immediate";
		return NULL;
	default:
		return NULL;
	}
}

static const char *compare_operation(const struct insn *insn,
				     const ZydisDecodedInstruction *theirs)
{
	const char *difference;

	if (insn->op == OP_MOV_VECTOR) {
		difference = compare_vector(insn, theirs);
		if (difference)
			return difference;
	} else if (theirs->mnemonic != expected_mnemonic(insn) &&
		   !is_flush_too(insn, theirs)) {
		return "mnemonic";
	}
	if (theirs->address_width != 8 * insn->address_size)
		return "address size";
	if (!!(theirs->attributes & ZYDIS_ATTRIB_HAS_LOCK) != insn->lock)
		return "lock";
	return NULL;
}

static const char *compare_accepted(const struct insn *insn,
				    const ZydisDecodedInstruction *theirs,
				    const ZydisDecodedOperand *operands)
{
	const struct insn_memory es_rdi = {
		.segment = SEG_ES,
		.base = RDI,
		.index = INSN_NO_REG,
	};
	const struct insn_memory *first = &insn->mem, *second = &insn->mem;
	enum insn_operand dst = insn->dst, src = insn->src;
	const char *difference;

	/*
	 * Zydis 4.0 takes "no base" with REX.B and 32-bit addresses for R13D
	 * (its issue 592); test_emulate shows the result on processors.
	 */
	if (insn->address_size == 4 && insn->mem.base == INSN_NO_REG &&
	    theirs->raw.modrm.mod == 0 && theirs->raw.sib.base == 5 &&
	    theirs->raw.rex.B)
		return theirs->length == insn->length ? NULL : "length";
	if (theirs->length != insn->length)
		return "length";
	/* Zydis does not call 3EH a segment override there. */
	if (theirs->attributes & ZYDIS_ATTRIB_HAS_NOTRACK)
		return NULL;
	difference = compare_operation(insn, theirs);
	if (difference)
		return difference;
	/* Zydis has the operands of SCAS and CMPS in another order. */
	if (insn->op == OP_MOVS)
		first = &es_rdi;
	if (insn->op == OP_CMPS)
		second = &es_rdi;
	if (insn->op == OP_SCAS) {
		dst = OPERAND_REG;
		src = OPERAND_MEM;
	}
	if (dst == OPERAND_NONE)
		return compare_operand(insn, src, second, &operands[0]);
	difference = compare_operand(insn, dst, first, &operands[0]);
	if (!difference)
		difference = compare_operand(insn, src, second, &operands[1]);
	if (!difference)
		difference =
			compare_operand(insn, insn->third, NULL, &operands[2]);
	return difference;
}

/*
 * Returns true if ours wrongly declines an instruction that Zydis knows by one
 * of our mnemonics with a memory operand. Ours leaves out some encodings on
 * purpose.
 */
static bool is_wrongly_declined(const ZydisDecodedInstruction *theirs,
				const ZydisDecodedOperand *operands)
{
	bool memory = false;
	u8 i;

	if (!is_our_mnemonic(theirs->mnemonic))
		return false;
	for (i = 0; i < theirs->operand_count_visible; i++) {
		memory |= operands[i].type == ZYDIS_OPERAND_TYPE_MEMORY;
		/* MOV with a segment register, and MMX. */
		if (operands[i].type == ZYDIS_OPERAND_TYPE_REGISTER &&
		    (ZydisRegisterGetClass(operands[i].reg.value) ==
			     ZYDIS_REGCLASS_SEGMENT ||
		     ZydisRegisterGetClass(operands[i].reg.value) ==
			     ZYDIS_REGCLASS_MMX))
			return false;
	}
	/* The undocumented alias of TEST, F6H and F7H with reg 1. */
	if (theirs->mnemonic == ZYDIS_MNEMONIC_TEST &&
	    theirs->raw.modrm.reg == 1 && (theirs->opcode | 1) == 0xf7)
		return false;
	/* The undocumented alias of SHL. */
	if (theirs->mnemonic == ZYDIS_MNEMONIC_SHL &&
	    theirs->raw.modrm.reg == 6)
		return false;
	/* IMUL of the accumulator. */
	if (theirs->mnemonic == ZYDIS_MNEMONIC_IMUL &&
	    theirs->operand_count_visible == 1)
		return false;
	/* MOVSXD to 16 bits. */
	if (theirs->mnemonic == ZYDIS_MNEMONIC_MOVSXD && operands[0].size == 16)
		return false;
	return memory;
}

const char *compare_with_zydis(const u8 *bytes, size_t size,
			       enum insn_mode mode, bool *accepted)
{
	static const ZydisMachineMode modes[] = {
		[INSN_MODE_16] = ZYDIS_MACHINE_MODE_LONG_COMPAT_16,
		[INSN_MODE_32] = ZYDIS_MACHINE_MODE_LONG_COMPAT_32,
		[INSN_MODE_64] = ZYDIS_MACHINE_MODE_LONG_64,
	};
	static const ZydisStackWidth widths[] = {
		[INSN_MODE_16] = ZYDIS_STACK_WIDTH_16,
		[INSN_MODE_32] = ZYDIS_STACK_WIDTH_32,
		[INSN_MODE_64] = ZYDIS_STACK_WIDTH_64,
	};
	ZydisDecodedOperand operands[ZYDIS_MAX_OPERAND_COUNT];
	ZydisDecodedInstruction theirs;
	ZydisDecoder decoder;
	enum insn_status status;
	struct insn insn, shorter;
	bool valid;
	size_t i;

	ZydisDecoderInit(&decoder, modes[mode], widths[mode]);
	valid = ZYAN_SUCCESS(ZydisDecoderDecodeFull(&decoder, bytes, size,
						    &theirs, operands));
	status = insn_decode(&insn, bytes, size, mode);
	*accepted = status == INSN_OK;
	if (!*accepted) {
		if (valid && is_wrongly_declined(&theirs, operands))
			return "declined";
		return NULL;
	}
	for (i = 0; i < insn.length; i++)
		if (insn_decode(&shorter, bytes, i, mode) != INSN_TRUNCATED)
			return "truncation";
	if (!valid)
		return "validity";
	return compare_accepted(&insn, &theirs, operands);
}
