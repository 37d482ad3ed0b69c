/* SPDX-License-Identifier: MIT */
/*
 * What the decoder knows of each opcode. Only insn.c and insn_tables.c
 * include this.
 */
#ifndef ARCH_X86_INSN_TABLES_H
#define ARCH_X86_INSN_TABLES_H

#include "arch/x86/insn.h"

/* What follows the opcode. */
enum insn_layout {
	LAYOUT_MODRM,
	LAYOUT_GROUP, /* ModRM, whose reg field completes the opcode */
	LAYOUT_OFFSET, /* a bare address: MOV with the accumulator */
	LAYOUT_STRING /* nothing: the addresses are in rSI and rDI */
};

enum insn_group {
	GROUP_1,
	GROUP_3,
	GROUP_4,
	GROUP_8,
	GROUP_9,
	GROUP_11,
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

struct insn_opcode {
	u8 op; /* enum insn_op; OP_NONE: not ours */
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

extern const struct insn_opcode insn_one_byte[256];
extern const struct insn_opcode insn_two_byte[256]; /* after 0FH */
extern const struct insn_group_member insn_groups[GROUP_COUNT][GROUP_MEMBERS];

#endif
