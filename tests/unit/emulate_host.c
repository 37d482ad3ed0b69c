/* SPDX-License-Identifier: MIT */
/*
 * The emulator compared with the host's processor: see emulate_host.h.
 *
 * All that the host touches lies below 2 GiB, so that absolute and 32-bit
 * addresses reach it. A stub loads the registers from the arena, runs the
 * instruction and stores the registers. The emulator works on a copy of the
 * window of memory that the instruction may reach.
 */
#include <asm/prctl.h>
#include <cpuid.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "arch/x86/emulate.h"
#include "tests/unit/emulate_host.h"

#define WINDOW_SIZE 1024
#define WINDOW_MIDDLE (WINDOW_SIZE / 2)
#define TARGET_SPREAD 64 /* how far from the middle operands are */
#define CACHE_LINE 64
#define VECTORS 16
/* GS differs from the other segments; 32-bit offsets still reach the arena. */
#define GS_BASE 0x10000

/* What the host's processor works with. RSP points into the window. */
struct arena {
	u8 code[PAGE_SIZE];
	u64 gpr[GPR_COUNT];
	u8 vector[VECTORS][EMUL_MAX_BYTES];
	u64 rflags;
	u64 stack_pointer; /* of the caller of the stub */
	u8 below_stack[4 * PAGE_SIZE]; /* a signal may come */
	u8 window[WINDOW_SIZE];
};

static struct arena *arena;
static size_t insn_offset; /* in arena->code */
/* Without AVX the host is not asked about vector moves. */
static bool has_avx, has_movbe, has_movdiri;

static u32 address_of(const void *p)
{
	return (u32)(uintptr_t)p;
}

static void emit(size_t *pos, const void *bytes, size_t size)
{
	memcpy(&arena->code[*pos], bytes, size);
	*pos += size;
}

/* An instruction with the address of @p as its 32-bit displacement. */
static void emit_absolute(size_t *pos, const u8 opcode[4], const void *p)
{
	u32 address = address_of(p);

	emit(pos, opcode, 4);
	emit(pos, &address, sizeof(address));
}

/* MOV of all registers: @opcode 8BH from the arena, 89H to it. */
static void emit_moves(size_t *pos, u8 opcode)
{
	unsigned int reg;

	for (reg = RAX; reg < GPR_COUNT; reg++) {
		const u8 bytes[] = { reg < R8 ? 0x48 : 0x4c, opcode,
				     (u8)(0x04 | (reg & 7) << 3), 0x25 };

		emit_absolute(pos, bytes, &arena->gpr[reg]);
	}
}

/* VMOVUPS of all YMM registers: @opcode 10H from the arena, 11H to it. */
static void emit_vector_moves(size_t *pos, u8 opcode)
{
	unsigned int i;

	for (i = 0; i < VECTORS; i++) {
		const u8 bytes[] = { 0xc5, i < 8 ? 0xfc : 0x7c, opcode,
				     (u8)(0x04 | (i & 7) << 3), 0x25 };
		u32 address = address_of(arena->vector[i]);

		emit(pos, bytes, sizeof(bytes));
		emit(pos, &address, sizeof(address));
	}
}

static void build_stub(void)
{
	/* push rbx, rbp, r12 to r15; pushfq */
	static const u8 prologue[] = { 0x53, 0x55, 0x41, 0x54, 0x41, 0x55,
				       0x41, 0x56, 0x41, 0x57, 0x9c };
	/* popfq; pop r15 to r12, rbp, rbx; ret */
	static const u8 epilogue[] = { 0x9d, 0x41, 0x5f, 0x41, 0x5e, 0x41,
				       0x5d, 0x41, 0x5c, 0x5d, 0x5b, 0xc3 };
	static const u8 save_rsp[] = { 0x48, 0x89, 0x24, 0x25 };
	static const u8 load_rsp[] = { 0x48, 0x8b, 0x24, 0x25 };
	static const u8 push[] = { 0xff, 0x34, 0x25 };
	static const u8 pop[] = { 0x8f, 0x04, 0x25 };
	static const u8 pushfq = 0x9c;
	static const u8 popfq = 0x9d;
	u32 flags = address_of(&arena->rflags);
	size_t pos = 0;

	emit(&pos, prologue, sizeof(prologue));
	emit_absolute(&pos, save_rsp, &arena->stack_pointer);
	emit(&pos, push, sizeof(push));
	emit(&pos, &flags, sizeof(flags));
	emit(&pos, &popfq, 1);
	if (has_avx)
		emit_vector_moves(&pos, 0x10);
	emit_moves(&pos, 0x8b);
	insn_offset = pos;
	pos += INSN_MAX_LENGTH;
	emit_moves(&pos, 0x89);
	emit_absolute(&pos, load_rsp, &arena->stack_pointer);
	if (has_avx)
		emit_vector_moves(&pos, 0x11);
	emit(&pos, &pushfq, 1);
	emit(&pos, pop, sizeof(pop));
	emit(&pos, &flags, sizeof(flags));
	emit(&pos, epilogue, sizeof(epilogue));
}

