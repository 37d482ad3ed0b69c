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
	const u8 *data; /* used before the generator; may be NULL */
	size_t size;
};

/* Returns a random number of 64 bits. */
u64 choose_value(struct choices *choices);
/* Returns a random number of 0 to @count - 1. */
u64 choose_below(struct choices *choices, u64 count);
/* Returns a number that finds bugs: near 0, signs, powers of two. */
u64 choose_operand(struct choices *choices);

struct random_insn {
	u8 bytes[INSN_MAX_LENGTH];
	size_t opcode; /* offset of the opcode's last byte */
};

/* Makes bytes that are likely to be an instruction for the decoder. */
void choose_insn(struct choices *choices, struct random_insn *out,
		 enum insn_mode mode);

/*
 * Returns the linear address of the memory operand of @insn, before it is
 * carried out, with flat segments of these bases.
 */
gva_t operand_address(const struct insn *insn, const struct cpu_regs *regs,
		      const u64 base[SEG_COUNT]);

#endif
