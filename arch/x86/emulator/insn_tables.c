/* SPDX-License-Identifier: MIT */
/*
 * The opcode maps of the decoder: SDM vol. 2D, tables A-2 (one byte), A-3
 * (two bytes) and A-6 (groups). The decoder refuses other opcodes.
 */
#include "arch/x86/emulator/insn.h"
#include "arch/x86/emulator/insn_tables.h"

#define MODRM(op_, dst_, src_, flags_)                                         \
	{                                                                      \
		.op = (op_), .dst = OPERAND_##dst_, .src = OPERAND_##src_,     \
		.layout = LAYOUT_MODRM, .flags = (flags_)                      \
	}
#define OFFSET(op_, dst_, src_, flags_)                                        \
	{                                                                      \
		.op = (op_), .dst = OPERAND_##dst_, .src = OPERAND_##src_,     \
		.layout = LAYOUT_OFFSET, .flags = (flags_)                     \
	}
#define STRING(op_, dst_, src_, flags_)                                        \
	{                                                                      \
		.op = (op_), .dst = OPERAND_##dst_, .src = OPERAND_##src_,     \
		.layout = LAYOUT_STRING, .flags = (flags_)                     \
	}
#define GROUP(group_, flags_)                                                  \
	{                                                                      \
		.layout = LAYOUT_GROUP, .group = (group_), .flags = (flags_)   \
	}
/* The first four opcodes of a row of eight: both directions, both sizes. */
#define ALU(first, op)                                                         \
	[(first) + 0] = MODRM(op, MEM, REG, OPCODE_BYTE),                      \
		   [(first) + 1] = MODRM(op, MEM, REG, 0),                     \
		   [(first) + 2] = MODRM(op, REG, MEM, OPCODE_BYTE),           \
		   [(first) + 3] = MODRM(op, REG, MEM, 0)

const struct insn_opcode insn_one_byte[256] = {
	ALU(0x00, OP_ADD),
	ALU(0x08, OP_OR),
	ALU(0x10, OP_ADC),
	ALU(0x18, OP_SBB),
	ALU(0x20, OP_AND),
	ALU(0x28, OP_SUB),
	ALU(0x30, OP_XOR),
	ALU(0x38, OP_CMP),
	[0x63] = MODRM(OP_MOVSX, REG, MEM, OPCODE_MEM32 | OPCODE_ONLY_64),
	[0x69] = MODRM(OP_IMUL_REG, REG, MEM, OPCODE_THIRD_IMM),
	[0x6b] = MODRM(OP_IMUL_REG, REG, MEM, OPCODE_THIRD_IMM | OPCODE_IMM8),
	[0x80] = GROUP(GROUP_1, OPCODE_BYTE),
	[0x81] = GROUP(GROUP_1, 0),
	[0x82] = GROUP(GROUP_1, OPCODE_BYTE | OPCODE_NOT_64),
	[0x83] = GROUP(GROUP_1, OPCODE_IMM8),
	[0x84] = MODRM(OP_TEST, MEM, REG, OPCODE_BYTE),
	[0x85] = MODRM(OP_TEST, MEM, REG, 0),
	[0x86] = MODRM(OP_XCHG, MEM, REG, OPCODE_BYTE),
	[0x87] = MODRM(OP_XCHG, MEM, REG, 0),
	[0x88] = MODRM(OP_MOV, MEM, REG, OPCODE_BYTE),
	[0x89] = MODRM(OP_MOV, MEM, REG, 0),
	[0x8a] = MODRM(OP_MOV, REG, MEM, OPCODE_BYTE),
	[0x8b] = MODRM(OP_MOV, REG, MEM, 0),
	[0xa0] = OFFSET(OP_MOV, REG, MEM, OPCODE_BYTE),
	[0xa1] = OFFSET(OP_MOV, REG, MEM, 0),
	[0xa2] = OFFSET(OP_MOV, MEM, REG, OPCODE_BYTE),
	[0xa3] = OFFSET(OP_MOV, MEM, REG, 0),
	[0xa4] = STRING(OP_MOVS, MEM, MEM, OPCODE_BYTE),
	[0xa5] = STRING(OP_MOVS, MEM, MEM, 0),
	[0xa6] = STRING(OP_CMPS, MEM, MEM, OPCODE_BYTE),
	[0xa7] = STRING(OP_CMPS, MEM, MEM, 0),
	[0xaa] = STRING(OP_STOS, MEM, REG, OPCODE_BYTE),
	[0xab] = STRING(OP_STOS, MEM, REG, 0),
	[0xac] = STRING(OP_LODS, REG, MEM, OPCODE_BYTE),
	[0xad] = STRING(OP_LODS, REG, MEM, 0),
	[0xae] = STRING(OP_SCAS, MEM, REG, OPCODE_BYTE),
	[0xaf] = STRING(OP_SCAS, MEM, REG, 0),
	[0xc0] = GROUP(GROUP_2, OPCODE_BYTE | OPCODE_IMM8),
	[0xc1] = GROUP(GROUP_2, OPCODE_IMM8),
	[0xc6] = GROUP(GROUP_11, OPCODE_BYTE),
	[0xc7] = GROUP(GROUP_11, 0),
	/* Group 2 by 1 and by CL: decode_group() replaces IMM. */
	[0xd0] = GROUP(GROUP_2, OPCODE_BYTE),
	[0xd1] = GROUP(GROUP_2, 0),
	[0xd2] = GROUP(GROUP_2, OPCODE_BYTE),
	[0xd3] = GROUP(GROUP_2, 0),
	[0xf6] = GROUP(GROUP_3, OPCODE_BYTE),
	[0xf7] = GROUP(GROUP_3, 0),
	[0xfe] = GROUP(GROUP_4, OPCODE_BYTE),
	[0xff] = GROUP(GROUP_5, 0),
};

