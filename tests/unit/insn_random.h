/* SPDX-License-Identifier: MIT */
/*
 * Random instructions for the tests and fuzzers of the decoder and the
 * emulator. Choices come from a seed, or first from a fuzzer's input.
 */
#ifndef TESTS_UNIT_INSN_RANDOM_H
#define TESTS_UNIT_INSN_RANDOM_H

#include "arch/x86/emulator/insn.h"
#include "lib/types.h"

struct choices {
	u64 state; /* of the generator; not 0 */
	const u8 *data; /* used up before the generator is; may be NULL */
	size_t size;
};

/* Any of the 64-bit numbers. */
u64 choose(struct choices *choices);
/* One of 0 to @count - 1. */
u64 choose_below(struct choices *choices, u64 count);
/* A number of the sort that finds bugs: around 0, signs, powers of two. */
u64 choose_operand(struct choices *choices);

struct random_insn {
	u8 bytes[INSN_MAX_LENGTH];
	size_t opcode; /* where the opcode's last byte is */
};

/* Bytes that are likely to be an instruction the decoder takes. */
void choose_insn(struct choices *choices, struct random_insn *out,
		 enum insn_mode mode);

/*
 * The linear address of the memory operand of @insn, before it is carried out,
 * with flat segments of these bases.
 */
gva_t operand_address(const struct insn *insn, const struct cpu_regs *regs,
		      const u64 base[SEG_COUNT]);

#endif
