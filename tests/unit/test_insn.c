/* SPDX-License-Identifier: MIT */
/*
 * Tests of the instruction decoder: a table of encodings with their meaning,
 * the edge cases of prefixes and lengths, addresses, and random bytes compared
 * with Zydis.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/insn_random.h"
#include "tests/unit/insn_zydis.h"

#define M16 INSN_MODE_16
#define M32 INSN_MODE_32
#define M64 INSN_MODE_64
#define NONE INSN_NO_REG

#define BYTES(...)                                                             \
	(const u8[]){ __VA_ARGS__ }, sizeof((const u8[]){ __VA_ARGS__ })

struct encoding {
	const u8 *bytes;
	size_t size;
	struct insn insn;
};

/* Memory operands: segment, base, index, scale, rip-relative, displacement. */
#define MEM(segment, base, index, scale, rip, disp)                            \
	{ SEG_##segment, base, index, scale, rip, (u64)(s64)(disp) }, false,   \
		OPERAND_NONE, 0, 0, 0

/*
 * Operation, mode, length, operand, memory and address size, lock, rep,
 * destination, source, register, high byte, immediate, memory.
 */
static const struct encoding encodings[] = {
	/* mov %rax, (%rdi): set_pte */
	{ BYTES(0x48, 0x89, 0x07),
	  { OP_MOV, M64, 3, 8, 8, 8, false, false, OPERAND_MEM, OPERAND_REG,
	    RAX, false, 0, MEM(DS, RDI, NONE, 1, false, 0) } },
	/* movq $-2, -8(%rbp,%r12,4) */
	{ BYTES(0x4a, 0xc7, 0x44, 0xa5, 0xf8, 0xfe, 0xff, 0xff, 0xff),
	  { OP_MOV, M64, 9, 8, 8, 8, false, false, OPERAND_MEM, OPERAND_IMM,
	    RAX, false, (u64)-2, MEM(SS, RBP, R12, 4, false, -8) } },
	/* movb $0x80, 0x10(%rip): the immediate follows the displacement */
	{ BYTES(0xc6, 0x05, 0x10, 0, 0, 0, 0x80),
	  { OP_MOV, M64, 7, 1, 1, 8, false, false, OPERAND_MEM, OPERAND_IMM,
	    RAX, false, (u64)-128, MEM(DS, NONE, NONE, 1, true, 0x10) } },
	/* mov %ah, (%rax), and with REX: mov %spl, (%rax) */
	{ BYTES(0x88, 0x20),
	  { OP_MOV, M64, 2, 1, 1, 8, false, false, OPERAND_MEM, OPERAND_REG,
	    RAX, true, 0, MEM(DS, RAX, NONE, 1, false, 0) } },
	{ BYTES(0x40, 0x88, 0x20),
	  { OP_MOV, M64, 3, 1, 1, 8, false, false, OPERAND_MEM, OPERAND_REG,
	    RSP, false, 0, MEM(DS, RAX, NONE, 1, false, 0) } },
	/* REX before another prefix is void: mov %ax, (%rax) */
	{ BYTES(0x4f, 0x66, 0x89, 0x00),
	  { OP_MOV, M64, 4, 2, 2, 8, false, false, OPERAND_MEM, OPERAND_REG,
	    RAX, false, 0, MEM(DS, RAX, NONE, 1, false, 0) } },
	/* REX.W beats 66H; (%r13) needs a displacement, (%r12) a SIB */
	{ BYTES(0x66, 0x49, 0x89, 0x45, 0x00),
	  { OP_MOV, M64, 5, 8, 8, 8, false, false, OPERAND_MEM, OPERAND_REG,
	    RAX, false, 0, MEM(DS, R13, NONE, 1, false, 0) } },
	{ BYTES(0x49, 0x8b, 0x0c, 0x24),
	  { OP_MOV, M64, 4, 8, 8, 8, false, false, OPERAND_REG, OPERAND_MEM,
	    RCX, false, 0, MEM(DS, R12, NONE, 1, false, 0) } },
	/* lock cmpxchg8b and 16b; xchg %eax, %gs:0x10 */
	{ BYTES(0xf0, 0x0f, 0xc7, 0x0f),
	  { OP_CMPXCHG8B, M32, 4, 4, 8, 4, true, false, OPERAND_MEM,
	    OPERAND_NONE, RCX, false, 0, MEM(DS, RDI, NONE, 1, false, 0) } },
	{ BYTES(0xf0, 0x48, 0x0f, 0xc7, 0x0f),
	  { OP_CMPXCHG8B, M64, 5, 8, 16, 8, true, false, OPERAND_MEM,
	    OPERAND_NONE, RCX, false, 0, MEM(DS, RDI, NONE, 1, false, 0) } },
	{ BYTES(0x65, 0x87, 0x04, 0x25, 0x10, 0, 0, 0),
	  { OP_XCHG, M64, 8, 4, 4, 8, false, false, OPERAND_MEM, OPERAND_REG,
	    RAX, false, 0, MEM(GS, NONE, NONE, 1, false, 0x10) } },
	/* DS after FS does not undo it in 64-bit mode; elsewhere it does */
	{ BYTES(0x64, 0x3e, 0x8a, 0x00),
	  { OP_MOV, M64, 4, 1, 1, 8, false, false, OPERAND_REG, OPERAND_MEM,
	    RAX, false, 0, MEM(FS, RAX, NONE, 1, false, 0) } },
	{ BYTES(0x64, 0x3e, 0x8a, 0x00),
	  { OP_MOV, M32, 4, 1, 1, 4, false, false, OPERAND_REG, OPERAND_MEM,
	    RAX, false, 0, MEM(DS, RAX, NONE, 1, false, 0) } },
	/* movabs; in 32-bit code the address has 4 bytes, with 67H 2 */
	{ BYTES(0x48, 0xa3, 1, 2, 3, 4, 5, 6, 7, 8),
	  { OP_MOV, M64, 10, 8, 8, 8, false, false, OPERAND_MEM, OPERAND_REG,
	    RAX, false, 0, MEM(DS, NONE, NONE, 1, false, 0x807060504030201) } },
	{ BYTES(0xa0, 1, 2, 3, 4),
	  { OP_MOV, M32, 5, 1, 1, 4, false, false, OPERAND_REG, OPERAND_MEM,
	    RAX, false, 0, MEM(DS, NONE, NONE, 1, false, 0x4030201) } },
	{ BYTES(0x67, 0xa1, 1, 2),
	  { OP_MOV, M32, 4, 4, 4, 2, false, false, OPERAND_REG, OPERAND_MEM,
	    RAX, false, 0, MEM(DS, NONE, NONE, 1, false, 0x201) } },
	/* 16-bit code: addw $-1, -2(%bp,%si), and with 66H and 67H */
	{ BYTES(0x83, 0x42, 0xfe, 0xff),
	  { OP_ADD, M16, 4, 2, 2, 2, false, false, OPERAND_MEM, OPERAND_IMM,
	    RAX, false, ~0ULL, MEM(SS, RBP, RSI, 1, false, -2) } },
	{ BYTES(0x66, 0x67, 0x83, 0x42, 0xfe, 0xff),
	  { OP_ADD, M16, 6, 4, 4, 4, false, false, OPERAND_MEM, OPERAND_IMM,
	    RAX, false, ~0ULL, MEM(DS, RDX, NONE, 1, false, -2) } },
	{ BYTES(0xf7, 0x16, 0x34, 0x12),
	  { OP_NOT, M16, 4, 2, 2, 2, false, false, OPERAND_MEM, OPERAND_NONE,
	    RDX, false, 0, MEM(DS, NONE, NONE, 1, false, 0x1234) } },
	/* lock btsl $31, (%rdx); movzwl (%rdx), %eax; movslq (%rdx), %rax */
	{ BYTES(0xf0, 0x0f, 0xba, 0x2a, 0x1f),
	  { OP_BTS, M64, 5, 4, 4, 8, true, false, OPERAND_MEM, OPERAND_IMM, RBP,
	    false, 31, MEM(DS, RDX, NONE, 1, false, 0) } },
	{ BYTES(0x0f, 0xb7, 0x02),
	  { OP_MOVZX, M64, 3, 4, 2, 8, false, false, OPERAND_REG, OPERAND_MEM,
	    RAX, false, 0, MEM(DS, RDX, NONE, 1, false, 0) } },
	{ BYTES(0x48, 0x63, 0x02),
	  { OP_MOVSX, M64, 3, 8, 4, 8, false, false, OPERAND_REG, OPERAND_MEM,
	    RAX, false, 0, MEM(DS, RDX, NONE, 1, false, 0) } },
	/* rep stosq; fs rep movsb; addr32 lodsw */
	{ BYTES(0xf3, 0x48, 0xab),
	  { OP_STOS, M64, 3, 8, 8, 8, false, true, OPERAND_MEM, OPERAND_REG,
	    RAX, false, 0, MEM(ES, RDI, NONE, 1, false, 0) } },
	{ BYTES(0x64, 0xf2, 0xa4),
	  { OP_MOVS, M64, 3, 1, 1, 8, false, true, OPERAND_MEM, OPERAND_MEM,
	    RAX, false, 0, MEM(FS, RSI, NONE, 1, false, 0) } },
	{ BYTES(0x67, 0x66, 0xad),
	  { OP_LODS, M64, 3, 2, 2, 4, false, false, OPERAND_REG, OPERAND_MEM,
	    RAX, false, 0, MEM(DS, RSI, NONE, 1, false, 0) } },
	/* Many prefixes, all without effect. */
	{ BYTES(0x2e, 0x2e, 0x2e, 0x2e, 0x2e, 0x2e, 0x2e, 0x81, 0x40, 0x01, 1,
		0, 0, 0x80),
	  { OP_ADD, M64, 14, 4, 4, 8, false, false, OPERAND_MEM, OPERAND_IMM,
	    RAX, false, (u64)(s32)0x80000001,
	    MEM(DS, RAX, NONE, 1, false, 1) } },
};

/* Forms that Zydis decodes otherwise, or whose fields it does not show. */
static void test_more_forms(void **state)
{
	struct insn insn;

	/* vmovdqu %ymm9, (%r10) */
	assert_int_equal(
		insn_decode(&insn, BYTES(0xc4, 0x41, 0x7e, 0x7f, 0x0a), M64),
		INSN_OK);
	assert_int_equal(insn.op, OP_MOV_VECTOR);
	assert_int_equal(insn.memory_size, 32);
	assert_int_equal(insn.reg, 9);
	assert_int_equal(insn.mem.base, R10);
	assert_int_equal(insn.vector, VECTOR_STORE | VECTOR_VEX);
	/* repne scasb */
	assert_int_equal(insn_decode(&insn, BYTES(0xf2, 0xae), M64), INSN_OK);
	assert_true(insn.rep && insn.repne);
}

static void assert_same_insn(const struct insn *a, const struct insn *b)
{
	assert_int_equal(a->op, b->op);
	assert_int_equal(a->mode, b->mode);
	assert_int_equal(a->length, b->length);
	assert_int_equal(a->operand_size, b->operand_size);
	assert_int_equal(a->memory_size, b->memory_size);
	assert_int_equal(a->address_size, b->address_size);
	assert_int_equal(a->lock, b->lock);
	assert_int_equal(a->rep, b->rep);
	assert_int_equal(a->dst, b->dst);
	assert_int_equal(a->src, b->src);
	assert_int_equal(a->high_byte, b->high_byte);
	assert_true(a->imm == b->imm);
	if (a->dst == OPERAND_REG || a->src == OPERAND_REG)
		assert_int_equal(a->reg, b->reg);
	assert_int_equal(a->mem.segment, b->mem.segment);
	assert_int_equal(a->mem.base, b->mem.base);
	assert_int_equal(a->mem.index, b->mem.index);
	if (a->mem.index != INSN_NO_REG)
		assert_int_equal(a->mem.scale, b->mem.scale);
	assert_int_equal(a->mem.rip_relative, b->mem.rip_relative);
	assert_true(a->mem.disp == b->mem.disp);
}

static void test_encodings(void **state)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(encodings); i++) {
		const struct encoding *e = &encodings[i];
		struct insn insn;

		assert_int_equal(e->size, e->insn.length);
		assert_int_equal(
			insn_decode(&insn, e->bytes, e->size, e->insn.mode),
			INSN_OK);
		assert_same_insn(&insn, &e->insn);
	}
}

