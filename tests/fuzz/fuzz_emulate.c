/* SPDX-License-Identifier: MIT */
/*
 * Fuzzes the emulator against the host's processor: the input makes the
 * choices of instruction, registers and memory.
 */
#include <stdlib.h>

#include "tests/unit/emulate_host.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	struct choices choices = { .state = 1, .data = data, .size = size };

	if (compare_with_host(&choices) == COMPARISON_DIFFERENT)
		abort();
	return 0;
}
