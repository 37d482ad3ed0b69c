/* SPDX-License-Identifier: MIT */
/*
 * The instruction decoder. It knows the instructions with a memory operand that
 * guests use to write page tables or to drive devices (docs/mmu.md has their
 * list); it declines all others. VMX reports no instruction length for a page
 * fault (SDM vol. 3C, 27.2.5), so the length found here moves the guest's RIP.
 * If the decoder is not certain of an instruction, it declines it.
 */
#ifndef ARCH_X86_EMULATOR_INSN_H
#define ARCH_X86_EMULATOR_INSN_H

#include "arch/x86/regs.h"
#include "lib/types.h"

/* Maximum length of an instruction, in bytes (SDM vol. 2A, 2.3.11). */
#define INSN_MAX_LENGTH 15

/* The mode of code: by CS.L (64-bit mode), else by CS.D. */
enum insn_mode { INSN_MODE_16, INSN_MODE_32, INSN_MODE_64 };

enum insn_status {
	INSN_OK,
	INSN_TRUNCATED, /* it goes on after the available bytes */
	INSN_UNSUPPORTED /* not known here, or not an instruction */
};

enum insn_op {
	OP_NONE,
	OP_ADD, /* from here to OP_SET in the order of emulate_alu.asm */
	OP_OR,
	OP_ADC,
	OP_SBB,
	OP_AND,
	OP_SUB,
	OP_XOR,
	OP_CMP,
	OP_TEST,
	OP_NOT,
	OP_NEG,
	OP_INC,
	OP_DEC,
	OP_ROL, /* in the order of group 2, up to OP_SAR */
	OP_ROR,
	OP_RCL,
	OP_RCR,
	OP_SHL,
	OP_SHR,
	OP_SAR,
	OP_SHLD,
	OP_SHRD,
	OP_IMUL_REG, /* the forms with a register destination */
	OP_BSF,
	OP_BSR,
	OP_BT,
	OP_BTS,
	OP_BTR,
	OP_BTC,
	OP_SET,
	OP_MOV,
	OP_MOVNTI,
	OP_MOVZX,
	OP_MOVSX, /* and MOVSXD */
	OP_CMOV,
	OP_XCHG,
	OP_XADD,
	OP_CMPXCHG,
	OP_CMPXCHG8B, /* CMPXCHG16B when operand_size is 8 */
	OP_FLUSH, /* CLFLUSH, CLFLUSHOPT and CLWB */
	OP_MOV_VECTOR, /* SSE and AVX moves that only copy */
	OP_MOVS, /* from here on, string instructions */
	OP_STOS,
	OP_LODS,
	OP_CMPS,
	OP_SCAS,
	OP_INS, /* these two exit, and are never decoded; the port is in DX */
	OP_OUTS
};

enum insn_operand {
	OPERAND_NONE,
	OPERAND_REG,
	OPERAND_MEM,
	OPERAND_IMM,
	OPERAND_ONE, /* a shift's count: 1 */
	OPERAND_CL, /* a shift's count: CL */
	OPERAND_VECTOR /* XMM or YMM register number reg */
};

/* Properties of a vector move. */
#define VECTOR_STORE BIT(0) /* to memory */
#define VECTOR_ALIGNED BIT(1) /* memory must be aligned to its size */
#define VECTOR_HIGH BIT(2) /* the register's upper half, bits 127:64 */
#define VECTOR_MERGE BIT(3) /* a load leaves the other half alone */
#define VECTOR_VEX BIT(4) /* a load clears the bits above the operand */

/* Stands for an absent base or index register. */
#define INSN_NO_REG GPR_COUNT

struct insn_memory {
	enum segment segment; /* after default and override */
	enum gpr base; /* or INSN_NO_REG */
	enum gpr index; /* or INSN_NO_REG */
	u8 scale; /* 1, 2, 4 or 8 */
	bool rip_relative; /* the base is the next instruction's address */
	u64 disp; /* sign-extended */
};

struct insn {
	enum insn_op op;
	enum insn_mode mode;
	u8 length; /* 1 to INSN_MAX_LENGTH bytes */
	u8 operand_size; /* in bytes; MOVZX and MOVSX: the register's */
	u8 memory_size; /* of the memory operand, in bytes, 1 to 32 */
	u8 address_size; /* in bytes: 2, 4 or 8 */
	bool lock;
	bool rep; /* a string instruction with a repeat prefix */
	enum insn_operand dst;
	enum insn_operand src;
	enum gpr reg; /* the register operand, if there is one */
	bool high_byte; /* reg is RAX to RBX, and stands for AH to BH */
	u64 imm; /* the immediate operand, sign-extended */
	struct insn_memory mem; /* MOVS, CMPS: at rSI, the other is ES:rDI */
	bool repne; /* the repeat prefix is F2H */
	enum insn_operand third; /* SHLD, SHRD, IMUL: IMM or CL; else NONE */
	u8 condition; /* CMOV, SET: the low 4 bits of the opcode */
	u8 vector; /* VECTOR_... */
	/*
	 * The size of a MOV between memory and a register, of one that stores
	 * an immediate, or of an XCHG: in flat code of 32 or 64 bits, with no
	 * use of RSP. Else 0.
	 */
	u8 plain_size;
};

/*
 * Decodes the instruction at @bytes. @available is the number of bytes that may
 * be read there, and may be any number. @insn is valid only after INSN_OK.
 * Returns INSN_TRUNCATED only for fewer than INSN_MAX_LENGTH bytes.
 */
enum insn_status insn_decode(struct insn *insn, const u8 *bytes,
			     size_t available, enum insn_mode mode);

/*
 * Returns the offset in its segment that the memory operand @insn->mem encodes,
 * before it is cut to the address size; @regs are those before the instruction,
 * RIP at its first byte.
 */
static inline u64 insn_encoded_offset(const struct insn *insn,
				      const struct cpu_regs *regs)
{
	const struct insn_memory *mem = &insn->mem;
	u64 offset = mem->disp;

	if (mem->base != INSN_NO_REG)
		offset += regs->gpr[mem->base];
	if (mem->index != INSN_NO_REG)
		offset += regs->gpr[mem->index] * mem->scale;
	if (mem->rip_relative)
		offset += regs->rip + insn->length;
	return offset;
}

/*
 * The same for the operand itself: BT, BTS, BTR and BTC with a bit number in a
 * register reach memory beyond the encoded address.
 */
u64 insn_memory_offset(const struct insn *insn, const struct cpu_regs *regs);

#endif