static void set_up(void)
{
	unsigned int a, b, c, d;
	void *p = mmap(NULL, sizeof(*arena), PROT_READ | PROT_WRITE | PROT_EXEC,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);

	if (p == MAP_FAILED || syscall(SYS_arch_prctl, ARCH_SET_GS, GS_BASE)) {
		perror("the host's side of the emulator test");
		exit(1);
	}
	arena = p;
	has_avx = __builtin_cpu_supports("avx");
	if (__get_cpuid(1, &a, &b, &c, &d))
		has_movbe = c & bit_MOVBE;
	if (__get_cpuid_count(7, 0, &a, &b, &c, &d))
		has_movdiri = c & bit_MOVDIRI;
	build_stub();
}

/* One case: the same start for the host and the emulator. */
struct test_case {
	struct random_insn random;
	struct insn insn;
	struct cpu_regs regs;
	struct emul_segments segments;
	u8 window[WINDOW_SIZE]; /* the emulator's */
	u8 vector[VECTORS][EMUL_MAX_BYTES]; /* likewise */
	unsigned int retries; /* compare-exchanges that shall fail first */
};

/* Solve the address equation for the register with the free choice. */
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

/* Without a register, it is the displacement that is free. */
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
	return insn->op >= OP_MOV_VECTOR && insn->op <= OP_MASKMOVDQU;
}

static bool is_aligned(const struct insn *insn)
{
	return is_vector(insn) ? insn->vector & VECTOR_ALIGNED
			       : insn->memory_size == 16;
}

static bool in_window(gva_t gva, u64 size)
{
	return gva - address_of(arena->window) <= WINDOW_SIZE - size;
}