/* Each shorter beginning is truncated; bytes after the end don't matter. */
static void test_truncation(void **state)
{
	size_t i, size;

	for (i = 0; i < ARRAY_SIZE(encodings); i++) {
		const struct encoding *e = &encodings[i];
		u8 longer[INSN_MAX_LENGTH + 1];
		struct insn insn;

		for (size = 0; size < e->size; size++)
			assert_int_equal(insn_decode(&insn, e->bytes, size,
						     e->insn.mode),
					 INSN_TRUNCATED);
		memset(longer, 0xff, sizeof(longer));
		memcpy(longer, e->bytes, e->size);
		assert_int_equal(insn_decode(&insn, longer, sizeof(longer),
					     e->insn.mode),
				 INSN_OK);
		assert_same_insn(&insn, &e->insn);
	}
}

struct refusal {
	const u8 *bytes;
	size_t size;
	enum insn_mode mode;
};

static const struct refusal refusals[] = {
	/* Registers only. */
	{ BYTES(0x89, 0xc0), M64 },
	{ BYTES(0x0f, 0xb1, 0xc0), M64 },
	{ BYTES(0x0f, 0xc7, 0xf8), M64 }, /* RDSEED */
	{ BYTES(0xc7, 0xf8, 0, 0, 0, 0), M64 }, /* XBEGIN */
	/* LOCK where it is invalid. */
	{ BYTES(0xf0, 0x89, 0x00), M64 }, /* MOV */
	{ BYTES(0xf0, 0x03, 0x00), M64 }, /* ADD to a register */
	{ BYTES(0xf0, 0x39, 0x00), M64 }, /* CMP */
	{ BYTES(0xf0, 0x83, 0x38, 0x00), M64 }, /* CMP, immediate */
	{ BYTES(0xf0, 0x85, 0x00), M64 }, /* TEST */
	{ BYTES(0xf0, 0x0f, 0xa3, 0x00), M64 }, /* BT */
	{ BYTES(0xf0, 0x0f, 0xba, 0x20, 0x00), M64 }, /* BT, immediate */
	{ BYTES(0xf0, 0xa4), M64 }, /* MOVS */
	{ BYTES(0xf0, 0x0f, 0xc3, 0x00), M64 }, /* MOVNTI */
	{ BYTES(0xf0, 0x01, 0xc0), M64 }, /* a register destination */
	/* Another instruction by its prefix. */
	{ BYTES(0x66, 0x0f, 0xc3, 0x00), M64 },
	{ BYTES(0xf3, 0x0f, 0xc3, 0x00), M64 },
	/* Modes. */
	{ BYTES(0x63, 0x00), M32 }, /* ARPL */
	{ BYTES(0x82, 0x00, 0x00), M64 },
	{ BYTES(0x66, 0x63, 0x00), M64 }, /* MOVSXD to 16 bits */
	{ BYTES(0x48, 0x89, 0x00), M32 }, /* DEC EAX */
	/* Groups' other members. */
	{ BYTES(0xc7, 0x08, 0, 0, 0, 0), M64 },
	{ BYTES(0xf7, 0x08), M64 }, /* the other TEST */
	{ BYTES(0xff, 0x18), M64 }, /* CALL, far */
	{ BYTES(0xd0, 0x30), M64 }, /* the other SHL */
	{ BYTES(0xfe, 0x10), M64 },
	{ BYTES(0x0f, 0xba, 0x00, 0x00), M64 },
	{ BYTES(0x0f, 0xc7, 0x30), M64 }, /* VMPTRLD */
	/* Instructions that the decoder does not know. */
	{ BYTES(0x90), M64 },
	{ BYTES(0x0f, 0x0b), M64 },
	{ BYTES(0x0f, 0x7f, 0x00), M64 }, /* MOVQ of MMX */
	{ BYTES(0x0f, 0x58, 0x00), M64 }, /* ADDPS */
	{ BYTES(0xc5, 0xe8, 0x12, 0x00), M64 }, /* VMOVLPS, three operands */
	{ BYTES(0xf3, 0xc5, 0xf8, 0x11, 0x00), M64 }, /* a prefix with VEX */
	{ BYTES(0xc5, 0x38, 0x00, 0x00), M32 }, /* LDS */
	{ BYTES(0x50), M64 }, /* PUSH, a register */
	{ BYTES(0xff, 0x30), M64 }, /* PUSH */
	{ BYTES(0x8f, 0x00), M64 }, /* POP */
	{ BYTES(0xff, 0x10), M64 }, /* CALL */
	{ BYTES(0xd7), M64 }, /* XLAT */
	{ BYTES(0x8c, 0x00), M64 }, /* MOV from a segment register */
	{ BYTES(0xd9, 0x38), M64 }, /* FNSTCW */
	{ BYTES(0x0f, 0x01, 0x00), M64 }, /* SGDT */
	{ BYTES(0x0f, 0x38, 0xf0, 0x00), M64 }, /* MOVBE */
	{ BYTES(0x66, 0x0f, 0xf7, 0xc1), M64 }, /* MASKMOVDQU */
	{ BYTES(0x66, 0x0f, 0xdb, 0x00), M64 }, /* PAND */
};

