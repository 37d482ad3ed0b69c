/* SPDX-License-Identifier: MIT */
#include "lib/printf.h"
#include "vmx/report/insn_text.h"

#define SHOWN_BYTES 4 /* Maximum number of bytes of an unknown instruction */

/* In the order of enum insn_op. */
static const char *const op_names[] = {
	"?",	"ADD",	"OR",	   "ADC",	"SBB",	   "AND",
	"SUB",	"XOR",	"CMP",	   "TEST",	"NOT",	   "NEG",
	"INC",	"DEC",	"ROL",	   "ROR",	"RCL",	   "RCR",
	"SHL",	"SHR",	"SAR",	   "SHLD",	"SHRD",	   "IMUL",
	"BSF",	"BSR",	"BT",	   "BTS",	"BTR",	   "BTC",
	"SET",	"MOV",	"MOVNTI",  "MOVZX",	"MOVSX",   "CMOV",
	"XCHG", "XADD", "CMPXCHG", "CMPXCHG8B", "CLFLUSH", "MOV (vector)",
	"MOVS", "STOS", "LODS",	   "CMPS",	"SCAS",	   "INS",
	"OUTS",
};

static const char *const conditions[] = { "O",	"NO", "B",  "AE", "E", "NE",
					  "BE", "A",  "S",  "NS", "P", "NP",
					  "L",	"GE", "LE", "G" };

#define ADD(text, ...) snappend(text, INSN_TEXT_MAX, __VA_ARGS__)

static void add_register(char *text, enum gpr reg, u8 size, bool high)
{
	static const char *const names[] = { "AX", "CX", "DX", "BX",
					     "SP", "BP", "SI", "DI" };
	static const char *const suffixes[] = {
		[1] = "B", [2] = "W", [4] = "D", [8] = ""
	};

	if (reg >= R8)
		ADD(text, "R%d%s", (int)reg, suffixes[size]);
	else if (size == 1 && reg < RSP)
		ADD(text, "%c%c", names[reg][0], high ? 'H' : 'L');
	else
		ADD(text, "%s%s%s",
		    size == 8	? "R"
		    : size == 4 ? "E"
				: "",
		    names[reg], size == 1 ? "L" : "");
}

static void add_memory(char *text, const struct insn *insn)
{
	static const char *const sizes[] = {
		[1] = "BYTE ",	[2] = "WORD ",	 [4] = "DWORD ",
		[8] = "QWORD ", [16] = "OWORD ", [32] = "YWORD ",
	};
	static const char *const segments[] = {
		[SEG_ES] = "ES:", [SEG_CS] = "CS:", [SEG_SS] = "",
		[SEG_DS] = "",	  [SEG_FS] = "FS:", [SEG_GS] = "GS:",
	};
	const struct insn_memory *mem = &insn->mem;
	s64 disp = (s64)mem->disp;
	bool base = mem->rip_relative || mem->base != INSN_NO_REG;

	ADD(text, "%s%s[",
	    sizes[insn->memory_size] ? sizes[insn->memory_size] : "",
	    segments[mem->segment]);
	if (mem->rip_relative)
		ADD(text, "RIP");
	else if (base)
		add_register(text, mem->base, insn->address_size, false);
	if (mem->index != INSN_NO_REG) {
		ADD(text, "%s%u*", base ? "+" : "", mem->scale);
		add_register(text, mem->index, insn->address_size, false);
		base = true;
	}
	if (!base)
		ADD(text, "0x%lx", (unsigned long)disp);
	else if (disp)
		ADD(text, "%c0x%lx", disp < 0 ? '-' : '+',
		    (unsigned long)(disp < 0 ? -disp : disp));
	ADD(text, "]");
}

static void add_operand(char *text, const struct insn *insn,
			enum insn_operand operand)
{
	switch (operand) {
	case OPERAND_NONE:
		return;
	case OPERAND_REG:
		return add_register(text, insn->reg, insn->operand_size,
				    insn->high_byte);
	case OPERAND_MEM:
		return add_memory(text, insn);
	case OPERAND_IMM:
		ADD(text, "0x%lx", (unsigned long)insn->imm);
		return;
	case OPERAND_ONE:
		ADD(text, "1");
		return;
	case OPERAND_CL:
		ADD(text, "CL");
		return;
	case OPERAND_VECTOR:
		ADD(text, "%cMM%d", insn->memory_size > 16 ? 'Y' : 'X',
		    (int)insn->reg);
		return;
	}
}

size_t insn_text(char text[INSN_TEXT_MAX], const u8 *bytes, size_t available,
		 enum insn_mode mode)
{
	struct insn insn;
	enum insn_operand operands[3];

	text[0] = '\0';
	if (insn_decode(&insn, bytes, available, mode) != INSN_OK) {
		ADD(text, "bytes");
		for (size_t i = 0; i < MIN(available, SHOWN_BYTES); i++)
			ADD(text, " %02x", bytes[i]);
		return 0;
	}
	ADD(text, "%s%s%s%s", insn.lock ? "LOCK " : "",
	    insn.repne ? "REPNE "
	    : insn.rep ? "REP "
		       : "",
	    op_names[insn.op],
	    insn.op == OP_SET || insn.op == OP_CMOV ? conditions[insn.condition]
						    : "");
	operands[0] = insn.dst;
	operands[1] = insn.src;
	operands[2] = insn.third;
	for (size_t i = 0, shown = 0; i < ARRAY_SIZE(operands); i++) {
		if (operands[i] == OPERAND_NONE)
			continue;
		ADD(text, shown++ ? ", " : " ");
		add_operand(text, &insn, operands[i]);
	}
	return insn.length;
}
