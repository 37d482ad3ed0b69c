/* SPDX-License-Identifier: MIT */
/*
 * The decoder's tables of opcodes. Only the decoder's files (insn*.c) include
 * this.
 */
#ifndef ARCH_X86_EMULATOR_INSN_TABLES_H
#define ARCH_X86_EMULATOR_INSN_TABLES_H

#include "lib/types.h"

/* The bytes that follow the opcode. */
enum insn_layout {
	LAYOUT_MODRM,
	LAYOUT_GROUP, /* ModRM, whose reg field completes the opcode */
	LAYOUT_OFFSET, /* a bare address: MOV with the accumulator */
	LAYOUT_STRING /* nothing: the addresses are in rSI and rDI */
};

enum insn_group {
	GROUP_1,
	GROUP_2,
	GROUP_3,
	GROUP_4,
	GROUP_5,
	GROUP_8,
	GROUP_9,
	GROUP_11,
	GROUP_15,
	GROUP_COUNT
};

#define OPCODE_BYTE BIT(0) /* the operands are bytes */
#define OPCODE_IMM8 BIT(1) /* the immediate is a byte, sign-extended */
#define OPCODE_MEM8 BIT(2) /* the memory operand has 1 byte */
#define OPCODE_MEM16 BIT(3) /* the memory operand has 2 bytes */
#define OPCODE_MEM32 BIT(4) /* the memory operand has 4 bytes */
#define OPCODE_DWORD BIT(5) /* 4 bytes or with REX.W 8, never 2 */
#define OPCODE_BARE BIT(6) /* another instruction with 66H, F2H, F3H */
#define OPCODE_NOT_64 BIT(7) /* not in 64-bit mode */
#define OPCODE_ONLY_64 BIT(8) /* only in 64-bit mode */
#define OPCODE_NO_F3 BIT(9) /* another instruction with F3H */
#define OPCODE_NO_REPEAT BIT(10) /* another instruction with F2H or F3H */
#define OPCODE_THIRD_IMM BIT(11) /* there is a third operand */
#define OPCODE_THIRD_CL BIT(12)

struct insn_opcode {
	u8 op; /* enum insn_op; OP_NONE: the emulator does not know it */
	u8 dst; /* enum insn_operand */
	u8 src; /* enum insn_operand */
	u8 layout; /* enum insn_layout */
	u8 group; /* enum insn_group, for LAYOUT_GROUP */
	u16 flags; /* OPCODE_... */
};

/* The members of a group inherit the flags of the opcode. */
struct insn_group_member {
	u8 op;
	u8 dst;
	u8 src;
};

#define GROUP_MEMBERS 8

/* A vector move; prefix: 66H, F3H, F2H or 0 for none of them. */
struct insn_vector {
	u8 opcode; /* after 0FH */
	u8 prefix;
	u8 size; /* of the memory operand, in bytes */
	u8 flags; /* VECTOR_... and these: */
};
#define VECTOR_DOUBLES BIT(6) /* VEX.L makes it 32 bytes */
#define VECTOR_WIDENS BIT(7) /* W makes it 8 bytes */

extern const struct insn_opcode insn_one_byte[256];
extern const struct insn_opcode insn_two_byte[256]; /* after 0FH */
/* A size of 0 ends the table. */
extern const struct insn_vector insn_vectors[];
extern const struct insn_group_member insn_groups[GROUP_COUNT][GROUP_MEMBERS];

#endif
