/* SPDX-License-Identifier: MIT */
/*
 * The emulator compared with the processor that the test runs on: one random
 * instruction is executed by both, from the same registers and memory.
 */
#ifndef TESTS_UNIT_EMULATE_HOST_H
#define TESTS_UNIT_EMULATE_HOST_H

#include "tests/unit/insn_random.h"

enum comparison {
	COMPARISON_SAME,
	COMPARISON_DIFFERENT, /* details are on stderr */
	COMPARISON_SKIPPED /* the choices make no case that can be executed */
};

enum comparison compare_with_host(struct choices *choices);

#endif
