/* SPDX-License-Identifier: MIT */
/*
 * The decoder's claims checked with Zydis, an independent one.
 */
#ifndef TESTS_UNIT_INSN_ZYDIS_H
#define TESTS_UNIT_INSN_ZYDIS_H

#include "arch/x86/emulator/insn.h"

/*
 * Decode @bytes (@size of them, 1 to INSN_MAX_LENGTH) with both. What ours
 * accepts must be the same to Zydis in every operand, and truncated at each
 * shorter length; what Zydis takes for one of our instructions with a memory
 * operand, ours must accept. Returns what differs, or NULL. @accepted: did ours
 * accept it?
 */
const char *compare_with_zydis(const u8 *bytes, size_t size,
			       enum insn_mode mode, bool *accepted);

#endif