static void test_refusals(void **state)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(refusals); i++) {
		struct insn insn;

		if (insn_decode(&insn, refusals[i].bytes, refusals[i].size,
				refusals[i].mode) != INSN_UNSUPPORTED)
			fail_msg("refusal %zu was not refused", i);
	}
}

static void test_length_limit(void **state)
{
	u8 bytes[32];
	struct insn insn;

	/* 12 prefixes and 3 bytes: the longest instruction. */
	memset(bytes, 0x3e, sizeof(bytes));
	memcpy(&bytes[12], (u8[]){ 0x88, 0x40, 0x01 }, 3);
	assert_int_equal(insn_decode(&insn, bytes, 15, M64), INSN_OK);
	assert_int_equal(insn.length, 15);
	assert_int_equal(insn_decode(&insn, bytes, 32, M64), INSN_OK);
	assert_int_equal(insn_decode(&insn, bytes, 14, M64), INSN_TRUNCATED);
	/* One prefix more. */
	memset(bytes, 0x3e, sizeof(bytes));
	memcpy(&bytes[13], (u8[]){ 0x88, 0x40, 0x01 }, 3);
	assert_int_equal(insn_decode(&insn, bytes, 14, M64), INSN_TRUNCATED);
	assert_int_equal(insn_decode(&insn, bytes, 15, M64), INSN_UNSUPPORTED);
	assert_int_equal(insn_decode(&insn, bytes, 16, M64), INSN_UNSUPPORTED);
	memset(bytes, 0x66, sizeof(bytes));
	assert_int_equal(insn_decode(&insn, bytes, 32, M64), INSN_UNSUPPORTED);
}

