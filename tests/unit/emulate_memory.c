/* SPDX-License-Identifier: MIT */
/* The emulator on a memory of a test: see emulate_memory.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/emulate_memory.h"

struct memory memory;
struct cpu_regs regs;
struct segment_register segments[SEG_COUNT];
struct ports ports;
u8 vector[EMUL_MAX_BYTES]; /* each vector register is this one */

static struct linear *current; /* of the instruction under way */

static void read_segment(void *ctx, enum segment segment,
			 struct segment_register *reg)
{
	*reg = segments[segment];
}

static bool translate(void *ctx, gva_t gva, bool write, gpa_t *gpa,
		      u32 *error_code)
{
	struct memory *m = ctx;

	m->translations[write]++;
	if (gva >= m->unmapped_at) {
		*error_code = write ? PFEC_W : 0;
		return false;
	}
	*gpa = gva;
	return true;
}

static void memory_read(void *ctx, gpa_t gpa, void *buf, size_t len)
{
	struct memory *m = ctx;

	m->reads++;
	assert_true(gpa % PAGE_SIZE + len <= PAGE_SIZE);
	memcpy(buf, &m->bytes[gpa % MEMORY_SIZE], len);
}

static void memory_write(void *ctx, gpa_t gpa, const void *buf, size_t len)
{
	struct memory *m = ctx;

	if (++m->writes == m->released_at)
		current->released = true;
	assert_true(gpa % PAGE_SIZE + len <= PAGE_SIZE);
	memcpy(&m->bytes[gpa % MEMORY_SIZE], buf, len);
}

/* A failure is another processor that adds 1 in between. */
static bool memory_cmpxchg(void *ctx, gpa_t gpa, const void *old,
			   const void *new, size_t len)
{
	struct memory *m = ctx;

	m->cmpxchgs++;
	if (m->failures) {
		m->failures--;
		m->bytes[gpa]++;
	}
	if (memcmp(&m->bytes[gpa], old, len))
		return false;
	memcpy(&m->bytes[gpa], new, len);
	return true;
}

static const struct linear_ops linear_ops = {
	.read_segment = read_segment,
	.translate = translate,
	.read = memory_read,
	.write = memory_write,
	.cmpxchg = memory_cmpxchg,
};

void begin_linear(struct linear *m, bool long_mode)
{
	linear_begin(m, &linear_ops, &memory, long_mode, memory.keep_pages);
	m->checks_alignment = memory.checks_alignment;
	current = m;
}

static void read_vector(void *ctx, unsigned int number, void *buf, size_t len)
{
	memcpy(buf, vector, len);
}

static void write_vector(void *ctx, unsigned int number, const void *buf,
			 size_t len, bool vex)
{
	memcpy(vector, buf, len);
}

static u32 read_port(void *ctx, u16 port, unsigned int size)
{
	ports.last = port;
	ports.reads++;
	return PORT_VALUE + ports.reads;
}

static void write_port(void *ctx, u16 port, unsigned int size, u32 value)
{
	ports.last = port;
	ports.writes++;
	ports.value = value;
}

const struct emul_ops memory_ops = {
	.read_vector = read_vector,
	.write_vector = write_vector,
	.read_port = read_port,
	.write_port = write_port,
};

int set_up(void **state)
{
	unsigned int i;

	memset(&ports, 0, sizeof(ports));
	for (i = 0; i < SEG_COUNT; i++)
		segments[i] = (struct segment_register){
			.limit = BITS(31, 0),
			.rights = AR_P | AR_S | AR_WRITABLE | AR_DB,
		};
	memset(&memory, 0, sizeof(memory));
	memory.unmapped_at = MEMORY_SIZE;
	memset(&regs, 0, sizeof(regs));
	regs.rip = 0xffffffff81000000;
	regs.rflags = RFLAGS_FIXED;
	return 0;
}

int outcome(enum emul_status status, const struct linear *m)
{
	if (status != EMUL_FAULT || m->fault.vector == VECTOR_PF)
		return (int)status;
	assert_int_equal(m->fault.error_code, 0);
	return RAISES(m->fault.vector);
}

int run_in_mode(const u8 *bytes, size_t size, enum insn_mode mode)
{
	struct linear linear;
	struct insn insn;

	begin_linear(&linear, mode == INSN_MODE_64);
	assert_int_equal(insn_decode(&insn, bytes, size, mode), INSN_OK);
	assert_int_equal(insn.length, size);
	return outcome(emulate(&insn, &regs, &linear, &memory_ops, NULL),
		       &linear);
}
