/* SPDX-License-Identifier: MIT */
/* Instructions as text, in the manual's order: MOV QWORD [RDI], RAX. Pure. */
#ifndef VMX_REPORT_INSN_TEXT_H
#define VMX_REPORT_INSN_TEXT_H

#include "arch/x86/emulator/insn.h"

#define INSN_TEXT_MAX 80 /* Maximum size of a text, with the NUL */

/*
 * Writes the instruction at @bytes to @text; @available bytes may be read.
 * Returns its length in bytes. If the decoder declines it, writes its first
 * bytes and returns 0.
 */
size_t insn_text(char text[INSN_TEXT_MAX], const u8 *bytes, size_t available,
		 enum insn_mode mode);

#endif
