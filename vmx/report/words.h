/* SPDX-License-Identifier: MIT */
/* The processor's numbers in the manual's words, for dumps and traces. Pure. */
#ifndef VMX_REPORT_WORDS_H
#define VMX_REPORT_WORDS_H

#include "lib/types.h"
#include "vmx/exit_reasons.h"

/* Long enough for any text that these functions write, NUL included. */
#define WORDS_MAX 160

/* Returns the manual's words for an exit reason. */
const char *vmx_exit_name(enum vmx_exit_reason reason);

/* Returns the text of a VM-instruction error, SDM vol. 3C, table 30-1. */
const char *vmx_instruction_error_text(u32 number);

/* Each writes to @buf, WORDS_MAX bytes, and returns it. */

/* The names of the bits that are set, each after a blank. */
const char *words_for_cr0(char *buf, u64 value);
const char *words_for_cr4(char *buf, u64 value);
const char *words_for_efer(char *buf, u64 value);
const char *words_for_rflags(char *buf, u64 value);
const char *words_for_interruptibility(char *buf, u64 value);

/* A page fault's error code: the access, and the cause of the fault. */
const char *words_for_page_fault(char *buf, u32 error_code);

/* Interruption or IDT-vectoring information; "none" if it is not valid. */
const char *words_for_event(char *buf, u32 info, u32 error_code);

/* A segment's access rights. */
const char *words_for_rights(char *buf, u32 rights);

/*
 * Writes the meaning of an exit's qualification, or of an exception's
 * information and error code; "" if there is none.
 */
const char *words_for_exit(char *buf, enum vmx_exit_reason reason,
			   u64 qualification, u32 info, u32 error_code);

#endif