static void choose_string_operands(struct choices *choices, struct test_case *c)
{
	u64 middle = address_of(arena->window) + WINDOW_MIDDLE;
	u64 high = c->insn.address_size == 4 ? choose(choices) << 32 : 0;
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

/* Bring the memory operand into the window; false if it won't go. */
static bool aim(struct choices *choices, struct test_case *c)
{
	const struct insn_memory *mem = &c->insn.mem;
	u64 offset = address_of(arena->window) + WINDOW_MIDDLE +
		     choose_below(choices, 2 * TARGET_SPREAD) - TARGET_SPREAD;
	unsigned int i;
	gva_t gva;

	if (is_aligned(&c->insn))
		offset = ALIGN_DOWN(offset, c->insn.memory_size);
	offset -= c->segments.base[mem->segment];
	if (mem->base == INSN_NO_REG && mem->index == INSN_NO_REG)
		aim_by_displacement(c, offset);
	else
		aim_by_register(c, offset);
	insn_decode(&c->insn, c->random.bytes, INSN_MAX_LENGTH, INSN_MODE_64);
	/* The upper halves must not matter to 32-bit addresses. */
	for (i = RAX; c->insn.address_size == 4 && i < GPR_COUNT; i++)
		if (i != RSP && (mem->base == i || mem->index == i))
			c->regs.gpr[i] ^= choose(choices) << 32;

	gva = insn_memory_address(&c->insn, &c->regs, c->segments.base);
	if (!in_window(gva, c->insn.memory_size))
		return false;
	/* A locked access to two cache lines is punished by some kernels. */
	if ((c->insn.lock || c->insn.op == OP_XCHG) &&
	    gva % CACHE_LINE + c->insn.memory_size > CACHE_LINE)
		return false;
	return !is_aligned(&c->insn) || gva % c->insn.memory_size == 0;
}

/* Let half of the compare-exchanges succeed. */
static void choose_equal(struct choices *choices, struct test_case *c)
{
	u64 gva = insn_memory_address(&c->insn, &c->regs, c->segments.base);
	const u8 *operand = &arena->window[gva - address_of(arena->window)];
	u64 kept_high = choose(choices) << 32;

	/* Few divisions by random numbers have a quotient that fits. */
	if (c->insn.op == OP_DIV || c->insn.op == OP_IDIV)
		c->regs.gpr[RDX] = choose_below(choices, 3) - 1;
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

/* Not what the stub can't execute or restore, nor what UMIP may forbid. */
static bool is_executable(const struct test_case *c)
{
	const struct insn *insn = &c->insn;
	bool writes_reg = insn->dst == OPERAND_REG || insn->op == OP_XCHG ||
			  insn->op == OP_XADD;

	if (insn->op == OP_CALL || insn->op == OP_ENTER ||
	    (insn->op >= OP_SGDT && insn->op <= OP_SMSW) ||
	    (is_vector(insn) && !has_avx) ||
	    (insn->op == OP_MOVBE && !has_movbe) ||
	    (insn->op == OP_MOVDIRI && !has_movdiri))
		return false;
	/* The C library's thread data hang off FS. */
	return insn->mem.segment != SEG_FS &&
	       !(writes_reg && insn->reg == RSP && !insn->high_byte);
}

static u16 host_selector(enum segment segment)
{
	u16 selectors[SEG_COUNT];

	asm volatile("mov %%es, %0" : "=m"(selectors[SEG_ES]));
	asm volatile("mov %%cs, %0" : "=m"(selectors[SEG_CS]));
	asm volatile("mov %%ss, %0" : "=m"(selectors[SEG_SS]));
	asm volatile("mov %%ds, %0" : "=m"(selectors[SEG_DS]));
	asm volatile("mov %%fs, %0" : "=m"(selectors[SEG_FS]));
	asm volatile("mov %%gs, %0" : "=m"(selectors[SEG_GS]));
	return selectors[segment];
}

static bool choose_case(struct choices *choices, struct test_case *c)
{
	unsigned int i;

	choose_insn(choices, &c->random, INSN_MODE_64);
	if (insn_decode(&c->insn, c->random.bytes, INSN_MAX_LENGTH,
			INSN_MODE_64) != INSN_OK ||
	    !is_executable(c))
		return false;
	for (i = 0; i < sizeof(arena->window); i += sizeof(u64)) {
		u64 value = i % 64 ? choose(choices) : choose_operand(choices);

		memcpy(&arena->window[i], &value, sizeof(value));
	}
	for (i = 0; i < GPR_COUNT; i++)
		c->regs.gpr[i] = choose_operand(choices);
	c->regs.gpr[RSP] = address_of(arena->window) + WINDOW_MIDDLE;
	c->regs.rip = address_of(&arena->code[insn_offset]);
	/* IF, since PUSHF shows that the host has it set. */
	c->regs.rflags = (choose(choices) & RFLAGS_ARITH) | RFLAGS_FIXED |
			 RFLAGS_IF;
	c->segments.base[SEG_GS] = GS_BASE;
	for (i = 0; i < sizeof(c->vector); i++)
		((u8 *)c->vector)[i] = (u8)choose(choices);

	for (i = 0; i < SEG_COUNT; i++)
		c->segments.selector[i] = host_selector(i);
	if (c->insn.op >= OP_PUSH && c->insn.op <= OP_POP &&
	    c->insn.src != OPERAND_MEM && c->insn.dst != OPERAND_MEM)
		return true;
	if (c->insn.op >= OP_MOVS) {
		if (choose(choices) & 1)
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
	if (!aim(choices, c))
		return false;
	if (choose(choices) & 1)
		choose_equal(choices, c);
	return in_window(
		insn_memory_address(&c->insn, &c->regs, c->segments.base),
		c->insn.memory_size);
}

static void run_on_host(const struct test_case *c, struct cpu_regs *result)
{
	u8 *code = &arena->code[insn_offset];
	void (*stub)(void) = (void (*)(void))(uintptr_t)arena->code;

	memcpy(code, c->random.bytes, c->insn.length);
	memset(code + c->insn.length, 0x90, INSN_MAX_LENGTH - c->insn.length);
	memcpy(arena->gpr, c->regs.gpr, sizeof(arena->gpr));
	memcpy(arena->vector, c->vector, sizeof(arena->vector));
	arena->rflags = c->regs.rflags;
	stub();
	memcpy(result->gpr, arena->gpr, sizeof(arena->gpr));
	result->rflags = arena->rflags;
}

static enum emul_status read_window(void *ctx, gva_t gva, void *buf, size_t len)
{
	struct test_case *c = ctx;

	if (!in_window(gva, len))
		return EMUL_FAULT;
	memcpy(buf, &c->window[gva - address_of(arena->window)], len);
	return EMUL_OK;
}

static enum emul_status write_window(void *ctx, gva_t gva, const void *buf,
				     size_t len)
{
	struct test_case *c = ctx;

	if (!in_window(gva, len))
		return EMUL_FAULT;
	memcpy(&c->window[gva - address_of(arena->window)], buf, len);
	return EMUL_OK;
}

static enum emul_status probe_window(void *ctx, gva_t gva, size_t len)
{
	(void)ctx;
	return in_window(gva, len) ? EMUL_OK : EMUL_FAULT;
}

static enum emul_status cmpxchg_window(void *ctx, gva_t gva, const void *old,
				       const void *new, size_t len,
				       bool *swapped)
{
	struct test_case *c = ctx;

	if (!in_window(gva, len))
		return EMUL_FAULT;
	*swapped =
		!c->retries &&
		!memcmp(&c->window[gva - address_of(arena->window)], old, len);
	if (c->retries)
		c->retries--;
	return *swapped ? write_window(ctx, gva, new, len) : EMUL_OK;
}

static void read_vector(void *ctx, unsigned int number, void *buf, size_t len)
{
	const struct test_case *c = ctx;

	memcpy(buf, c->vector[number], len);
}

static void write_vector(void *ctx, unsigned int number, const void *buf,
			 size_t len, bool vex)
{
	struct test_case *c = ctx;

	if (vex)
		memset(c->vector[number], 0, sizeof(c->vector[number]));
	memcpy(c->vector[number], buf, len);
}

/* Of OP_FNSTCW and OP_FNSTSW alone: see is_executable(). */
static void read_state(void *ctx, enum insn_op op, void *buf)
{
	(void)ctx;
	if (op == OP_FNSTCW)
		asm volatile("fnstcw (%0)" : : "r"(buf) : "memory");
	else
		asm volatile("fnstsw (%0)" : : "r"(buf) : "memory");
}

static const struct emul_ops window_ops = {
	.read_state = read_state,
	.probe_write = probe_window,
	.read_vector = read_vector,
	.write_vector = write_vector,
	.read = read_window,
	.write = write_window,
	.read_for_write = read_window,
	.cmpxchg = cmpxchg_window,
};

/* The flags that the manual defines, SDM vol. 1, appendix A. */
static u64 defined_flags(enum insn_op op)
{
	u64 all = RFLAGS_ARITH | RFLAGS_DF;

	switch (op) {
	case OP_AND:
	case OP_OR:
	case OP_XOR:
	case OP_TEST:
		return all & ~RFLAGS_AF;
	case OP_BT:
	case OP_BTS:
	case OP_BTR:
	case OP_BTC:
		return RFLAGS_CF | RFLAGS_ZF | RFLAGS_DF;
	case OP_BSF:
	case OP_BSR:
		return RFLAGS_ZF | RFLAGS_DF;
	case OP_DIV:
	case OP_IDIV:
		return RFLAGS_DF;
	case OP_MUL:
	case OP_IMUL:
	case OP_IMUL_REG:
		return RFLAGS_CF | RFLAGS_OF | RFLAGS_DF;
	default:
		return all;
	}
}

static const char *find_difference(const struct test_case *c,
				   const struct cpu_regs *start,
				   const struct cpu_regs *host)
{
	if (memcmp(c->regs.gpr, host->gpr, sizeof(host->gpr)))
		return "registers";
	if ((c->regs.rflags ^ host->rflags) & defined_flags(c->insn.op))
		return "flags";
	if (c->regs.rip != start->rip + c->insn.length)
		return "RIP";
	if (has_avx && memcmp(c->vector, arena->vector, sizeof(c->vector)))
		return "vector registers";
	if (memcmp(c->window, arena->window, WINDOW_SIZE))
		return "memory";
	return NULL;
}

static void print_case(const struct test_case *c, const struct cpu_regs *start,
		       const struct cpu_regs *host, const char *difference)
{
	unsigned int i;

	fprintf(stderr, "the emulator differs from the host: %s\n", difference);
	for (i = 0; i < c->insn.length; i++)
		fprintf(stderr, " %02x", c->random.bytes[i]);
	fprintf(stderr, "\n%8s%17s%17s%17s\n", "", "before", "host",
		"emulator");
	for (i = 0; i < GPR_COUNT; i++)
		fprintf(stderr, "gpr %2u: %016llx %016llx %016llx\n", i,
			(unsigned long long)start->gpr[i],
			(unsigned long long)host->gpr[i],
			(unsigned long long)c->regs.gpr[i]);
	fprintf(stderr, "rflags: %016llx %016llx %016llx\n",
		(unsigned long long)start->rflags,
		(unsigned long long)host->rflags,
		(unsigned long long)c->regs.rflags);
}

enum comparison compare_with_host(struct choices *choices)
{
	struct test_case c, emulated;
	struct cpu_regs start, host;
	const char *difference;
	enum emul_status status;

	if (!arena)
		set_up();
	memset(&c, 0, sizeof(c));
	if (!choose_case(choices, &c))
		return COMPARISON_SKIPPED;
	start = c.regs;
	c.retries = (unsigned int)choose_below(choices, 3);
	memcpy(c.window, arena->window, WINDOW_SIZE);
	emulated = c;
	status = emulate(&c.insn, &emulated.regs, &c.segments, &window_ops,
			 &emulated);
	/* It would be a signal for us, if the emulator is right. */
	if (status == EMUL_DE)
		return COMPARISON_SKIPPED;
	run_on_host(&c, &host);
	difference = "status";
	if (status == EMUL_OK)
		difference = find_difference(&emulated, &start, &host);
	if (!difference)
		return COMPARISON_SAME;
	print_case(&emulated, &start, &host, difference);
	return COMPARISON_DIFFERENT;
}
