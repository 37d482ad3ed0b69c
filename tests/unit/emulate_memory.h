/* SPDX-License-Identifier: MIT */
/* A memory that logs how the emulator reaches it, and fails on demand. */
#ifndef TESTS_UNIT_EMULATE_MEMORY_H
#define TESTS_UNIT_EMULATE_MEMORY_H

#include "arch/x86/emulator/emulate.h"

#define MEMORY_SIZE (4 * PAGE_SIZE)

struct memory {
	u8 bytes[MEMORY_SIZE];
	gva_t unmapped_at; /* from here on no address is mapped */
	bool keep_pages;
	bool checks_alignment;
	unsigned int translations[2]; /* for reads, for writes */
	unsigned int reads, writes, cmpxchgs;
	unsigned int released_at; /* number of the write that releases a REP */
	unsigned int failures; /* number of compare-exchanges that fail next */
};

/* The first read gives one more, the second two, and so on. */
#define PORT_VALUE 0xa0b0c0d0

struct ports {
	unsigned int reads, writes;
	u16 last;
	u32 value; /* the last one written */
};

extern const struct emul_ops memory_ops;
extern struct memory memory;
extern struct cpu_regs regs;
extern struct segment_register segments[SEG_COUNT];
extern struct ports ports;
extern u8 vector[EMUL_MAX_BYTES]; /* each vector register is this one */

/* Called before each test: memory of zeros, flat segments, RIP in a kernel. */
int set_up(void **state);
/* Begins one instruction on this memory. */
void begin_linear(struct linear *m, bool long_mode);
/* The outcome EMUL_FAULT with an exception that is no page fault. */
#define RAISES(vector) (0x100 + (int)(vector))
int outcome(enum emul_status status, const struct linear *m);
/* Decodes and emulates these @size bytes; returns the outcome. */
int run_in_mode(const u8 *bytes, size_t size, enum insn_mode mode);

#define RUN(...)                                                               \
	run_in_mode((const u8[]){ __VA_ARGS__ },                               \
		    sizeof((const u8[]){ __VA_ARGS__ }), INSN_MODE_64)

#endif
