/* SPDX-License-Identifier: MIT */
/* The emulator on a memory of a test: see emulate_memory.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/emulate_memory.h"

struct memory memory;
struct cpu_regs regs;
struct emul_segments segments;
u8 vector[EMUL_MAX_BYTES]; /* each vector register is this one */

static bool refuses(const struct memory *m, gva_t gva, size_t len)
{
	return gva + len > m->fault_at || gva + len > MEMORY_SIZE;
}

static enum emul_status memory_read(void *ctx, gva_t gva, void *buf, size_t len)
{
	struct memory *m = ctx;

	m->reads++;
	if (refuses(m, gva, len))
		return m->refusal;
	memcpy(buf, &m->bytes[gva], len);
	return EMUL_OK;
}

static enum emul_status memory_write(void *ctx, gva_t gva, const void *buf,
				     size_t len)
{
	struct memory *m = ctx;

	m->writes++;
	if (refuses(m, gva, len))
		return m->refusal;
	memcpy(&m->bytes[gva], buf, len);
	return EMUL_OK;
}

static enum emul_status memory_read_for_write(void *ctx, gva_t gva, void *buf,
					      size_t len)
{
	struct memory *m = ctx;

	m->reads_for_write++;
	if (refuses(m, gva, len))
		return m->refusal;
	memcpy(buf, &m->bytes[gva], len);
	return EMUL_OK;
}

static enum emul_status memory_probe_write(void *ctx, gva_t gva, size_t len)
{
	struct memory *m = ctx;

	m->probes++;
	return refuses(m, gva, len) ? m->refusal : EMUL_OK;
}

/* A failure is another processor that adds 1 in between. */
static enum emul_status memory_cmpxchg(void *ctx, gva_t gva, const void *old,
				       const void *new, size_t len,
				       bool *swapped)
{
	struct memory *m = ctx;

	m->cmpxchgs++;
	if (refuses(m, gva, len))
		return m->refusal;
	if (m->failures) {
		m->failures--;
		m->bytes[gva]++;
	}
	*swapped = !memcmp(&m->bytes[gva], old, len);
	if (*swapped)
		memcpy(&m->bytes[gva], new, len);
	return EMUL_OK;
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

/* Each register is known by its number. */
static void read_state(void *ctx, enum insn_op op, void *buf)
{
	memset(buf, (int)op, STATE_BYTES);
}

const struct emul_ops memory_ops = {
	.read_state = read_state,
	.read_vector = read_vector,
	.write_vector = write_vector,
	.read = memory_read,
	.write = memory_write,
	.read_for_write = memory_read_for_write,
	.probe_write = memory_probe_write,
	.cmpxchg = memory_cmpxchg,
};

int set_up(void **state)
{
	unsigned int i;

	memset(&segments, 0, sizeof(segments));
	for (i = 0; i < SEG_COUNT; i++) {
		segments.limit[i] = BITS(31, 0);
		segments.rights[i] = AR_P | AR_S | AR_WRITABLE | AR_DB;
	}
	memset(&memory, 0, sizeof(memory));
	memory.fault_at = MEMORY_SIZE;
	memory.refusal = EMUL_FAULT;
	memset(&regs, 0, sizeof(regs));
	regs.rip = 0xffffffff81000000;
	regs.rflags = RFLAGS_FIXED;
	return 0;
}

enum emul_status run_in_mode(const u8 *bytes, size_t size, enum insn_mode mode)
{
	struct insn insn;

	assert_int_equal(insn_decode(&insn, bytes, size, mode), INSN_OK);
	assert_int_equal(insn.length, size);
	return emulate(&insn, &regs, &segments, &memory_ops, &memory);
}
