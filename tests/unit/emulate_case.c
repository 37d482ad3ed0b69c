/* SPDX-License-Identifier: MIT */
/*
 * Cases for the comparison with the host's processor: instructions whose
 * operands lie in the window, so that both sides can carry them out.
 */
#include <string.h>

#include "tests/unit/emulate_case.h"

#define WINDOW_MIDDLE (WINDOW_SIZE / 2)
#define TARGET_SPREAD 64 /* maximum distance of operands from the middle */
#define CACHE_LINE 64

/* Solves the address equation for the register that can be chosen. */
static void aim_by_register(struct test_case *c, u64 offset)
{
	const struct insn_memory *mem = &c->insn.mem;
	s64 rest = (s64)(offset - mem->disp);
	u64 *gpr = c->regs.gpr;

	if (mem->base != INSN_NO_REG && mem->base == mem->index)
		gpr[mem->base] = (u64)(rest / (1 + mem->scale));
	else if (mem->base != INSN_NO_REG && mem->base != RSP)
		gpr[mem->base] =
			(u64)rest - (mem->index == INSN_NO_REG
					     ? 0
					     : gpr[mem->index] * mem->scale);
	else if (mem->index != INSN_NO_REG)
		gpr[mem->index] =
			(u64)((rest - (mem->base == RSP ? (s64)gpr[RSP] : 0)) /
			      mem->scale);
}

/* Without a register the displacement can be chosen. */
static void aim_by_displacement(struct test_case *c, u64 offset)
{
	u8 *after_opcode = &c->random.bytes[c->random.opcode + 1];
	u8 opcode = after_opcode[-1];
	bool has_sib = (after_opcode[0] & 7) == 4;

	if (opcode >= 0xa0 && opcode <= 0xa3 &&
	    (c->random.opcode == 0 || after_opcode[-2] != 0x0f)) {
		memcpy(after_opcode, &offset, c->insn.address_size);
		return;
	}
	if (c->insn.mem.rip_relative)
		offset -= c->regs.rip + c->insn.length;
	memcpy(after_opcode + (has_sib ? 2 : 1), &offset, 4);
}

static bool is_vector(const struct insn *insn)
{
	return insn->op == OP_MOV_VECTOR;
}

static bool is_aligned(const struct insn *insn)
{
	return is_vector(insn) ? insn->vector & VECTOR_ALIGNED
			       : insn->memory_size == 16;
}

static void choose_string_operands(struct choices *choices, struct test_case *c)
{
	u64 middle = address_of(arena->window) + WINDOW_MIDDLE;
	u64 high = c->insn.address_size == 4 ? choose_value(choices) << 32 : 0;
	u64 source = middle - (c->insn.mem.segment == SEG_GS ? GS_BASE : 0);

	c->regs.gpr[RSI] = (source + choose_below(choices, 128)) | high;
	c->regs.gpr[RDI] = (middle - choose_below(choices, 128)) | ~high << 32;
	if (c->insn.address_size == 8)
		c->regs.gpr[RDI] &= BITS(31, 0);
	/*
	 * With ECX = 0, Intel's processors clear upper halves where others
	 * leave all registers alone; the manual is silent.
	 */
	c->regs.gpr[RCX] = choose_below(choices, 16) | high;
	if (c->insn.address_size == 4)
		c->regs.gpr[RCX] |= 1;
}

/* Moves the memory operand into the window; returns false if it can't. */
static bool aim_at_window(struct choices *choices, struct test_case *c)
{
	const struct insn_memory *mem = &c->insn.mem;
	u64 offset = address_of(arena->window) + WINDOW_MIDDLE +
		     choose_below(choices, 2 * TARGET_SPREAD) - TARGET_SPREAD;
	unsigned int i;
	gva_t gva;

	if (is_aligned(&c->insn))
		offset = ALIGN_DOWN(offset, c->insn.memory_size);
	offset -= c->base[mem->segment];
	if (mem->base == INSN_NO_REG && mem->index == INSN_NO_REG)
		aim_by_displacement(c, offset);
	else
		aim_by_register(c, offset);
	insn_decode(&c->insn, c->random.bytes, INSN_MAX_LENGTH, INSN_MODE_64);
	/* The upper halves must not matter to 32-bit addresses. */
	for (i = RAX; c->insn.address_size == 4 && i < GPR_COUNT; i++)
		if (i != RSP && (mem->base == i || mem->index == i))
			c->regs.gpr[i] ^= choose_value(choices) << 32;

	gva = operand_address(&c->insn, &c->regs, c->base);
	if (!is_in_window(gva, c->insn.memory_size))
		return false;
	/*
	 * Some kernels stop a program that locks an operand in two cache lines.
	 */
	if ((c->insn.lock || c->insn.op == OP_XCHG) &&
	    gva % CACHE_LINE + c->insn.memory_size > CACHE_LINE)
		return false;
	return !is_aligned(&c->insn) || gva % c->insn.memory_size == 0;
}

