/* SPDX-License-Identifier: MIT */
/*
 * The decoder's claims checked with Zydis, an independent one.
 */
#ifndef TESTS_UNIT_INSN_ZYDIS_H
#define TESTS_UNIT_INSN_ZYDIS_H

#include "arch/x86/emulator/insn.h"

/*
 * Decodes @bytes (@size of them, 1 to INSN_MAX_LENGTH) with both. If our
 * decoder accepts them, Zydis must see the same instruction in every operand,
 * and ours must call each shorter length truncated. If Zydis sees one of our
 * instructions with a memory operand, ours must accept it. Returns the
 * difference, or NULL. *@accepted: ours has accepted them.
 */
const char *compare_with_zydis(const u8 *bytes, size_t size,
			       enum insn_mode mode, bool *accepted);

#endif
