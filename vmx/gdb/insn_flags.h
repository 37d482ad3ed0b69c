/* SPDX-License-Identifier: MIT */
/*
 * Instructions to which RFLAGS.TF is visible, or that set it: a step by TF
 * treats them apart, so that the guest never sees gdb's TF. Pure.
 */
#ifndef VMX_GDB_INSN_FLAGS_H
#define VMX_GDB_INSN_FLAGS_H

#include "arch/x86/emulator/insn.h"

enum insn_flags {
	FLAGS_PLAIN,
	FLAGS_PUSHED, /* PUSHF */
	FLAGS_LOADED, /* POPF, IRET, SYSRET */
	FLAGS_INTERRUPT, /* INT n */
	FLAGS_SYSCALL
};

struct insn_flags_found {
	enum insn_flags kind;
	u8 vector, length; /* of INT n */
};

/* Looks at the instruction that begins with the @length bytes at @code. */
struct insn_flags_found insn_flags_find(const u8 *code, size_t length,
					enum insn_mode mode);

#endif