const struct insn_opcode insn_two_byte[256] = {
	[0x40 ... 0x4f] = MODRM(OP_CMOV, REG, MEM, 0),
	[0x90 ... 0x9f] = MODRM(OP_SET, MEM, NONE, OPCODE_BYTE),
	[0xa3] = MODRM(OP_BT, MEM, REG, 0),
	[0xa4] = MODRM(OP_SHLD, MEM, REG, OPCODE_THIRD_IMM | OPCODE_IMM8),
	[0xa5] = MODRM(OP_SHLD, MEM, REG, OPCODE_THIRD_CL),
	[0xab] = MODRM(OP_BTS, MEM, REG, 0),
	[0xac] = MODRM(OP_SHRD, MEM, REG, OPCODE_THIRD_IMM | OPCODE_IMM8),
	[0xad] = MODRM(OP_SHRD, MEM, REG, OPCODE_THIRD_CL),
	[0xae] = GROUP(GROUP_15, OPCODE_BYTE | OPCODE_NO_REPEAT),
	[0xaf] = MODRM(OP_IMUL_REG, REG, MEM, 0),
	[0xb0] = MODRM(OP_CMPXCHG, MEM, REG, OPCODE_BYTE),
	[0xb1] = MODRM(OP_CMPXCHG, MEM, REG, 0),
	[0xb3] = MODRM(OP_BTR, MEM, REG, 0),
	[0xb6] = MODRM(OP_MOVZX, REG, MEM, OPCODE_MEM8),
	[0xb7] = MODRM(OP_MOVZX, REG, MEM, OPCODE_MEM16),
	[0xba] = GROUP(GROUP_8, OPCODE_IMM8),
	[0xbb] = MODRM(OP_BTC, MEM, REG, 0),
	[0xbc] = MODRM(OP_BSF, REG, MEM, OPCODE_NO_F3),
	[0xbd] = MODRM(OP_BSR, REG, MEM, OPCODE_NO_F3),
	[0xbe] = MODRM(OP_MOVSX, REG, MEM, OPCODE_MEM8),
	[0xbf] = MODRM(OP_MOVSX, REG, MEM, OPCODE_MEM16),
	[0xc0] = MODRM(OP_XADD, MEM, REG, OPCODE_BYTE),
	[0xc1] = MODRM(OP_XADD, MEM, REG, 0),
	[0xc3] = MODRM(OP_MOVNTI, MEM, REG, OPCODE_DWORD | OPCODE_BARE),
	[0xc7] = GROUP(GROUP_9, OPCODE_DWORD),
};

#define MOVE(opcode_, prefix_, size_, flags_)                                  \
	{                                                                      \
		.opcode = (opcode_), .prefix = (prefix_), .size = (size_),     \
		.flags = (flags_)                                              \
	}
