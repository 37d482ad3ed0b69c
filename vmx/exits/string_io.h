/* SPDX-License-Identifier: MIT */
/*
 * INS and OUTS by the fields of their exit: the instruction for the emulator.
 * Pure.
 */
#ifndef VMX_STRING_IO_H
#define VMX_STRING_IO_H

#include "arch/x86/emulator/insn.h"

/*
 * Returns the instruction behind an exit: its @qualification (SDM vol. 3C,
 * table 27-5), instruction information (@info, table 27-8) and @length, in code
 * of @mode.
 */
struct insn string_io_insn(u64 qualification, u32 info, u32 length,
			   enum insn_mode mode);

#endif
