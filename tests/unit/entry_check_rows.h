/* SPDX-License-Identifier: MIT */
/* The words in which the rows of the manual's checks are written. */
#ifndef TESTS_UNIT_ENTRY_CHECK_ROWS_H
#define TESTS_UNIT_ENTRY_CHECK_ROWS_H

#include "arch/x86/regs.h"
#include "tests/unit/entry_checks.h"
#include "vmx/exit_qualification.h"

#define CHECK(number, f, words, ...)                                           \
	{                                                                      \
		.section = (number), .field = VMCS_##f, .text = (words),       \
		__VA_ARGS__                                                    \
	}
#define BY(...) .writes = { __VA_ARGS__ }
#define W(f, v)                                                                \
	{                                                                      \
		.field = VMCS_##f, .value = (v)                                \
	}
#define NEVER(number, words, control_set, name)                                \
	{                                                                      \
		.section = (number), .text = (words),                          \
		.set = CONTROLS_##control_set, .never = (name)                 \
	}
#define PAE .guest = DOCTOR_GUEST_PAE
#define V86 .guest = DOCTOR_GUEST_V86
#define EACH(bits) .registers = (bits)

#define VMCS_PIN VMCS_PIN_BASED_VM_EXECUTION_CONTROLS
#define VMCS_CPU VMCS_PRIMARY_PROCESSOR_BASED_VM_EXECUTION_CONTROLS
#define VMCS_CPU2 VMCS_SECONDARY_PROCESSOR_BASED_VM_EXECUTION_CONTROLS
#define VMCS_EVENT VMCS_VM_ENTRY_INTERRUPTION_INFORMATION
#define VMCS_BLOCKING VMCS_GUEST_INTERRUPTIBILITY_STATE
#define VMCS_PENDING VMCS_GUEST_PENDING_DEBUG_EXCEPTIONS
#define VMCS_AR VMCS_GUEST_ES_ACCESS_RIGHTS

#define NOT_CANONICAL 0x800000000000
#define BEYOND BIT(48)
#define VALID BIT(31)
#define CODED BIT(11)
#define GOOD_CR0 (CR0_PE | CR0_NE | CR0_WP | CR0_PG)
#define GOOD_CR4 (CR4_PAE | CR4_VMXE)
#define LONG (EFER_LME | EFER_LMA)
/* Rights of the good VMCS's segments, and the masks of registers. */
#define CODE64 0xa09b
#define DATA32 0xc093
#define SIX 0x3f
#define DATA_FOUR 0x39 /* ES, DS, FS, GS */

#endif