/* SDM vol. 2B, MOVUPS and the others of table A-3. */
const struct insn_vector insn_vectors[] = {
	MOVE(0x10, 0, 16, VECTOR_DOUBLES),
	MOVE(0x10, 0x66, 16, VECTOR_DOUBLES),
	MOVE(0x10, 0xf3, 4, 0),
	MOVE(0x10, 0xf2, 8, 0),
	MOVE(0x11, 0, 16, VECTOR_STORE | VECTOR_DOUBLES),
	MOVE(0x11, 0x66, 16, VECTOR_STORE | VECTOR_DOUBLES),
	MOVE(0x11, 0xf3, 4, VECTOR_STORE),
	MOVE(0x11, 0xf2, 8, VECTOR_STORE),
	MOVE(0x12, 0, 8, VECTOR_MERGE),
	MOVE(0x12, 0x66, 8, VECTOR_MERGE),
	MOVE(0x13, 0, 8, VECTOR_STORE),
	MOVE(0x13, 0x66, 8, VECTOR_STORE),
	MOVE(0x16, 0, 8, VECTOR_MERGE | VECTOR_HIGH),
	MOVE(0x16, 0x66, 8, VECTOR_MERGE | VECTOR_HIGH),
	MOVE(0x17, 0, 8, VECTOR_STORE | VECTOR_HIGH),
	MOVE(0x17, 0x66, 8, VECTOR_STORE | VECTOR_HIGH),
	MOVE(0x28, 0, 16, VECTOR_ALIGNED | VECTOR_DOUBLES),
	MOVE(0x28, 0x66, 16, VECTOR_ALIGNED | VECTOR_DOUBLES),
	MOVE(0x29, 0, 16, VECTOR_STORE | VECTOR_ALIGNED | VECTOR_DOUBLES),
	MOVE(0x29, 0x66, 16, VECTOR_STORE | VECTOR_ALIGNED | VECTOR_DOUBLES),
	MOVE(0x2b, 0, 16, VECTOR_STORE | VECTOR_ALIGNED | VECTOR_DOUBLES),
	MOVE(0x2b, 0x66, 16, VECTOR_STORE | VECTOR_ALIGNED | VECTOR_DOUBLES),
	MOVE(0x6e, 0x66, 4, VECTOR_WIDENS),
	MOVE(0x6f, 0x66, 16, VECTOR_ALIGNED | VECTOR_DOUBLES),
	MOVE(0x6f, 0xf3, 16, VECTOR_DOUBLES),
	MOVE(0x7e, 0x66, 4, VECTOR_STORE | VECTOR_WIDENS),
	MOVE(0x7e, 0xf3, 8, 0),
	MOVE(0x7f, 0x66, 16, VECTOR_STORE | VECTOR_ALIGNED | VECTOR_DOUBLES),
	MOVE(0x7f, 0xf3, 16, VECTOR_STORE | VECTOR_DOUBLES),
	MOVE(0xd6, 0x66, 8, VECTOR_STORE),
	MOVE(0xe7, 0x66, 16, VECTOR_STORE | VECTOR_ALIGNED | VECTOR_DOUBLES),
	MOVE(0xf0, 0xf2, 16, VECTOR_DOUBLES),
	{ .size = 0 },
};

#define MEMBER(op_, src_)                                                      \
	{                                                                      \
		.op = (op_), .dst = OPERAND_MEM, .src = OPERAND_##src_         \
	}

const struct insn_group_member insn_groups[GROUP_COUNT][GROUP_MEMBERS] = {
	[GROUP_1] = {
		MEMBER(OP_ADD, IMM), MEMBER(OP_OR, IMM), MEMBER(OP_ADC, IMM),
		MEMBER(OP_SBB, IMM), MEMBER(OP_AND, IMM), MEMBER(OP_SUB, IMM),
		MEMBER(OP_XOR, IMM), MEMBER(OP_CMP, IMM),
	},
	[GROUP_2] = {
		MEMBER(OP_ROL, IMM), MEMBER(OP_ROR, IMM), MEMBER(OP_RCL, IMM),
		MEMBER(OP_RCR, IMM), MEMBER(OP_SHL, IMM), MEMBER(OP_SHR, IMM),
		/* 6 is an undocumented SHL. */
		[7] = MEMBER(OP_SAR, IMM),
	},
	[GROUP_3] = {
		[0] = MEMBER(OP_TEST, IMM),
		[2] = MEMBER(OP_NOT, NONE),
		[3] = MEMBER(OP_NEG, NONE),
	},
	[GROUP_4] = { MEMBER(OP_INC, NONE), MEMBER(OP_DEC, NONE) },
	[GROUP_5] = {
		[0] = MEMBER(OP_INC, NONE),
		[1] = MEMBER(OP_DEC, NONE),
	},
	[GROUP_8] = {
		[4] = MEMBER(OP_BT, IMM),
		[5] = MEMBER(OP_BTS, IMM),
		[6] = MEMBER(OP_BTR, IMM),
		[7] = MEMBER(OP_BTC, IMM),
	},
	[GROUP_9] = { [1] = MEMBER(OP_CMPXCHG8B, NONE) },
	[GROUP_11] = { [0] = MEMBER(OP_MOV, IMM) },
	[GROUP_15] = {
		[6] = { OP_FLUSH, OPERAND_NONE, OPERAND_MEM },
		[7] = { OP_FLUSH, OPERAND_NONE, OPERAND_MEM },
	},
};