static gva_t address_of(const u8 *bytes, size_t size, enum insn_mode mode,
			const struct cpu_regs *regs, const u64 *base)
{
	struct insn insn;

	assert_int_equal(insn_decode(&insn, bytes, size, mode), INSN_OK);
	return operand_address(&insn, regs, base);
}

static void test_addresses(void **state)
{
	struct cpu_regs regs = { .rip = 0xffffffff81000000 };
	u64 base[SEG_COUNT] = { 0 };

	regs.gpr[RAX] = 0xffff888000001000;
	regs.gpr[RCX] = (u64)-3;
	/* mov %eax, 0x10(%rax,%rcx,8) */
	assert_true(address_of(BYTES(0x89, 0x44, 0xc8, 0x10), M64, &regs,
			       base) == 0xffff888000000ff8);
	/* The same with 32-bit addresses, and relative to GS. */
	assert_true(address_of(BYTES(0x67, 0x89, 0x44, 0xc8, 0x10), M64, &regs,
			       base) == 0xff8);
	base[SEG_GS] = 0xffff900000000000;
	assert_true(address_of(BYTES(0x65, 0x67, 0x89, 0x44, 0xc8, 0x10), M64,
			       &regs, base) == 0xffff900000000ff8);
	/* movl $0, -0x10(%rip), 10 bytes long; with EIP */
	assert_true(address_of(BYTES(0xc7, 0x05, 0xf0, 0xff, 0xff, 0xff, 0, 0,
				     0, 0),
			       M64, &regs, base) == 0xffffffff80fffffa);
	assert_true(address_of(BYTES(0x67, 0xc7, 0x05, 0xf0, 0xff, 0xff, 0xff,
				     0, 0, 0, 0),
			       M64, &regs, base) == 0x80fffffb);
	/* 16 bits wrap at 64 KiB, linear addresses at 4 GiB. */
	base[SEG_DS] = 0xfffffff0;
	regs.gpr[RBX] = 0x1234ffff;
	assert_true(address_of(BYTES(0x88, 0x47, 0x11), M16, &regs, base) == 0);
	regs.gpr[RBX] = 0x1234fff0;
	assert_true(address_of(BYTES(0x88, 0x47, 0x0f), M16, &regs, base) ==
		    0xffef);
}

