/* SPDX-License-Identifier: MIT */
/* An instruction under way through the decoder; only insn*.c include this. */
#ifndef ARCH_X86_EMULATOR_INSN_DECODER_H
#define ARCH_X86_EMULATOR_INSN_DECODER_H

#include "arch/x86/emulator/insn.h"
#include "arch/x86/emulator/insn_tables.h"

/* REX, SDM vol. 2A, 2.2.1. */
#define REX_B BIT(0)
#define REX_X BIT(1)
#define REX_R BIT(2)
#define REX_W BIT(3)

#define PREFIX_REPNE 0xf2

/* The fields of ModRM, SDM vol. 2A, 2.1.3. */
#define MODRM_MOD(modrm) ((modrm) >> 6)
#define MODRM_REG(modrm) (((modrm) >> 3) & 7)
#define MODRM_RM(modrm) ((modrm)&7)
#define MOD_REGISTER 3

struct decoder {
	struct insn *insn;
	const u8 *bytes;
	size_t limit; /* bytes that may be read */
	size_t pos;
	bool out_of_bytes;
	u8 rex; /* 0: none */
	bool operand_size_prefix;
	bool address_size_prefix;
	u8 repeat_prefix; /* the last F2H or F3H; 0: none */
	bool segment_override;
	u8 opcode;
	u8 modrm;
	u16 flags; /* the opcode's */
	const struct insn_vector *vector; /* of a vector move, or NULL */
	bool vex_256; /* VEX.L */
};

/*
 * Returns the next @size bytes as a signed number; past the end it returns 0
 * and sets out_of_bytes, so that callers need not check at each step.
 */
u64 insn_fetch(struct decoder *d, size_t size);

/* Decodes the bytes after the opcode, or after ModRM if there is one. */
void insn_decode_operands(struct decoder *d, enum insn_layout layout);

#endif
