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
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tests/unit/emulate_case.h"
#include "tests/unit/emulate_host.h"

struct arena *arena;
size_t insn_offset;
bool has_avx;

static void emit(size_t *pos, const void *bytes, size_t size)
{
	memcpy(&arena->code[*pos], bytes, size);
	*pos += size;
}

/* Emits an instruction with the address of @p as its 32-bit displacement. */
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
	void *p = mmap(NULL, sizeof(*arena), PROT_READ | PROT_WRITE | PROT_EXEC,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);

	if (p == MAP_FAILED || syscall(SYS_arch_prctl, ARCH_SET_GS, GS_BASE)) {
		perror("the host's side of the emulator test");
		exit(1);
	}
	arena = p;
	has_avx = __builtin_cpu_supports("avx");
	build_stub();
}
/*
 * Runs the stub with the timer's signal held back: the kernel would push the
 * signal's frame onto the stack of the instruction, in the memory that is
 * compared.
 */
static void run_stub(void)
{
	void (*stub)(void) = (void (*)(void))(uintptr_t)arena->code;
	sigset_t timer, before;

	sigemptyset(&timer);
	sigaddset(&timer, SIGALRM);
	sigprocmask(SIG_BLOCK, &timer, &before);
	stub();
	sigprocmask(SIG_SETMASK, &before, NULL);
}

static void run_on_host(const struct test_case *c, struct cpu_regs *result)
{
	u8 *code = &arena->code[insn_offset];

	memcpy(code, c->random.bytes, c->insn.length);
	memset(code + c->insn.length, 0x90, INSN_MAX_LENGTH - c->insn.length);
	memcpy(arena->gpr, c->regs.gpr, sizeof(arena->gpr));
	memcpy(arena->vector, c->vector, sizeof(arena->vector));
	arena->rflags = c->regs.rflags;
	run_stub();
	memcpy(result->gpr, arena->gpr, sizeof(arena->gpr));
	result->rflags = arena->rflags;
}

static void read_segment(void *ctx, enum segment segment,
			 struct segment_register *reg)
{
	const struct test_case *c = ctx;

	*reg = (struct segment_register){ .selector = c->selector[segment],
					  .base = c->base[segment] };
}

static bool translate(void *ctx, gva_t gva, bool write, gpa_t *gpa,
		      u32 *error_code)
{
	(void)ctx;
	(void)write;
	*error_code = 0;
	*gpa = gva;
	return is_in_window(gva, 1);
}

/* An operand that goes beyond the window is a difference. */
static void read_window(void *ctx, gpa_t gpa, void *buf, size_t len)
{
	struct test_case *c = ctx;

	if (is_in_window(gpa, len))
		memcpy(buf, &c->window[gpa - address_of(arena->window)], len);
}

static void write_window(void *ctx, gpa_t gpa, const void *buf, size_t len)
{
	struct test_case *c = ctx;

	if (is_in_window(gpa, len))
		memcpy(&c->window[gpa - address_of(arena->window)], buf, len);
}

static bool cmpxchg_window(void *ctx, gpa_t gpa, const void *old,
			   const void *new, size_t len)
{
	struct test_case *c = ctx;

	if (c->retries) {
		c->retries--;
		return false;
	}
	if (!is_in_window(gpa, len) ||
	    memcmp(&c->window[gpa - address_of(arena->window)], old, len))
		return false;
	write_window(ctx, gpa, new, len);
	return true;
}

static const struct linear_ops window_memory = {
	.read_segment = read_segment,
	.translate = translate,
	.read = read_window,
	.write = write_window,
	.cmpxchg = cmpxchg_window,
};

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

static const struct emul_ops window_ops = {
	.read_vector = read_vector,
	.write_vector = write_vector,
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

/*
 * Returns true if the answer of emul_is_store() or emul_is_load() differs from
 * what the instruction has done: @c is after it, @start before.
 */
static bool is_move_unlike(const struct test_case *c,
			   const struct cpu_regs *start, unsigned int size)
{
	gva_t gva = insn_memory_offset(&c->insn, start);
	struct cpu_regs regs = *start;
	u64 value, operand = 0;
	bool load;

	regs.gpr[RSP] = 0;
	if (emul_is_store(&c->insn, &regs, gva + size, size, &value) ||
	    emul_is_load(&c->insn, &regs, gva + size, size))
		return true;
	load = emul_is_load(&c->insn, &regs, gva, size);
	if (!load && !emul_is_store(&c->insn, &regs, gva, size, &value))
		return false;
	if (!is_in_window(gva, size))
		return true;
	/* The host has the right operand. */
	memcpy(&operand, &c->window[gva - address_of(arena->window)], size);
	if (load)
		regs.gpr[c->insn.reg] = value = operand;
	if (c->insn.op == OP_XCHG)
		regs.gpr[c->insn.reg] = c->regs.gpr[c->insn.reg];
	regs.gpr[RSP] = start->gpr[RSP];
	return memcmp(&operand, &value, size) ||
	       memcmp(c->regs.gpr, regs.gpr, sizeof(regs.gpr)) ||
	       c->regs.rflags != (start->rflags & ~RFLAGS_RF);
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
	struct linear memory;

	if (!arena)
		set_up();
	memset(&c, 0, sizeof(c));
	if (!choose_case(choices, &c))
		return COMPARISON_SKIPPED;
	start = c.regs;
	c.retries = (unsigned int)choose_below(choices, 3);
	memcpy(c.window, arena->window, WINDOW_SIZE);
	emulated = c;
	linear_begin(&memory, &window_memory, &emulated, true, c.retries);
	status = emulate(&c.insn, &emulated.regs, &memory, &window_ops,
			 &emulated);
	run_on_host(&c, &host);
	difference = "status";
	if (status == EMUL_OK)
		difference = find_difference(&emulated, &start, &host);
	if (!difference && (is_move_unlike(&emulated, &start, 4) ||
			    is_move_unlike(&emulated, &start, 8)))
		difference = "emul_is_store or emul_is_load";
	if (!difference)
		return COMPARISON_SAME;
	print_case(&emulated, &start, &host, difference);
	return COMPARISON_DIFFERENT;
}
