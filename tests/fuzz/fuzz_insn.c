/* SPDX-License-Identifier: MIT */
/*
 * Fuzzes the instruction decoder against Zydis: the first byte chooses the
 * mode, the rest is the instruction.
 */
#include <stdio.h>
#include <stdlib.h>

#include "tests/unit/insn_zydis.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	const char *difference;
	bool accepted;

	if (size < 2)
		return 0;
	difference = compare_with_zydis(
		data + 1, MIN(size - 1, (size_t)INSN_MAX_LENGTH),
		(enum insn_mode)(data[0] % 3), &accepted);
	if (difference) {
		fprintf(stderr, "the decoder differs from Zydis: %s\n",
			difference);
		abort();
	}
	return 0;
}
