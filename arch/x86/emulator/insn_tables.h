/* SPDX-License-Identifier: MIT */
/*
 * What the decoder knows of each opcode. Only insn.c and insn_tables.c
 * include this.
 */
#ifndef ARCH_X86_EMULATOR_INSN_TABLES_H
#define ARCH_X86_EMULATOR_INSN_TABLES_H

#include "arch/x86/emulator/insn.h"

/* What follows the opcode. */
enum insn_layout {
	LAYOUT_MODRM,
	LAYOUT_GROUP, /* ModRM, whose reg field completes the opcode */
	LAYOUT_OFFSET, /* a bare address: MOV with the accumulator */
	LAYOUT_STRING, /* nothing: the addresses are in rSI and rDI */
	LAYOUT_TABLE, /* nothing: the address is rBX + AL */
	LAYOUT_OPCODE, /* nothing: a register is in the opcode's low bits */
	LAYOUT_IMPLIED, /* at most an immediate */
	LAYOUT_ENTER, /* two immediates */
	LAYOUT_MASKED /* ModRM with two vector registers; rDI has the address */
};

enum insn_group {
	GROUP_1,
	GROUP_1A,
	GROUP_2,
	GROUP_3,
	GROUP_4,
	GROUP_5,
	GROUP_6,
	GROUP_7,
	GROUP_8,
	GROUP_9,
	GROUP_11,
	GROUP_15,
	GROUP_ESCAPE_D9, /* x87, SDM vol. 2D, A.5 */
	GROUP_ESCAPE_DD,
	GROUP_COUNT
};

#define OPCODE_BYTE BIT(0) /* the operands are bytes */
#define OPCODE_IMM8 BIT(1) /* the immediate is a byte, sign-extended */
#define OPCODE_MEM8 BIT(2) /* the memory operand is a byte, ... */
#define OPCODE_MEM16 BIT(3) /* ... 2 bytes, ... */
#define OPCODE_MEM32 BIT(4) /* ... 4 bytes, whatever the register's size */
#define OPCODE_DWORD BIT(5) /* 4 bytes or with REX.W 8, never 2 */
#define OPCODE_BARE BIT(6) /* 66H, F2H and F3H would make it another one */
#define OPCODE_NOT_64 BIT(7) /* not in 64-bit mode */
#define OPCODE_ONLY_64 BIT(8) /* only in 64-bit mode */
#define OPCODE_STACK BIT(9) /* in 64-bit mode 8 bytes, with 66H 2 */
#define OPCODE_NEAR BIT(10) /* a branch: in 64-bit mode always 8 bytes */
#define OPCODE_REGISTER BIT(11) /* ModRM may name a register, too */
#define OPCODE_NO_F3 BIT(12) /* F3H would make it another one, ... */
#define OPCODE_NO_REPEAT BIT(13) /* ... F2H, too */
#define OPCODE_THIRD_IMM BIT(14) /* there is a third operand */
#define OPCODE_THIRD_CL BIT(15)

struct insn_opcode {
	u8 op; /* enum insn_op; OP_NONE: not ours */
	u8 dst; /* enum insn_operand */
	u8 src; /* enum insn_operand */
	u8 layout; /* enum insn_layout */
	u8 group; /* enum insn_group, for LAYOUT_GROUP */
	u8 segment; /* for PUSH */
	u16 flags; /* OPCODE_... */
};

/* The members of a group inherit the flags of the opcode. */
struct insn_group_member {
	u8 op;
	u8 dst;
	u8 src;
	u16 flags;
};

#define GROUP_MEMBERS 8

/* A vector instruction; prefix: 66H, F3H, F2H or 0 for none of them. */
struct insn_vector {
	u8 op; /* enum insn_op */
	u8 opcode; /* after 0FH */
	u8 prefix;
	u8 size; /* of the memory operand, in bytes */
	u8 flags; /* VECTOR_... and these: */
};
#define VECTOR_DOUBLES BIT(6) /* VEX.L makes it 32 bytes */
#define VECTOR_WIDENS BIT(7) /* W makes it 8 bytes */

extern const struct insn_opcode insn_one_byte[256];
extern const struct insn_opcode insn_two_byte[256]; /* after 0FH */
/* After 0FH 38H, from F0H on. */
#define FIRST_0F38 0xf0
extern const struct insn_opcode insn_three_byte[16];
/* A size of 0 ends it. */
extern const struct insn_vector insn_vectors[];
extern const struct insn_group_member insn_groups[GROUP_COUNT][GROUP_MEMBERS];

#endif