/* A bit number in a register reaches beyond the operand, signed. */
static void test_bit_string_addresses(void **state)
{
	struct cpu_regs regs = { .gpr = { [RBX] = 0x10000 } };
	const u64 base[SEG_COUNT] = { 0 };

	regs.gpr[RAX] = 0x1f;
	assert_int_equal(address_of(BYTES(0x0f, 0xab, 0x03), M64, &regs, base),
			 0x10000);
	regs.gpr[RAX] = 0xdeadbeef00000000 + 0x20;
	assert_int_equal(address_of(BYTES(0x0f, 0xab, 0x03), M64, &regs, base),
			 0x10004);
	regs.gpr[RAX] = 0xffffffff;
	assert_int_equal(address_of(BYTES(0x0f, 0xab, 0x03), M64, &regs, base),
			 0xfffc);
	assert_int_equal(
		address_of(BYTES(0x48, 0x0f, 0xab, 0x03), M64, &regs, base),
		0x10000 + 0xffffffff / 64 * 8);
	regs.gpr[RAX] = 0xff8000;
	assert_int_equal(
		address_of(BYTES(0x66, 0x0f, 0xa3, 0x03), M64, &regs, base),
		0xf000);
	/* An immediate bit number does not. */
	assert_int_equal(
		address_of(BYTES(0x0f, 0xba, 0x2b, 0xff), M64, &regs, base),
		0x10000);
}