/* Lets half of the compare-exchanges succeed. */
static void choose_equal(struct choices *choices, struct test_case *c)
{
	u64 gva = operand_address(&c->insn, &c->regs, c->base);
	const u8 *operand = &arena->window[gva - address_of(arena->window)];
	u64 kept_high = choose_value(choices) << 32;

	if (c->insn.op == OP_CMPXCHG) {
		memcpy(&c->regs.gpr[RAX], operand, c->insn.memory_size);
	} else if (c->insn.op == OP_CMPXCHG8B) {
		size_t half = c->insn.operand_size;

		memcpy(&c->regs.gpr[RAX], operand, half);
		memcpy(&c->regs.gpr[RDX], operand + half, half);
		if (half == 4)
			c->regs.gpr[RDX] ^= kept_high;
	}
}

/* Returns true if the stub can execute the instruction and restore the rest. */
static bool is_executable(const struct test_case *c)
{
	const struct insn *insn = &c->insn;
	bool writes_reg = insn->dst == OPERAND_REG || insn->op == OP_XCHG ||
			  insn->op == OP_XADD;

	if (is_vector(insn) && !has_avx)
		return false;
	/* The C library's thread data hang off FS. */
	return insn->mem.segment != SEG_FS &&
	       !(writes_reg && insn->reg == RSP && !insn->high_byte);
}

static void read_selectors(u16 selectors[SEG_COUNT])
{
	asm volatile("mov %%es, %0" : "=m"(selectors[SEG_ES]));
	asm volatile("mov %%cs, %0" : "=m"(selectors[SEG_CS]));
	asm volatile("mov %%ss, %0" : "=m"(selectors[SEG_SS]));
	asm volatile("mov %%ds, %0" : "=m"(selectors[SEG_DS]));
	asm volatile("mov %%fs, %0" : "=m"(selectors[SEG_FS]));
	asm volatile("mov %%gs, %0" : "=m"(selectors[SEG_GS]));
}

bool choose_case(struct choices *choices, struct test_case *c)
{
	unsigned int i;

	choose_insn(choices, &c->random, INSN_MODE_64);
	if (insn_decode(&c->insn, c->random.bytes, INSN_MAX_LENGTH,
			INSN_MODE_64) != INSN_OK ||
	    !is_executable(c))
		return false;
	for (i = 0; i < sizeof(arena->window); i += sizeof(u64)) {
		u64 value = i % 64 ? choose_value(choices)
				   : choose_operand(choices);

		memcpy(&arena->window[i], &value, sizeof(value));
	}
	for (i = 0; i < GPR_COUNT; i++)
		c->regs.gpr[i] = choose_operand(choices);
	c->regs.gpr[RSP] = address_of(arena->window) + WINDOW_MIDDLE;
	c->regs.rip = address_of(&arena->code[insn_offset]);
	/* IF, since PUSHF shows that the host has it set. */
	c->regs.rflags = (choose_value(choices) & RFLAGS_ARITH) | RFLAGS_FIXED |
			 RFLAGS_IF;
	c->base[SEG_GS] = GS_BASE;
	for (i = 0; i < sizeof(c->vector); i++)
		((u8 *)c->vector)[i] = (u8)choose_value(choices);

	read_selectors(c->selector);
	if (c->insn.op >= OP_MOVS) {
		if (choose_value(choices) & 1)
			c->regs.rflags |= RFLAGS_DF;
		choose_string_operands(choices, c);
		return true;
	}
	if (c->insn.op >= OP_BT && c->insn.op <= OP_BTC &&
	    c->insn.src == OPERAND_REG) {
		u64 bit = choose_below(choices, 2048) - 1024;
		u64 kept = ~0ULL << (8 * c->insn.operand_size - 1) << 1;

		c->regs.gpr[c->insn.reg] &= kept;
		c->regs.gpr[c->insn.reg] |= bit & ~kept;
	}
	if (!aim_at_window(choices, c))
		return false;
	if (choose_value(choices) & 1)
		choose_equal(choices, c);
	return is_in_window(operand_address(&c->insn, &c->regs, c->base),
			    c->insn.memory_size);
}