static void fail_with_bytes(const char *difference, const u8 *bytes,
			    enum insn_mode mode)
{
	size_t i;

	print_error("mode %d:", mode);
	for (i = 0; i < INSN_MAX_LENGTH; i++)
		print_error(" %02x", bytes[i]);
	fail_msg("differs from Zydis: %s", difference);
}

#define RANDOM_CASES 2000000
#define SEED 0x756d627261ULL

static void test_against_zydis(void **state)
{
	struct choices choices = { .state = SEED };
	size_t accepted_cases = 0;
	size_t i;

	for (i = 0; i < RANDOM_CASES; i++) {
		enum insn_mode mode = (enum insn_mode)(i % 3);
		struct random_insn random;
		const char *difference;
		bool accepted;

		choose_insn(&choices, &random, mode);
		/* Some are random bytes. */
		if (i % 16 == 0)
			random.bytes[i / 16 % 4] = (u8)choose_value(&choices);
		difference = compare_with_zydis(random.bytes, INSN_MAX_LENGTH,
						mode, &accepted);
		if (difference)
			fail_with_bytes(difference, random.bytes, mode);
		accepted_cases += accepted;
	}
	print_message("seed %#llx: %zu of %d accepted\n", SEED, accepted_cases,
		      RANDOM_CASES);
	assert_true(accepted_cases > RANDOM_CASES / 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_encodings),
		cmocka_unit_test(test_more_forms),
		cmocka_unit_test(test_truncation),
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_length_limit),
		cmocka_unit_test(test_addresses),
		cmocka_unit_test(test_bit_string_addresses),
		cmocka_unit_test(test_against_zydis),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
